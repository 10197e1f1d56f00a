import type { Scope } from '../../src/core/identity/api-client.ts';

/**
 * What every operation of the API may be done with (ADM-1): the oracle, written by hand. An operation that is not here
 * fails the test, as does one whose scopes are others.
 */
export const AUTHORISATION: Readonly<Record<string, readonly Scope[]>> = {
  verify: ['verify'],
  createChallenge: ['verify'],
  getChallenge: ['verify'],
  answerChallenge: ['verify'],
  resendChallenge: ['verify'],
  cancelChallenge: ['verify'],
  createTransaction: ['transactions'],
  getTransaction: ['transactions'],
  verifyTransaction: ['transactions'],
  cancelTransaction: ['transactions'],
  getEvidence: ['transactions'],
  listUsers: ['users:read'],
  getUser: ['users:read'],
  createUser: ['users:write'],
  changeUser: ['users:write'],
  deleteUser: ['users:write'],
  suspendUser: ['users:write'],
  resumeUser: ['users:write'],
  unlockUser: ['users:write'],
  createTemporaryCode: ['users:write'],
  createRecoveryCodes: ['users:write'],
  listGroups: ['users:read'],
  listTokens: ['tokens:read'],
  getToken: ['tokens:read'],
  createToken: ['tokens:write'],
  changeToken: ['tokens:write'],
  deleteToken: ['tokens:write'],
  suspendToken: ['tokens:write'],
  resumeToken: ['tokens:write'],
  revokeToken: ['tokens:write'],
  resyncToken: ['tokens:write'],
  testToken: ['tokens:write'],
  issueServerCode: ['tokens:issue'],
  listSessions: ['sessions:read'],
  getSession: ['sessions:read'],
  endSession: ['sessions:write'],
  endSessionsOf: ['sessions:write'],
  listAudit: ['audit:read'],
  verifyAudit: ['audit:read'],
  readStats: ['stats:read'],
  importUsers: ['imports'],
  importTokens: ['imports'],
  readPolicy: ['policy:read'],
  checkPolicy: ['policy:read'],
  simulatePolicy: ['policy:read'],
  noteReceipt: ['sms:receipts'],
  listClients: ['clients:read'],
  addClient: ['clients:write'],
  rotateClient: ['clients:write'],
  revokeClient: ['clients:write'],
};

/** Operations that any key may call. */
export const ANY_KEY: readonly string[] = ['me'];

/** Operations whose body names an application: a key that is bound to another is refused. */
export const NAMES_APP: readonly string[] = [
  'verify',
  'createChallenge',
  'answerChallenge',
  'createTransaction',
  'addClient',
];

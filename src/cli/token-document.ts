import type { Account, Authenticator } from '../core/identity/account.ts';
import { moment } from './time.ts';

/** A token as data. The secret is not part of it and cannot be read back. */
export const tokenDocument = (token: Authenticator, owner: Account) => ({
  id: token.id,
  login: owner.login,
  kind: token.kind,
  label: token.label,
  algorithm: token.algorithm,
  digits: token.digits,
  period: token.period,
  status: token.status,
  drift: token.drift,
  createdAt: moment(token.createdAt),
  lastUsedAt: token.lastUsedAt === undefined ? null : moment(token.lastUsedAt),
});

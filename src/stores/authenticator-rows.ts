import type { Selectable } from 'kysely';
import type { Authenticator, AuthenticatorKind } from '../core/identity/account.ts';
import type { BoundAuthenticator } from '../ports.ts';
import type { StoreContext } from './context.ts';
import { type DataKeys, seedContext } from './data-keys.ts';
import type { AuthenticatorTable } from './schema.ts';

export type AuthenticatorRow = Selectable<AuthenticatorTable>;

/** A suite that takes whatever may be asked of the decoy. */
const DECOY_SUITE = 'OCRA-1:HOTP-SHA256-6:C-QH64';

/**
 * Where a moving factor begins: time step 0 could be accepted by a TOTP authenticator; the next counter of a new HOTP
 * one is 0 (RFC 4226 §5.1); the first code that the server issues has counter 1.
 */
export const FIRST_FACTOR: Readonly<Record<AuthenticatorKind, number>> = { totp: -1, hotp: 0, server: 0, ocra: 0 };

/** A row without its seed. */
export const authenticatorOf = (row: AuthenticatorRow): Authenticator => ({
  id: row.id,
  accountId: row.account_id,
  kind: row.kind,
  label: row.label,
  algorithm: row.algorithm,
  digits: row.digits,
  period: row.period,
  suite: row.suite,
  serial: row.serial,
  movingFactor: row.moving_factor,
  drift: row.drift,
  status: row.status,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at ?? undefined,
});

/** Opens the seeds of rows. Throws if one cannot be opened. */
export function bindRows(
  context: StoreContext,
  keys: DataKeys,
  rows: readonly AuthenticatorRow[],
): readonly BoundAuthenticator[] {
  if (rows.length === 0) return [];
  const { sealer } = keys.current(context.reader);
  return rows.map((row) => bound(context, authenticatorOf(row), sealer.open(row.seed, seedContext(row.id))));
}

function bound({ vault }: StoreContext, authenticator: Authenticator, seed: Uint8Array): BoundAuthenticator {
  const { suite } = authenticator;
  return {
    ...authenticator,
    codeAt: vault.bindCode(seed, authenticator),
    respond:
      suite === ''
        ? () => {
            throw new RangeError('this authenticator answers no questions');
          }
        : vault.bindResponse(seed, suite),
  };
}

/** Its seed is random and forgotten with the process, so nobody can ever answer for it. */
export const makeDecoy = (context: StoreContext): BoundAuthenticator =>
  bound(
    context,
    {
      id: '',
      accountId: '',
      kind: 'totp',
      label: '',
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
      suite: DECOY_SUITE,
      serial: '',
      movingFactor: -1,
      drift: 0,
      status: 'active',
      createdAt: 0,
      lastUsedAt: undefined,
    },
    context.random.bytes(32),
  );

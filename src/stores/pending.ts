import { type Factor, isFactor } from '../core/identity/factors.ts';
import type { PendingVerification } from '../core/verification/challenge.ts';
import type { PendingStore } from '../ports.ts';
import type { StoreContext } from './context.ts';
import type { PendingTable } from './schema-otp.ts';

/** Verifications that wait for more. They are begun, advanced and spent by state changes. */
export function createPending(context: StoreContext): PendingStore {
  const open = context.reader.prepare<[string, number], PendingTable>(
    'SELECT * FROM pending_verification WHERE id = ? AND spent_at IS NULL AND expires_at > ?',
  );
  return { find: async (id, now) => open.all(id, now).map(pendingOf)[0] };
}

/** A verification as its row. */
export const rowOfPending = (pending: PendingVerification): PendingTable => ({
  id: pending.id,
  bound_to: pending.boundTo,
  app: pending.app,
  login: pending.login,
  account_id: pending.accountId ?? null,
  need: pending.need.join(','),
  proofs: JSON.stringify(pending.proofs),
  remaining: pending.remaining.join(','),
  challenge_id: pending.challengeId ?? null,
  created_at: pending.createdAt,
  expires_at: pending.expiresAt,
  spent_at: null,
});

const pendingOf = (row: PendingTable): PendingVerification => ({
  id: row.id,
  boundTo: row.bound_to,
  app: row.app,
  login: row.login,
  accountId: row.account_id ?? undefined,
  need: factorsOf(row.need),
  proofs: JSON.parse(row.proofs),
  remaining: factorsOf(row.remaining),
  challengeId: row.challenge_id ?? undefined,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

const factorsOf = (words: string): readonly Factor[] =>
  words.split(',').filter((word): word is Factor => isFactor(word));

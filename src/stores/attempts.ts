import type { Kysely } from 'kysely';
import {
  type AttemptKey,
  type AttemptLimits,
  type Attempts,
  HARD_STOP,
  NO_ATTEMPTS,
  type Reservation,
  releaseAttempt,
  reserveAttempt,
} from '../core/verification/throttle.ts';
import type { AttemptStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { Tables } from './schema.ts';

/** Counters of attempts. Login names are stored as a keyed digest only: most of them are typing errors or guesses. */
export function createAttempts(context: StoreContext): AttemptStore {
  return {
    reserve: (key, limits, now) => reserve(context, key, limits, now),
    release: (key, limits) => release(context, key, limits),
    unlock: async (accountId, foldedLogin, event) => {
      await transact<void>(context, async ({ trx, audit }) => {
        await trx.deleteFrom('attempt').where('login_hash', '=', loginHash(context, foldedLogin)).execute();
        await audit({ ...event, detail: { ...event.detail, account: accountId } });
      });
    },
    lockedUntil: (foldedLogin, now) => lockedUntil(context, foldedLogin, now),
  };
}

/** The key of one bucket in the table. */
export const keyHash = (context: Pick<StoreContext, 'vault'>, key: AttemptKey): string =>
  context.vault.mac('attempt', JSON.stringify([key.login, key.browser]));

const loginHash = (context: StoreContext, foldedLogin: string): string =>
  context.vault.mac('attempt', JSON.stringify([foldedLogin]));

async function reserve(
  context: StoreContext,
  key: AttemptKey,
  limits: AttemptLimits,
  now: number,
): Promise<Reservation> {
  return transact<Reservation>(context, async ({ trx, refuse }) => {
    const hash = keyHash(context, key);
    const { reservation, attempts } = reserveAttempt(await readAttempts(trx, hash), limits, now);
    if (reservation.kind === 'locked') refuse(reservation);
    const columns = { ...rowOf(attempts), touched_at: now };
    await trx
      .insertInto('attempt')
      .values({ key_hash: hash, login_hash: loginHash(context, key.login), ...columns })
      .onConflict((conflict) => conflict.column('key_hash').doUpdateSet(columns))
      .execute();
    return reservation;
  });
}

async function release(context: StoreContext, key: AttemptKey, limits: AttemptLimits): Promise<void> {
  await transact<void>(context, async ({ trx }) => {
    const hash = keyHash(context, key);
    const released = releaseAttempt(await readAttempts(trx, hash), limits);
    await trx.updateTable('attempt').set(rowOf(released)).where('key_hash', '=', hash).execute();
  });
}

async function lockedUntil(context: StoreContext, foldedLogin: string, now: number): Promise<number | undefined> {
  const rows = await context.db
    .selectFrom('attempt')
    .select(['locked_until', 'total'])
    .where('login_hash', '=', loginHash(context, foldedLogin))
    .execute();
  const ends = rows.map((row) => (row.total >= HARD_STOP ? Number.MAX_SAFE_INTEGER : row.locked_until));
  const latest = Math.max(0, ...ends);
  return latest > now ? latest : undefined;
}

async function readAttempts(db: Kysely<Tables>, hash: string): Promise<Attempts> {
  const row = await db.selectFrom('attempt').selectAll().where('key_hash', '=', hash).executeTakeFirst();
  if (row === undefined) return NO_ATTEMPTS;
  return { failures: row.failures, level: row.level, total: row.total, lockedUntil: row.locked_until };
}

const rowOf = (attempts: Attempts) => ({
  failures: attempts.failures,
  level: attempts.level,
  total: attempts.total,
  locked_until: attempts.lockedUntil,
});

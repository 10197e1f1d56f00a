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

type Row = { failures: number; level: number; total: number; locked_until: number };

/** Counters of attempts. Login names are stored as a keyed digest only: most of them are typing errors or guesses. */
export function createAttempts(context: StoreContext): AttemptStore {
  const { writer, reader } = context;
  const read = writer.prepare<[string], Row>(
    'SELECT failures, level, total, locked_until FROM attempt WHERE key_hash = ?',
  );
  const write = writer.prepare(`
    INSERT INTO attempt (key_hash, login_hash, failures, level, total, locked_until, touched_at)
    VALUES (:hash, :login, :failures, :level, :total, :lockedUntil, :now)
    ON CONFLICT (key_hash) DO UPDATE SET failures = excluded.failures, level = excluded.level, total = excluded.total,
      locked_until = excluded.locked_until, touched_at = excluded.touched_at`);
  const takeBack = writer.prepare(`
    UPDATE attempt SET failures = :failures, level = :level, total = :total, locked_until = :lockedUntil
    WHERE key_hash = :hash`);
  const locks = reader.prepare<[string], Row>('SELECT locked_until, total FROM attempt WHERE login_hash = ?');
  const attemptsOf = (hash: string): Attempts => {
    const row = read.get(hash);
    if (row === undefined) return NO_ATTEMPTS;
    return { failures: row.failures, level: row.level, total: row.total, lockedUntil: row.locked_until };
  };
  return {
    reserve: (key, limits, now) => {
      const hash = keyHash(context, key);
      const login = loginHash(context, key.login);
      return transact<Reservation>(context, async () => {
        const { reservation, attempts } = reserveAttempt(attemptsOf(hash), limits, now);
        if (reservation.kind === 'reserved') write.run({ hash, login, ...attempts, now });
        return reservation;
      });
    },
    release: (key: AttemptKey, limits: AttemptLimits) => {
      const hash = keyHash(context, key);
      return transact<void>(context, async () => {
        takeBack.run({ hash, ...releaseAttempt(attemptsOf(hash), limits) });
      });
    },
    unlock: (accountId, foldedLogin, event) =>
      transact<void>(context, async ({ trx, audit }) => {
        await trx.deleteFrom('attempt').where('login_hash', '=', loginHash(context, foldedLogin)).execute();
        await audit({ ...event, detail: { ...event.detail, account: accountId } });
      }),
    lockedUntil: async (foldedLogin, now) => {
      const rows = locks.all(loginHash(context, foldedLogin));
      const ends = rows.map((row) => (row.total >= HARD_STOP ? Number.MAX_SAFE_INTEGER : row.locked_until));
      const latest = Math.max(0, ...ends);
      return latest > now ? latest : undefined;
    },
  };
}

/** The key of one bucket in the table. */
export const keyHash = (context: Pick<StoreContext, 'vault'>, key: AttemptKey): string =>
  context.vault.mac('attempt', JSON.stringify([key.login, key.browser]));

const loginHash = (context: StoreContext, foldedLogin: string): string =>
  context.vault.mac('attempt', JSON.stringify([foldedLogin]));

import type SqliteDatabase from 'better-sqlite3';
import { DAY, type Instant, type Milliseconds } from '../core/time.ts';
import type { MessageLimits } from '../ports.ts';

/** Whom a message counts for. */
export type Counted = { readonly numberDigest: string; readonly accountId: string; readonly address: string };

/** The moment until which a message would be one too many; undefined where it keeps every limit. */
export type CheckLimits = (counted: Counted, limits: MessageLimits, now: Instant) => Instant | undefined;

/** Counts on the writing connection, so that what is counted and what is then written cannot drift apart. */
export function prepareLimits(writer: SqliteDatabase.Database): CheckLimits {
  const nth = (condition: string) =>
    writer
      .prepare<[{ key: string; since: number; skip: number }], number>(
        `SELECT created_at FROM message WHERE ${condition} AND created_at > :since
         ORDER BY created_at DESC LIMIT 1 OFFSET :skip`,
      )
      .pluck();
  const byNumber = nth('number_digest = :key');
  const byAccount = nth('account_id = :key');
  const byAddress = nth('address = :key');
  // What was never going to be sent costs nothing.
  const byAll = nth(`state <> 'none' AND :key = ''`);
  return ({ numberDigest, accountId, address }, limits, now) => {
    const fullUntil = (statement: typeof byAll, key: string, count: number, per: Milliseconds): Instant => {
      if (count <= 0) return now + per;
      const oldest = statement.get({ key, since: now - per, skip: count - 1 });
      return oldest === undefined ? 0 : oldest + per;
    };
    const { perNumber, perUser, perAddress } = limits;
    const until = Math.max(
      fullUntil(byNumber, numberDigest, perNumber.count, perNumber.per),
      fullUntil(byNumber, numberDigest, limits.perDay, DAY),
      fullUntil(byAccount, accountId, perUser.count, perUser.per),
      address === '' ? 0 : fullUntil(byAddress, address, perAddress.count, perAddress.per),
      fullUntil(byAll, '', limits.budget, DAY),
    );
    return until === 0 ? undefined : until;
  };
}

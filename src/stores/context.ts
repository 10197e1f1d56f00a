import type SqliteDatabase from 'better-sqlite3';
import { encodeUlid } from '../core/request-number.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock, Log, Random, Vault } from '../ports.ts';
import type { AuditHead } from './audit-head.ts';
import type { ChangeBus } from './changes.ts';
import type { Commits, Work } from './commits.ts';
import type { OpenDatabase } from './database.ts';

/** What every store is made of. */
export type StoreContext = OpenDatabase & {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly head: AuditHead;
  readonly changes: ChangeBus;
  readonly commits: Commits;
  /** How far the clock may lie behind the newest audit record before nothing is verified any more. */
  readonly clockTolerance: Milliseconds;
};

/**
 * Thrown by commits of a verification while the clock lies further behind the newest audit record than the policy
 * tolerates: time steps that were accepted could come back (RFC 6238 §5.2). It ends by itself when time catches up.
 */
export class ClockWentBack extends Error {
  override readonly name = 'ClockWentBack';
}

/**
 * Runs work in one immediate transaction: all of it or nothing. What it answers is on disk by then. Works that wait at
 * the same time share a commit, each still all or nothing by itself.
 */
export const transact = <T>(context: Pick<StoreContext, 'commits'>, work: (work: Work<T>) => Promise<T>): Promise<T> =>
  context.commits.run(work);

/** Makes the check that throws `ClockWentBack` where the clock lies behind what the audit trail has seen. */
export function prepareClockCheck(context: StoreContext): () => void {
  const latest = context.writer.prepare<[], number | null>('SELECT max(at) FROM audit').pluck();
  return () => {
    const newest = latest.get() ?? 0;
    const now = context.clock.now();
    if (now + context.clockTolerance >= newest) return;
    context.log.error('clock.went-back', { now, newest });
    throw new ClockWentBack('the clock lies behind the audit trail; verification stops until it has caught up');
  };
}

/** A new identifier that sorts by time. */
export const newId = (context: Pick<StoreContext, 'clock' | 'random'>): string =>
  encodeUlid(context.clock.now(), context.random.bytes(10));

/** True if a conditional write met its condition for exactly one row. */
export const isOne = (result: { readonly numUpdatedRows?: bigint; readonly numDeletedRows?: bigint }): boolean =>
  (result.numUpdatedRows ?? result.numDeletedRows ?? 0n) === 1n;

/** `isOne` of a prepared statement. */
export const isOneRow = (result: SqliteDatabase.RunResult): boolean => result.changes === 1;

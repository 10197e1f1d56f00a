import type { Kysely, Transaction } from 'kysely';
import type { AuditEvent } from '../core/audit.ts';
import { encodeUlid } from '../core/request-number.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock, Log, Random, Vault } from '../ports.ts';
import { type ChainEnd, chainRecord, EMPTY_CHAIN, rowOf } from './audit-chain.ts';
import type { AuditHead } from './audit-head.ts';
import type { ChangeBus } from './changes.ts';
import type { OpenDatabase } from './database.ts';
import type { Tables } from './schema.ts';

/** What every store is made of. */
export type StoreContext = OpenDatabase & {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly head: AuditHead;
  readonly changes: ChangeBus;
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

/** A transaction under way. `audit` appends to the chain in it; `refuse` rolls all of it back and answers. */
export type Work<T> = {
  readonly trx: Transaction<Tables>;
  audit(event: AuditEvent): Promise<void>;
  refuse(answer: T): never;
};

/** Runs work in one immediate transaction: all of it or nothing. What it answers is on disk by then. */
export async function transact<T>(context: StoreContext, work: (work: Work<T>) => Promise<T>): Promise<T> {
  const refusal: { answer?: { readonly value: T } } = {};
  let end: ChainEnd | undefined;
  try {
    const answer = await context.db.transaction().execute((trx) =>
      work({
        trx,
        audit: async (event) => {
          end = await appendAudit(trx, context.vault, event);
        },
        refuse: (value) => {
          refusal.answer = { value };
          throw new RolledBack();
        },
      }),
    );
    if (end !== undefined) context.head.advance(end);
    return answer;
  } catch (error) {
    if (error instanceof RolledBack && refusal.answer !== undefined) return refusal.answer.value;
    throw error;
  }
}

class RolledBack extends Error {}

async function appendAudit(trx: Transaction<Tables>, vault: Vault, event: AuditEvent): Promise<ChainEnd> {
  const newest = await trx
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const record = chainRecord(vault.hash, event, newest ?? EMPTY_CHAIN);
  await trx.insertInto('audit').values(rowOf(record)).execute();
  return record;
}

/** Throws `ClockWentBack` where the clock lies behind what the audit trail has seen. */
export async function refuseOldClock(context: StoreContext, trx: Kysely<Tables>): Promise<void> {
  const { newest } = await trx
    .selectFrom('audit')
    .select(({ fn }) => fn.max('at').as('newest'))
    .executeTakeFirstOrThrow();
  const now = context.clock.now();
  if (now + context.clockTolerance >= Number(newest ?? 0)) return;
  context.log.error('clock.went-back', { now, newest });
  throw new ClockWentBack('the clock lies behind the audit trail; verification stops until it has caught up');
}

/** A new identifier that sorts by time. */
export const newId = (context: Pick<StoreContext, 'clock' | 'random'>): string =>
  encodeUlid(context.clock.now(), context.random.bytes(10));

/** True if a conditional write met its condition for exactly one row. */
export const isOne = (result: { readonly numUpdatedRows?: bigint; readonly numDeletedRows?: bigint }): boolean =>
  (result.numUpdatedRows ?? result.numDeletedRows ?? 0n) === 1n;

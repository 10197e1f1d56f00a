import type { Transaction } from 'kysely';
import type { StateChange, VerificationStore } from '../ports.ts';
import { keyHash } from './attempts.ts';
import { isOne, refuseOldClock, type StoreContext, transact } from './context.ts';
import type { Tables } from './schema.ts';

/** Commits of verifications that open no session. */
export function createVerifications(context: StoreContext): VerificationStore {
  return {
    commit: (changes, event) =>
      transact<'committed' | 'conflict'>(context, async ({ trx, audit, refuse }) => {
        await refuseOldClock(context, trx);
        if (!(await applyChanges(context, trx, changes, event.at))) refuse('conflict');
        await audit(event);
        return 'committed';
      }),
  };
}

/** Applies every change under its condition. False as soon as one no longer holds: the caller rolls all of it back. */
export async function applyChanges(
  context: StoreContext,
  trx: Transaction<Tables>,
  changes: readonly StateChange[],
  now: number,
): Promise<boolean> {
  for (const change of changes) {
    if (!(await applyChange(context, trx, change, now))) return false;
  }
  return true;
}

async function applyChange(
  context: StoreContext,
  trx: Transaction<Tables>,
  change: StateChange,
  now: number,
): Promise<boolean> {
  switch (change.kind) {
    case 'advance-moving-factor':
      return isOne(
        await trx
          .updateTable('authenticator')
          .set({ moving_factor: change.to, drift: change.drift, last_used_at: now })
          .where('id', '=', change.authenticator)
          .where('status', '=', 'active')
          .where('moving_factor', '<', change.to)
          .executeTakeFirst(),
      );
    case 'clear-attempts':
      await trx.deleteFrom('attempt').where('key_hash', '=', keyHash(context, change.key)).execute();
      return true;
  }
}

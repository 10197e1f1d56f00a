import type { SwitchStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';

const OUTAGE = 'outage';

/** Switches that an administrator throws for a time. */
export function createSwitches(context: StoreContext): SwitchStore {
  const until = context.reader
    .prepare<[string, number], number>('SELECT until FROM switch WHERE name = ? AND until > ?')
    .pluck();
  return {
    outageUntil: async (now) => until.get(OUTAGE, now),
    declareOutage: (end, event) =>
      transact<void>(context, async ({ trx, audit }) => {
        await trx.deleteFrom('switch').where('name', '=', OUTAGE).execute();
        if (end !== undefined) await trx.insertInto('switch').values({ name: OUTAGE, until: end }).execute();
        await audit(event);
      }),
  };
}

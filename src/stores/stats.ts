import type { StatStore } from '../ports.ts';
import type { StoreContext } from './context.ts';

/** Counters per hour. They are written with the audit records of the decisions they count. */
export function createStats(context: StoreContext): StatStore {
  return {
    read: ({ from, to, app }) => {
      let query = context.read.selectFrom('stat_hour').selectAll().where('hour', '>=', from).where('hour', '<', to);
      if (app !== undefined) query = query.where('app', '=', app);
      const ordered = query.orderBy('hour').orderBy('app').orderBy('method').orderBy('channel').orderBy('result');
      return ordered.orderBy('reason').execute();
    },
    totals: () =>
      context.read
        .selectFrom('stat_total')
        .selectAll()
        .orderBy('app')
        .orderBy('method')
        .orderBy('channel')
        .orderBy('result')
        .orderBy('reason')
        .execute(),
  };
}

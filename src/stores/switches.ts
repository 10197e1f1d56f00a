import type { Transaction } from 'kysely';
import type { SealedCode, SwitchStore } from '../ports.ts';
import { isOne, type StoreContext, transact } from './context.ts';
import type { Tables } from './schema.ts';

const OUTAGE = 'outage';

/** Rows of opened routes: `open` and the route. A name of a route holds no space. */
const OPEN = 'open ';

/** Rows of sealed codes: `sealed`, the hash of the code, and a route or `*`; one for each route. */
const SEALED = 'sealed ';

type Row = { readonly name: string; readonly until: number };

/** Routes that are open at a moment, for any connection to the database. */
export const OPENINGS = `SELECT substr(name, ${OPEN.length + 1}) AS name, until FROM switch
  WHERE name >= '${OPEN}' AND name < 'open!' AND until > ?`;

/** Switches that an administrator throws for a time. */
export function createSwitches(context: StoreContext): SwitchStore {
  const { reader } = context;
  const until = reader
    .prepare<[string, number], number>('SELECT until FROM switch WHERE name = ? AND until > ?')
    .pluck();
  const openings = reader.prepare<[number], Row>(OPENINGS);
  const sealed = reader.prepare<[number], Row>(
    `SELECT name, until FROM switch WHERE name >= '${SEALED}' AND name < 'sealed!' AND until > ? ORDER BY until, name`,
  );
  return {
    outageUntil: async (now) => until.get(OUTAGE, now),
    declareOutage: (end, event) =>
      transact<void>(context, async ({ trx, audit }) => {
        await trx.deleteFrom('switch').where('name', '=', OUTAGE).execute();
        if (end !== undefined) await trx.insertInto('switch').values({ name: OUTAGE, until: end }).execute();
        await audit(event);
      }),
    openings: async (now) => new Map(openings.all(now).map((row) => [row.name, row.until])),
    sealedCodes: async (now) => codesOf(sealed.all(now)),
    sealCode: ({ hash, routes, until: end }, event) =>
      transact<void>(context, async ({ trx, audit }) => {
        const rows = routes.map((route) => ({ name: `${SEALED}${hash} ${route}`, until: end }));
        await trx.insertInto('switch').values(rows).execute();
        await audit(event);
      }),
    voidCode: (hash, event) =>
      transact<'voided' | 'missing'>(context, async ({ trx, audit, refuse }) => {
        const gone = await rowsOf(trx, hash).executeTakeFirst();
        if (gone.numDeletedRows === 0n) refuse('missing');
        await audit(event);
        return 'voided';
      }),
    openRoute: ({ codeHash, route, until: end }, event) =>
      transact<'opened' | 'refused'>(context, async ({ trx, audit, refuse }) => {
        const names = [`${SEALED}${codeHash} ${route}`, `${SEALED}${codeHash} *`];
        const spent = trx.deleteFrom('switch').where('name', 'in', names).where('until', '>', event.at);
        if ((await spent.executeTakeFirst()).numDeletedRows === 0n) refuse('refused');
        // What the code could have opened besides is spent with it.
        await rowsOf(trx, codeHash).execute();
        await trx
          .deleteFrom('switch')
          .where('name', '=', OPEN + route)
          .execute();
        await trx
          .insertInto('switch')
          .values({ name: OPEN + route, until: end })
          .execute();
        await audit(event);
        return 'opened';
      }).finally(() => context.changes.tell()),
    closeRoute: (route, event) =>
      transact<'closed' | 'not-open'>(context, async ({ trx, audit, refuse }) => {
        const closed = trx
          .deleteFrom('switch')
          .where('name', '=', OPEN + route)
          .where('until', '>', event.at);
        if (!isOne(await closed.executeTakeFirst())) refuse('not-open');
        await audit(event);
        return 'closed';
      }).finally(() => context.changes.tell()),
  };
}

/** Deletes every row of a code, whatever it opens. */
const rowsOf = (trx: Transaction<Tables>, hash: string) =>
  trx.deleteFrom('switch').where('name', '>=', `${SEALED}${hash} `).where('name', '<', `${SEALED}${hash}!`);

function codesOf(rows: readonly Row[]): readonly SealedCode[] {
  const codes = new Map<string, { hash: string; until: number; routes: string[] }>();
  for (const { name, until } of rows) {
    const [, hash = '', route = ''] = name.split(' ');
    const code = codes.get(hash) ?? { hash, until, routes: [] };
    code.routes.push(route);
    codes.set(hash, code);
  }
  return [...codes.values()];
}

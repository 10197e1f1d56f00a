import type { AccountStore } from '../ports.ts';
import { type AccountRow, accountOf } from './account-rows.ts';
import type { StoreContext } from './context.ts';
import { accountPageQuery, pageOf } from './pages.ts';

/** Up to this many members a group is read whole and put in order; beyond, people are walked in order instead. */
const SMALL_GROUP = 2000;

/** Lists of accounts and groups, a page at a time, read in the order of an index. */
export function createAccountPages(context: StoreContext): Pick<AccountStore, 'page' | 'groups'> {
  const { reader } = context;
  const members = reader
    .prepare<[string], number>(
      `SELECT count(*) FROM (SELECT 1 FROM account_group WHERE name = ? LIMIT ${SMALL_GROUP + 1})`,
    )
    .pluck();
  const groups = reader.prepare<[string, number], { name: string; members: number }>(
    'SELECT name, count(*) AS members FROM account_group WHERE name > ? GROUP BY name ORDER BY name LIMIT ?',
  );
  return {
    page: async (filter) => {
      const isSmall = filter.group !== undefined && (members.get(filter.group) ?? 0) <= SMALL_GROUP;
      const { text, values } = accountPageQuery(filter, isSmall);
      const rows = reader.prepare<[typeof values], AccountRow>(text).all(values);
      // `after` is a folded login, so the key of the next page is that of the last row, not the login as it is spelt.
      const found = rows.map((row) => ({ key: row.login_folded, account: accountOf(row) }));
      const { items, next } = pageOf(found, filter.limit, (each) => each.key);
      return { items: items.map((each) => each.account), next };
    },
    groups: async ({ after, limit }) => pageOf(groups.all(after ?? '', limit + 1), limit, (group) => group.name),
  };
}

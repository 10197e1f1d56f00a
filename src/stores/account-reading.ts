import { sql } from 'kysely';
import type { Account } from '../core/identity/account.ts';
import type { AccountStore } from '../ports.ts';
import { createAccountPages } from './account-pages.ts';
import { type AccountRow, accountOf, GROUPS } from './account-rows.ts';
import type { StoreContext } from './context.ts';

type Reading = Pick<AccountStore, 'findByLogin' | 'find' | 'list' | 'page' | 'groups' | 'secretHash'>;

/** What is asked of accounts without changing them. What every verification asks is prepared once. */
export function createAccountReading(context: StoreContext): Reading {
  const { reader } = context;
  const named = reader.prepare<[string], AccountRow>(
    `SELECT account.*, ${GROUPS} AS groups FROM account WHERE login_folded = ?`,
  );
  const one = reader.prepare<[string], AccountRow>(`SELECT account.*, ${GROUPS} AS groups FROM account WHERE id = ?`);
  const secret = reader
    .prepare<[string, string], string>('SELECT hash FROM account_secret WHERE account_id = ? AND kind = ?')
    .pluck();
  return {
    findByLogin: async (folded) => named.all(folded).map(accountOf)[0],
    find: async (id) => one.all(id).map(accountOf)[0],
    list: (filter = {}) => listAccounts(context, filter),
    secretHash: async (id, kind) => secret.get(id, kind),
    ...createAccountPages(context),
  };
}

async function listAccounts(
  context: StoreContext,
  { group, status }: NonNullable<Parameters<AccountStore['list']>[0]>,
): Promise<readonly Account[]> {
  let query = context.read
    .selectFrom('account')
    .selectAll()
    .select(sql.raw<string>(GROUPS).as('groups'))
    .orderBy('login_folded');
  if (status !== undefined) query = query.where('status', '=', status);
  if (group !== undefined) {
    query = query.where('id', 'in', (eb) =>
      eb.selectFrom('account_group').select('account_id').where('name', '=', group),
    );
  }
  return (await query.execute()).map(accountOf);
}

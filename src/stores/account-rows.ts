import type { Selectable } from 'kysely';
import type { Account } from '../core/identity/account.ts';
import type { AccountTable } from './schema.ts';

/** A row with its groups, a JSON array in the order of their names. */
export type AccountRow = Selectable<AccountTable> & { readonly groups: string };

/** SQL of the column `groups` beside a row of `account`. */
export const GROUPS = `(SELECT json_group_array(name) FROM
  (SELECT name FROM account_group WHERE account_id = account.id ORDER BY name))`;

/** A row as an account. */
export const accountOf = (row: AccountRow): Account => ({
  id: row.id,
  login: row.login,
  name: row.name,
  email: row.email,
  phone: row.phone,
  groups: JSON.parse(row.groups),
  attributes: JSON.parse(row.attributes),
  status: row.status,
  createdAt: row.created_at,
});

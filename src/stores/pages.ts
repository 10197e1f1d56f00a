import type { AccountStore, AuditLog, AuthenticatorStore, PageOf } from '../ports.ts';
import { GROUPS } from './account-rows.ts';

/** Behind every other character that a name can begin with. */
const LAST = '\u{10ffff}';

/** A statement with its named values. It asks for one row more than the page takes, to know whether there is more. */
export type PageQuery = {
  readonly text: string;
  readonly values: Readonly<Record<string, string | number>>;
};

/** A page out of the rows that were found, one more than the page takes if there is more. */
export function pageOf<T>(found: readonly T[], limit: number, keyOf: (item: T) => string): PageOf<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? keyOf(last) : undefined };
}

/**
 * Accounts in the order of their logins. The index holds all that is searched, so that rows that do not fit are never
 * fetched.
 */
export function accountPageQuery(
  { after, limit, search, group, status }: Parameters<AccountStore['page']>[0],
  isSmallGroup: boolean,
): PageQuery {
  const conditions = ['login_folded > :after'];
  const values: Record<string, string | number> = { after: after ?? '', limit: limit + 1 };
  if (search !== undefined && search.trim() !== '') {
    conditions.push(`((login_folded >= :from AND login_folded < :to) OR account.name LIKE :name ESCAPE '\\')`);
    const from = search.normalize('NFKC').trim().toLowerCase();
    Object.assign(values, { from, to: `${from}${LAST}`, name: `${escapeLike(search.trim())}%` });
  }
  if (status !== undefined) {
    conditions.push('status = :status');
    values['status'] = status;
  }
  if (group !== undefined) values['group'] = group;
  if (group !== undefined && !isSmallGroup) {
    conditions.push('EXISTS (SELECT 1 FROM account_group WHERE account_id = account.id AND name = :group)');
  }
  const source = isSmallGroup
    ? 'account_group AS member CROSS JOIN account ON account.id = member.account_id AND member.name = :group'
    : 'account INDEXED BY account_page';
  return {
    text: `SELECT account.*, ${GROUPS} AS groups FROM (
        SELECT account.id AS id FROM ${source}
        WHERE ${conditions.join(' AND ')} ORDER BY login_folded LIMIT :limit
      ) AS page CROSS JOIN account ON account.id = page.id ORDER BY login_folded`,
    values,
  };
}

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);

/** Authenticators in the order of their identifiers, which is the order in which they were enrolled. */
export function authenticatorPageQuery({
  after,
  limit,
  accountId,
  status,
  kind,
}: Parameters<AuthenticatorStore['page']>[0]): PageQuery {
  const conditions = ['id > :after'];
  const values: Record<string, string | number> = { after: after ?? '', limit: limit + 1 };
  const wanted = { account_id: accountId, status, kind };
  for (const [column, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    conditions.push(`${column} = :${column}`);
    values[column] = value;
  }
  // The planner knows no numbers: nearly all are active, hardly any are of one person.
  const index = accountId !== undefined ? 'account' : kind !== undefined && status !== 'suspended' ? 'kind' : 'status';
  const hint = conditions.length === 1 ? '' : `INDEXED BY authenticator_${index}`;
  return {
    text: `SELECT * FROM authenticator ${hint} WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT :limit`,
    values,
  };
}

/** Records, newest first. Whatever is most particular to a record is looked up, the rest is compared. */
export function auditPageQuery(filter: Parameters<AuditLog['page']>[0]): PageQuery {
  const { after, limit, login, kind, request, from, to } = filter;
  const wanted = [
    ['request', "request = :request AND request <> ''", request],
    ['login', 'login = :login', login],
    ['kind', 'kind = :kind', kind],
    ['from', 'at >= :from', from],
    ['to', 'at <= :to', to],
    ['after', 'seq < :after', after === undefined ? undefined : Number(after)],
  ] as const;
  const present = wanted.filter(([, , value]) => value !== undefined);
  const index = present.find(([name]) => name === 'request' || name === 'login' || name === 'kind')?.[0];
  const hint = index === undefined ? '' : `INDEXED BY audit_${index}`;
  const conditions = ['1', ...present.map(([, condition]) => condition)].join(' AND ');
  return {
    text: `SELECT * FROM audit ${hint} WHERE ${conditions} ORDER BY seq DESC LIMIT :limit`,
    values: { ...Object.fromEntries(present.map(([name, , value]) => [name, value ?? ''])), limit: limit + 1 },
  };
}

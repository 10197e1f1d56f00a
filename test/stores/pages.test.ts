import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageOf } from '../../src/ports.ts';
import { accountPageQuery, auditPageQuery, authenticatorPageQuery, type PageQuery } from '../../src/stores/pages.ts';
import { addAccount, addToken, begin, event, type Fixture, openFixture, START, totp } from './fixture.ts';

const PEOPLE = 100_000;
let fixture: Fixture;

beforeAll(async () => {
  fixture = await openFixture();
  const raw = new SqliteDatabase(fixture.path);
  raw.pragma('synchronous = OFF');
  raw.exec(`
    BEGIN;
    CREATE TEMP TABLE n AS WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ${PEOPLE - 1})
      SELECT n FROM n;
    INSERT INTO account SELECT printf('a%06d', n), printf('U%06d', n), printf('u%06d', n),
      CASE n % 5 WHEN 0 THEN '김' ELSE 'Lee' END || n, '', '', '{}',
      CASE n % 1000 WHEN 7 THEN 'suspended' ELSE 'active' END, ${START} FROM n;
    INSERT INTO account_group SELECT printf('a%06d', n), 'staff' FROM n;
    INSERT INTO account_group SELECT printf('a%06d', n), 'few' FROM n WHERE n % 10000 = 3;
    INSERT INTO account_group SELECT printf('a%06d', n), printf('team%02d', n % 40) FROM n;
    INSERT INTO authenticator SELECT printf('t%06d', n), printf('a%06d', n),
      CASE n % 3 WHEN 0 THEN 'hotp' ELSE 'totp' END, '', 'SHA1', 6, 30, '', '', x'00', (SELECT id FROM data_key), 0, 0,
      CASE n % 1000 WHEN 9 THEN 'suspended' ELSE 'active' END, ${START}, NULL, '' FROM n;
    COMMIT`);
  raw.close();
}, 60_000);
afterAll(() => fixture.remove());

/** All items, page by page. */
async function walk<T>(read: (after: string | undefined) => Promise<PageOf<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ; ) {
    const page = await read(after);
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
}

/**
 * What SQLite says it will do to find the rows of a page, in a line a step. Where the rows are found first and then
 * fetched, fetching and ordering that page is left out.
 */
function planOf({ text, values }: PageQuery): readonly string[] {
  const raw = new SqliteDatabase(fixture.path, { readonly: true });
  const query = raw.prepare<[unknown], { id: number; parent: number; detail: string }>(`EXPLAIN QUERY PLAN ${text}`);
  const rows = query.all(values);
  raw.close();
  const page = rows.find((row) => /^(CO-ROUTINE|MATERIALIZE) page$/.test(row.detail));
  return rows.filter((row) => page === undefined || row.parent === page.id).map((row) => row.detail);
}

const first = { after: 'u050000', limit: 50 } as const;
const token = { after: 't050000', limit: 50 } as const;
const record = { after: '9', limit: 50 } as const;

const plans: readonly (readonly [string, PageQuery])[] = [
  ['all people', accountPageQuery(first, false)],
  ['people searched', accountPageQuery({ ...first, search: '김' }, false)],
  ['people by status', accountPageQuery({ ...first, status: 'suspended' }, false)],
  ['people of a large group', accountPageQuery({ ...first, group: 'staff' }, false)],
  ['all authenticators', authenticatorPageQuery(token)],
  ['authenticators of one person', authenticatorPageQuery({ ...token, accountId: 'a000001', status: 'active' })],
  ['authenticators by status', authenticatorPageQuery({ ...token, status: 'suspended' })],
  ['authenticators by kind', authenticatorPageQuery({ ...token, kind: 'hotp', status: 'active' })],
  ['authenticators by both', authenticatorPageQuery({ ...token, kind: 'hotp', status: 'suspended' })],
  ['all records', auditPageQuery(record)],
  ['records of one person', auditPageQuery({ ...record, login: 'kim', kind: 'signin.accepted', from: 1, to: 2 })],
  ['records of one kind', auditPageQuery({ ...record, kind: 'signin.accepted' })],
  ['records of one request', auditPageQuery({ ...record, request: 'K7QF2M9D', login: 'kim' })],
];

describe('a page among a hundred thousand', () => {
  test.each(plans)('of %s is read in the order of an index', (_, query) => {
    const plan = planOf(query);
    const outer = plan.find((step) => /\b(account|authenticator|audit)\b/.test(step)) ?? '';
    expect(outer).toMatch(/USING (COVERING )?INDEX|USING INTEGER PRIMARY KEY/);
    expect(plan.filter((step) => /TEMP B-TREE/.test(step))).toEqual([]);
  });

  test('of a small group orders no more than its members', async () => {
    const plan = planOf(accountPageQuery({ ...first, group: 'few' }, true));
    expect(plan[0]).toMatch(/member USING (COVERING )?INDEX account_group_name \(name=\?\)/);
    expect(plan.filter((step) => step.startsWith('SCAN'))).toEqual([]);
    const found = await walk((after) => fixture.stores.accounts.page({ after, limit: 4, group: 'few' }));
    expect(found.map((account) => account.login)).toEqual(
      Array.from({ length: 10 }, (_, n) => `U${String(n * 10_000 + 3).padStart(6, '0')}`),
    );
  });

  test('holds everybody once, in order', async () => {
    const team = await walk((after) => fixture.stores.accounts.page({ after, limit: 500, group: 'team07' }));
    expect(team).toHaveLength(PEOPLE / 40);
    expect(team.map((account) => account.id)).toEqual([...team.map((account) => account.id)].sort());
    const ended = await walk((after) => fixture.stores.accounts.page({ after, limit: 30, status: 'suspended' }));
    expect(ended).toHaveLength(PEOPLE / 1000);
    const off = await walk((after) =>
      fixture.stores.authenticators.page({ after, limit: 30, status: 'suspended', kind: 'hotp' }),
    );
    expect(off).toHaveLength(Math.ceil(PEOPLE / 3000));
    expect(off.every((each) => each.kind === 'hotp' && each.status === 'suspended')).toBe(true);
  });

  test('is searched by the beginning of a login, folded, or of a name', async () => {
    const search = async (text: string) =>
      (await fixture.stores.accounts.page({ after: undefined, limit: 5, search: text })).items.map((each) => each.name);
    expect(await search('U09999')).toEqual(['김99990', 'Lee99991', 'Lee99992', 'Lee99993', 'Lee99994']);
    expect(await search('김9999')).toEqual(['김99990', '김99995']);
    expect(await search('lee99999')).toEqual(['Lee99999']);
    expect(await search('99999')).toEqual([]);
    expect(await search('%')).toEqual([]);
    expect(await search('_')).toEqual([]);
    expect(await search(' ')).toHaveLength(5);
  });

  test('of groups says how many members each has', async () => {
    const groups = await walk((after) => fixture.stores.accounts.groups({ after, limit: 9 }));
    expect(groups).toHaveLength(42);
    expect(groups[0]).toEqual({ name: 'few', members: 10 });
    expect(groups.find((group) => group.name === 'staff')?.members).toBe(PEOPLE);
  });
});

test('sign-ins that live are listed in the order of their identifiers, counted, and found', async () => {
  const { stores } = fixture;
  const kim = await addAccount(stores, 'kim');
  const lee = await addAccount(stores, 'lee');
  for (const [n, who] of [kim, lee, kim, kim].entries()) {
    fixture.time.now = START + n;
    await begin(stores, who.id, `tx${n}`);
  }
  const all = await walk((after) => stores.sessions.page({ after, limit: 3 }, START));
  expect(all.map((signIn) => signIn.login)).toEqual(['kim', 'lee', 'kim', 'kim']);
  expect(await walk((after) => stores.sessions.page({ after, limit: 2, accountId: lee.id }, START))).toHaveLength(1);
  expect(await stores.sessions.countLive(START)).toBe(4);
  expect(await stores.sessions.findLive(all[1]?.id ?? '', START)).toEqual(all[1]);
  await stores.sessions.revoke({ id: all[1]?.id ?? '' }, event('session.revoked'));
  expect(await stores.sessions.findLive(all[1]?.id ?? '', START)).toBeUndefined();
  expect(await stores.sessions.countLive(START)).toBe(3);
  expect(await walk((after) => stores.sessions.page({ after, limit: 3 }, START + 1_800_000))).toEqual([]);
  expect(await stores.sessions.countLive(START + 1_800_000)).toBe(0);
});

test('audit records are paged from the newest back, within a time', async () => {
  const { stores } = fixture;
  for (let n = 0; n < 10; n++)
    await stores.audit.append(event('access.denied', START + 100 + n, { login: 'park', request: `R${n}` }));
  const page = (more: Partial<Parameters<typeof stores.audit.page>[0]>) =>
    walk((after) => stores.audit.page({ limit: 3, ...more, after }));
  const at = (records: readonly { at: number }[]) => records.map((each) => each.at - START - 100);
  expect(at(await page({ login: 'park' }))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  expect(at(await page({ kind: 'access.denied', from: START + 102, to: START + 105 }))).toEqual([5, 4, 3, 2]);
  expect(at(await page({ request: 'R4' }))).toEqual([4]);
  expect(await page({ login: 'park', kind: 'signout' })).toEqual([]);
});

test('one account is found by its identifier', async () => {
  const added = await addAccount(fixture.stores, 'choi');
  expect(await fixture.stores.accounts.find(added.id)).toEqual(added);
  expect(await fixture.stores.accounts.find('x')).toBeUndefined();
  const device = await addToken(fixture.stores, totp(added.id));
  const page = await fixture.stores.authenticators.page({ after: undefined, limit: 1, accountId: added.id });
  expect(page).toEqual({ items: [device], next: undefined });
});

import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiFixture, openApi, walk } from './fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
  fill(100_000);
}, 30_000);
afterAll(() => api.close());

/** People as rows of the table, far faster than one call each. Every tenth has the group `tenth`. */
function fill(count: number): void {
  const database = new Database(api.database);
  database.exec(`
    BEGIN;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO account (id, login, login_folded, name, email, phone, attributes, status, created_at)
      SELECT printf('01MANY%020d', i), printf('many%06d', i), printf('many%06d', i), printf('사람 %d', i), '', '', '{}',
        'active', 0 FROM n;
    INSERT INTO account_group (account_id, name) SELECT id, 'tenth' FROM account WHERE id LIKE '01MANY%0';
    COMMIT;`);
  database.close();
}

test('the first page of 100,000 people is there at once', async () => {
  const { status, body } = await api.send('GET', '/users');
  expect(status).toBe(200);
  expect(body.items).toHaveLength(50);
  expect(body.items[0].login).toBe('many000001');
  const last = await api.send('GET', `/users?limit=2&filter=${encodeURIComponent('login sw "many09999"')}`);
  expect(last.body.items.map(({ login }: { login: string }) => login)).toEqual(['many099990', 'many099991']);
  const { body: groups } = await api.send('GET', '/groups');
  expect(groups.items).toEqual([{ name: 'tenth', members: 10_000 }]);
});

test('one name is found among 100,000', async () => {
  const filter = encodeURIComponent('name sw "사람 100000"');
  expect(await walk(api.send, `/users?filter=${filter}`, 200)).toMatchObject([{ login: 'many100000' }]);
});

test('a walk meets every person who was there once, whoever is added meanwhile', async () => {
  const seen: string[] = [];
  let cursor = '';
  const filter = encodeURIComponent('group eq "tenth"');
  const add = async (count: number): Promise<void> => {
    const { login } = { login: `many${String((count * 7919) % 100_000).padStart(6, '0')}-new` };
    const made = await api.send('POST', '/users', { login, groups: ['tenth'] });
    expect(made.status).toBe(201);
  };
  for (let page = 0; ; page++) {
    const [{ body }] = await Promise.all([
      api.send('GET', `/users?limit=200&filter=${filter}${cursor}`),
      add(2 * page),
      add(2 * page + 1),
    ]);
    seen.push(...body.items.map(({ login }: { login: string }) => login));
    if (body.next_cursor === null) break;
    cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
  }
  expect(new Set(seen).size).toBe(seen.length);
  const there = seen.filter((login) => !login.endsWith('-new'));
  expect(there).toEqual(
    Array.from({ length: 10_000 }, (_, index) => `many${String((index + 1) * 10).padStart(6, '0')}`),
  );
});

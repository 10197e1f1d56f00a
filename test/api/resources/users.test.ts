import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readUserFilter } from '../../../src/api/resources/filter.ts';
import { type ApiFixture, openApi, walk } from './fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const person = (login: string, more: object = {}) => ({ login, name: '김민지', groups: ['staff'], ...more });

describe('a person', () => {
  test('is added, read, changed, renamed and deleted', async () => {
    const made = await api.send(
      'POST',
      '/users',
      person('Kim.A', { email: 'kim@corp.example', attributes: { dept: '7' } }),
    );
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ login: 'Kim.A', status: 'active', groups: ['staff'], attributes: { dept: '7' } });

    const seen = await api.send('GET', '/users/KIM.A');
    expect(seen.body).toEqual({ ...made.body, locked_until: null });
    expect((await api.send('GET', `/users/${made.body.id}`)).body).toEqual(seen.body);

    const changed = await api.send('PATCH', '/users/kim.a', { login: 'kim.b', groups: ['hr'], phone: '010-1234-5678' });
    expect(changed.body).toMatchObject({ id: made.body.id, login: 'kim.b', groups: ['hr'], email: 'kim@corp.example' });
    expect((await api.send('GET', '/users/kim.a')).status).toBe(404);

    expect((await api.send('DELETE', '/users/kim.b')).status).toBe(204);
    expect((await api.send('GET', `/users/${made.body.id}`)).status).toBe(404);
    expect((await api.send('DELETE', '/users/kim.b')).body).toMatchObject({ code: 'not_found', status: 404 });
  });

  test('is suspended, resumed and unlocked', async () => {
    const { body } = await api.send('POST', '/users', person('sus'));
    expect((await api.send('POST', '/users/sus:suspend')).body.status).toBe('suspended');
    expect(api.forgotten).toContain(body.id);
    expect((await api.send('POST', '/users/sus:resume')).body.status).toBe('active');
    expect((await api.send('POST', '/users/sus:unlock')).status).toBe(200);
    const kinds = (await api.send('GET', '/audit?user=sus')).body.items.map((each: { kind: string }) => each.kind);
    expect(kinds).toEqual(['user.unlocked', 'user.resumed', 'user.suspended', 'user.added']);
  });

  test('with a taken login is 409, in any spelling', async () => {
    await api.send('POST', '/users', person('taken'));
    expect((await api.send('POST', '/users', person('ＴＡＫＥＮ'))).body).toMatchObject({
      status: 409,
      code: 'exists',
    });
    await api.send('POST', '/users', person('other'));
    expect((await api.send('PATCH', '/users/other', { login: 'Taken' })).body).toMatchObject({ code: 'exists' });
  });

  test('is added once, however many add it at once', async () => {
    const replies = await Promise.all(Array.from({ length: 10 }, () => api.send('POST', '/users', person('race'))));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
  });

  test('has every refused field named, and no value repeated', async () => {
    const refused = await api.send('POST', '/users', person('weak', { password: 'password12', pin: '1234' }));
    expect(refused.status).toBe(400);
    expect(refused.body.errors.map((each: { path: string }) => each.path)).toEqual(['password', 'pin']);
    expect(refused.text).not.toMatch(/password12|1234"/);
    expect((await api.send('GET', '/users/weak')).status).toBe(404);
  });

  test('a new password or PIN ends sign-ins of the person and of nobody else', async () => {
    const { body } = await api.send('POST', '/users', person('pw'));
    api.forgotten.length = 0;
    expect((await api.send('PATCH', '/users/pw', { password: 'a long enough one' })).status).toBe(200);
    expect(api.forgotten).toEqual([body.id]);
    const hash = await api.house.accounts.secretHash(body.id, 'pw');
    expect(await api.house.hasher.verify(hash, 'a long enough one')).toBe(true);
  });

  test('is changed by a name that is an identifier before it is a login', async () => {
    const { body: victim } = await api.send('POST', '/users', person('victim'));
    await api.send('POST', '/users', person(victim.id.toLowerCase()));
    expect((await api.send('GET', `/users/${victim.id}`)).body.login).toBe('victim');
  });

  test('may be read by a key that may not write, and the other way round not', async () => {
    await api.send('POST', '/users', person('scoped'));
    const reader = await api.as('users:read');
    const writer = await api.as('users:write');
    expect((await reader('GET', '/users/scoped')).status).toBe(200);
    expect((await reader('DELETE', '/users/scoped')).body).toMatchObject({ status: 403, code: 'scope' });
    expect((await writer('GET', '/users/scoped')).body).toMatchObject({ status: 403, code: 'scope' });
  });
});

describe('ADM-2: fields that are not of the operation', () => {
  test.each([
    ['id', '01J0000000000000000000HACK'],
    ['status', 'active'],
    ['created_at', 0],
    ['createdAt', 0],
    ['role', 'owner'],
    ['isAdmin', true],
    ['locked_until', null],
    ['failCount', 0],
    ['__proto__x', {}],
    ['constructor', {}],
  ])('%s is refused and changes nothing', async (field, value) => {
    const login = `mass-${field.toLowerCase()}`;
    const body = { login, [field]: value };
    const created = await api.send('POST', '/users', body);
    expect(created.body).toMatchObject({ status: 400, code: 'bad_request', errors: [{ path: field }] });
    expect((await api.send('GET', `/users/${login}`)).status).toBe(404);
    const { body: before } = await api.send('POST', '/users', { login });
    expect((await api.send('PATCH', `/users/${login}`, { [field]: value })).status).toBe(400);
    expect((await api.send('GET', `/users/${login}`)).body).toEqual({ ...before, locked_until: null });
  });
});

describe('the list', () => {
  test('is in the order of the folded login and ends', async () => {
    for (const login of ['zeta', 'Eta', 'beta', 'Alpha']) await api.send('POST', '/users', person(`list-${login}`));
    const found = await walk(api.send, '/users?filter=login%20sw%20%22list-%22', 2);
    expect(found).toMatchObject([
      { login: 'list-Alpha' },
      { login: 'list-beta' },
      { login: 'list-Eta' },
      { login: 'list-zeta' },
    ]);
  });

  test('is narrowed by login, name, group and status together', async () => {
    await api.send('POST', '/users', person('f-1', { name: '이서준', groups: ['f-a', 'f-b'] }));
    await api.send('POST', '/users', person('f-2', { name: '이서연', groups: ['f-a'] }));
    await api.send('POST', '/users/f-2:suspend');
    const logins = async (filter: string) =>
      (await api.send('GET', `/users?filter=${encodeURIComponent(filter)}`)).body.items.map(
        (each: { login: string }) => each.login,
      );
    expect(await logins('login sw "F-"')).toEqual(['f-1', 'f-2']);
    expect(await logins('login eq "F-1"')).toEqual(['f-1']);
    expect(await logins('name sw "이서"')).toEqual(['f-1', 'f-2']);
    expect(await logins('group eq "f-b"')).toEqual(['f-1']);
    expect(await logins('name sw "이서" AND status eq "suspended"')).toEqual(['f-2']);
    expect(await logins('login sw "f-" and group eq "f-a" and status eq "active"')).toEqual(['f-1']);
    expect(await logins('login eq "f-1" and status eq "suspended"')).toEqual([]);
  });

  test('refuses a cursor of another filter, of another list, changed or made up', async () => {
    const { body } = await api.send('GET', '/users?limit=1');
    const cursor = encodeURIComponent(body.next_cursor);
    expect((await api.send('GET', `/users?limit=1&cursor=${cursor}`)).status).toBe(200);
    const made = `${Buffer.from('a').toString('base64url')}.${body.next_cursor.split('.')[1]}`;
    for (const [path, value] of [
      ['/users?filter=status%20eq%20%22active%22&', cursor],
      ['/groups?', cursor],
      ['/tokens?', cursor],
      ['/users?', made],
      ['/users?', `${cursor}x`],
      ['/users?', '.'],
      ['/users?', 'x'],
    ]) {
      const reply = await api.send('GET', `${path}cursor=${value}`);
      expect(reply.body, path).toMatchObject({ status: 400, errors: [{ path: 'cursor' }] });
    }
  });

  test.each(['0', '201', '-1', '1e2', '', ' 5', 'all', '1000'])('refuses limit=%j', async (limit) => {
    const reply = await api.send('GET', `/users?limit=${encodeURIComponent(limit)}`);
    expect(reply.body).toMatchObject({ status: 400, errors: [{ path: 'limit' }] });
  });

  test('of groups counts people', async () => {
    await api.send('POST', '/users', person('g-1', { groups: ['g-one', 'g-two'] }));
    await api.send('POST', '/users', person('g-2', { groups: ['g-two'] }));
    const groups = (await walk(api.send, '/groups', 3)) as unknown as { name: string }[];
    expect(groups.filter(({ name }) => name.startsWith('g-'))).toEqual([
      { name: 'g-one', members: 1 },
      { name: 'g-two', members: 2 },
    ]);
  });
});

describe('the filter', () => {
  test.each([
    ['login sw "k"', { login: { operator: 'sw', value: 'k' } }],
    ['Login SW "k\\"x"', { login: { operator: 'sw', value: 'k"x' } }],
    [' group eq "a and b" ', { group: { operator: 'eq', value: 'a and b' } }],
    [
      'name sw "김"  and  status eq "active"',
      { name: { operator: 'sw', value: '김' }, status: { operator: 'eq', value: 'active' } },
    ],
  ])('reads %j', (text, expected) => {
    expect(readUserFilter(text)).toEqual({ ok: true, value: expected });
  });

  test.each([
    ['', 0],
    ['login', 0],
    ['login sw k', 0],
    ['login sw ""', 0],
    ['login co "k"', 0],
    ['email eq "k"', 0],
    ['constructor eq "k"', 0],
    ['status eq "gone"', 0],
    ['login sw "k" or login sw "l"', 13],
    ['login sw "k" and', 13],
    ['login sw "k" and ', 17],
    ['login sw "k" and login eq "l"', 17],
    ['(login sw "k")', 0],
    ['login sw "\\x"', 0],
  ])('refuses %j and says where', (text, at) => {
    expect(readUserFilter(text)).toMatchObject({ ok: false, error: { at } });
  });

  test('reads what is written of any text, and no other text in reasonable time', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (value) => {
        expect(readUserFilter(`login sw ${JSON.stringify(value)}`)).toEqual({
          ok: true,
          value: { login: { operator: 'sw', value } },
        });
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => typeof readUserFilter(text).ok === 'boolean'));
  });
});

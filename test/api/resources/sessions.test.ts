import { afterAll, beforeAll, expect, test } from 'vitest';
import { begin, START } from '../../stores/fixture.ts';
import { type ApiFixture, openApi, walk } from './fixture.ts';

let api: ApiFixture;
const people: Record<string, string> = {};
beforeAll(async () => {
  api = await openApi();
  for (const login of ['kim', 'park', 'choi']) {
    const { body } = await api.send('POST', '/users', { login });
    people[login] = body.id;
    for (const device of ['a', 'b', 'c']) await begin(api.house, body.id, `${login}-${device}`);
  }
});
afterAll(() => api.close());

const sessionsOf = async (login: string): Promise<readonly { readonly id: string }[]> =>
  walk(api.send, `/sessions?user=${login}`, 2);

test('live sign-ins are listed, of everybody and of one person', async () => {
  const all = await walk(api.send, '/sessions', 4);
  expect(new Set(all.map(({ id }) => id)).size).toBe(9);
  const [first] = await sessionsOf('KIM');
  expect(first).toEqual({
    id: expect.any(String),
    user: 'kim',
    amr: ['otp'],
    host: 'a.example.com',
    address: '192.0.2.1',
    user_agent: 'test',
    started_at: START / 1000,
    last_seen_at: START / 1000,
  });
  expect((await api.send('GET', `/sessions/${first?.id}`)).body).toEqual(first);
  expect((await api.send('GET', '/sessions?user=nobody')).status).toBe(404);
});

test('one is ended, on every host, and a second ending finds nothing', async () => {
  const [first, ...others] = await sessionsOf('kim');
  const ended = await api.send('DELETE', `/sessions/${first?.id}`);
  expect(ended.status).toBe(204);
  expect(api.forgotten).toContain(people['kim']);
  expect((await api.send('DELETE', `/sessions/${first?.id}`)).status).toBe(404);
  expect(await sessionsOf('kim')).toEqual(others);
  const { body } = await api.send('GET', '/audit?kind=session.revoked&limit=1');
  expect(body.items[0]).toMatchObject({ actor: expect.stringMatching(/^api:tester-/), detail: { session: first?.id } });
});

test('G115: the sign-in of somebody else is not found and goes on', async () => {
  const [theirs] = await sessionsOf('park');
  for (const method of ['GET', 'DELETE']) {
    const asKim = await api.send(method, `/sessions/${theirs?.id}?user=kim`);
    const never = await api.send(method, '/sessions/01J00000000000000000000000?user=kim');
    expect(asKim.status).toBe(404);
    expect({ ...asKim.body, request: '' }).toEqual({ ...never.body, request: '' });
  }
  expect((await api.send('GET', `/sessions/${theirs?.id}`)).status).toBe(200);
});

test('all of a person are ended, and of nobody else', async () => {
  expect((await api.send('DELETE', '/sessions?user=park')).body).toEqual({ ended: 3 });
  expect(await sessionsOf('park')).toEqual([]);
  expect(await sessionsOf('choi')).toHaveLength(3);
  expect((await api.send('DELETE', '/sessions')).status).toBe(400);
  expect((await api.send('DELETE', '/sessions?user=nobody')).status).toBe(404);
  expect((await api.send('DELETE', '/sessions?user=park')).body).toEqual({ ended: 0 });
});

test('a suspended or deleted person has none any more', async () => {
  const [first] = await sessionsOf('choi');
  await api.send('POST', '/users/choi:suspend');
  expect(await sessionsOf('choi')).toEqual([]);
  expect((await api.send('GET', `/sessions/${first?.id}`)).status).toBe(404);
});

test('reading does not allow ending', async () => {
  const reader = await api.as('sessions:read');
  expect((await reader('DELETE', '/sessions?user=kim')).body).toMatchObject({
    status: 403,
    scopes: ['sessions:write'],
  });
});

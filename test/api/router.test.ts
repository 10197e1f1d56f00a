import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { operation } from '../../src/api/operation.ts';
import { CallRate } from '../../src/api/rate.ts';
import { Busy } from '../../src/ports.ts';
import { type Served, serveApi } from './served.ts';

const calls: string[] = [];
const gates = new Map<string, Promise<void>>();

class ClockWentBack extends Error {
  override readonly name = 'ClockWentBack';
}

const echo = operation({
  id: 'echo',
  method: 'post',
  path: '/echo',
  scopes: ['verify'],
  tag: 'test',
  summary: 'Says it again',
  querySchema: z.strictObject({ loud: z.literal('1').optional() }),
  bodySchema: z.strictObject({
    text: z.string(),
    more: z.unknown().optional(),
    inner: z.strictObject({ count: z.int() }).optional(),
  }),
  idempotentFor: 60_000,
  answers: { 200: { description: 'The same' } },
  handle: async ({ body, by }) => {
    calls.push(body.text);
    await gates.get(body.text);
    if (body.text === 'busy') throw new Busy('queue full');
    if (body.text === 'clock') throw new ClockWentBack('an hour');
    if (body.text === 'full') throw Object.assign(new Error('disk'), { code: 'SQLITE_FULL' });
    if (body.text === 'broken') throw new Error('the password of kim is hunter2');
    return { status: 200, body: { text: body.text, count: calls.length, actor: by.actor } };
  },
});

const bare = operation({
  id: 'bare',
  method: 'get',
  path: '/bare/{id}',
  scopes: ['users:read'],
  tag: 'test',
  summary: 'Takes nothing',
  answers: { 200: { description: 'Nothing' } },
  handle: async ({ path }) => ({ status: 200, body: path }),
});

const act = operation({
  id: 'act',
  method: 'post',
  path: '/bare/{id}:act',
  scopes: ['users:write'],
  tag: 'test',
  summary: 'Takes no body',
  answers: { 204: { description: 'Done' } },
  handle: async () => ({ status: 204 }),
});

let served: Served;
let key: string;

beforeAll(async () => {
  served = await serveApi([echo, bare, act]);
  key = await served.key({ name: 'hr' });
});
afterAll(() => served.close());

const post = (body: unknown, headers: Record<string, string> = {}, path = '/api/v1/echo') =>
  served.call('POST', path, { key, body, headers });

describe('every answer', () => {
  test('has a request number and is kept by nobody', async () => {
    for (const reply of [await post({ text: 'a' }), await post({}), await served.call('GET', '/api/v1/nowhere')]) {
      expect(reply.headers.get('x-request-id')).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(reply.headers.get('cache-control')).toBe('no-store');
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
      expect(reply.headers.get('x-powered-by')).toBeNull();
    }
  });

  test('that refuses is a problem document with a number that can be looked up (RFC 9457)', async () => {
    const reply = await post({ text: 1 });
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.body).toMatchObject({ type: '/api/problems#bad_request', status: 400, code: 'bad_request' });
    expect(reply.body.request).toMatch(/^\w{4}-\w{4}$/);
    await served.house.requests.flush();
    expect(await served.house.requests.find(reply.body.request)).toMatchObject({ status: 400, outcome: 'bad_request' });
  });
});

describe('input', () => {
  test.each([
    ['a wrong type', { text: 1 }, 'text'],
    ['a missing field', {}, 'text'],
    ['an unknown field (ADM-2)', { text: 'a', isAdmin: true }, 'isAdmin'],
    ['an unknown field inside (ADM-2)', { text: 'a', inner: { count: 1, id: 'x' } }, 'inner.id'],
    ['a wrong type inside', { text: 'a', inner: { count: 1.5 } }, 'inner.count'],
    ['a list', [], ''],
    ['null', 'null', ''],
    ['no JSON', '{', ''],
    ['a name twice (G105)', '{"text":"a","text":"b"}', ''],
  ])('with %s is refused and says where', async (_, body, path) => {
    const before = calls.length;
    const reply = await post(body);
    expect([reply.status, reply.body.code, reply.body.errors[0].path]).toEqual([400, 'bad_request', path]);
    expect(calls.length).toBe(before);
  });

  test('is never said again in a refusal', async () => {
    const reply = await post({ text: { password: 'hunter2' }, more: 'hunter2' });
    expect(reply.text).not.toContain('hunter2');
  });

  test('reports everything that is wrong at once', async () => {
    const reply = await post({ text: 1, inner: { count: 'x' }, extra: 1 });
    expect(reply.body.errors.map((each: { path: string }) => each.path).sort()).toEqual([
      'extra',
      'inner.count',
      'text',
    ]);
  });

  test.each([
    ['no content type', { 'content-type': '' }, 415],
    ['another content type', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['another character set', { 'content-type': 'application/json; charset=euc-kr' }, 415],
    ['UTF-8 by name', { 'content-type': 'Application/JSON; charset=UTF-8' }, 200],
    ['a content coding', { 'content-encoding': 'gzip' }, 415],
  ])('with %s: %o → %i', async (_, headers, status) => {
    expect((await post({ text: 'a' }, headers)).status).toBe(status);
  });

  test.each([
    [64 * 1024 - 1, 200],
    [64 * 1024, 200],
    [64 * 1024 + 1, 413],
  ])('of %i octets is answered %i (DOS-1)', async (size, status) => {
    const frame = JSON.stringify({ text: '' }).length;
    expect((await post({ text: 'x'.repeat(size - frame) })).status).toBe(status);
  });

  test('that is too large and does not say so is refused while it comes (DOS-1)', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${served.origin}/api/v1/echo`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      });
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject);
      sent.write('x'.repeat(40_000));
      sent.write('x'.repeat(40_000));
    });
    expect(status).toBe(413);
  });

  test('of the query is refused where it is unknown, twice, or not taken', async () => {
    expect((await post({ text: 'a' }, {}, '/api/v1/echo?loud=1')).status).toBe(200);
    for (const query of ['loud=2', 'quiet=1', 'loud=1&loud=1', '__proto__=1', `loud=${'1'.repeat(5000)}`]) {
      expect((await post({ text: 'a' }, {}, `/api/v1/echo?${query}`)).status, query).toBe(400);
    }
    expect((await served.call('GET', '/api/v1/bare/x?y=1', { key })).status).toBe(400);
  });

  test('is not taken where none is declared', async () => {
    expect((await served.call('POST', '/api/v1/bare/x:act', { key })).status).toBe(204);
    expect((await served.call('POST', '/api/v1/bare/x:act', { key, body: {} })).status).toBe(204);
    expect((await served.call('POST', '/api/v1/bare/x:act', { key, body: { admin: true } })).status).toBe(400);
  });
});

describe('a method', () => {
  test('that the address does not know is 405 with those it knows', async () => {
    const reply = await served.call('DELETE', '/api/v1/echo', { key });
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  test('OPTIONS says what the address knows, and nothing about other origins', async () => {
    const reply = await served.call('OPTIONS', '/api/v1/bare/x', { headers: { origin: 'https://evil.example' } });
    expect([reply.status, reply.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('HEAD is answered as GET without the body', async () => {
    const get = await served.call('GET', '/api/v1/bare/x', { key });
    const head = await served.call('HEAD', '/api/v1/bare/x', { key });
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  });
});

describe('a breakage', () => {
  test.each([
    ['busy', 503, 'busy', '1'],
    ['clock', 503, 'clock_unsafe', '5'],
    ['full', 503, 'db_unavailable', '2'],
    ['broken', 500, 'internal', null],
  ])('%s is %i %s and tells nothing', async (text, status, code, retryAfter) => {
    const reply = await post({ text });
    expect([reply.status, reply.body.code, reply.headers.get('retry-after')]).toEqual([status, code, retryAfter]);
    expect(reply.text).not.toMatch(/hunter2|queue|disk|hour/);
  });
});

describe('an Idempotency-Key', () => {
  const once = (text: string, name: string) => post({ text }, { 'idempotency-key': name });

  test('makes a repetition hear the first answer', async () => {
    const first = await once('again', 'k-1');
    const second = await once('again', 'k-1');
    expect(second.body).toEqual(first.body);
    expect([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')]).toEqual([
      null,
      'true',
    ]);
    expect(calls.filter((text) => text === 'again')).toHaveLength(1);
  });

  test('refuses another body and another address', async () => {
    await once('this', 'k-2');
    expect(await once('that', 'k-2')).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
    const elsewhere = await post({ text: 'this' }, { 'idempotency-key': 'k-2' }, '/api/v1/echo?loud=1');
    expect(elsewhere.status).toBe(409);
  });

  test('belongs to the client that sent it', async () => {
    await once('mine', 'k-3');
    const other = await served.key();
    const reply = await served.call('POST', '/api/v1/echo', {
      key: other,
      body: { text: 'mine' },
      headers: { 'idempotency-key': 'k-3' },
    });
    expect(reply.body.actor).not.toBe('api:hr');
  });

  test('is kept as long as the operation says', async () => {
    const first = await once('later', 'k-4');
    served.time.now += 61_000;
    expect((await once('later', 'k-4')).body.count).toBeGreaterThan(first.body.count);
  });

  test('is free again after a refusal', async () => {
    for (const text of ['busy', 'broken', 'full']) {
      const [first, second] = [await once(text, `k-${text}`), await once(text, `k-${text}`)];
      expect([first.status, second.status]).toEqual([first.status, first.status]);
      expect(second.headers.get('idempotency-replayed')).toBeNull();
    }
  });

  test('refuses a second call while the first is under way; of many at once exactly one runs', async () => {
    const gate = Promise.withResolvers<void>();
    gates.set('slow', gate.promise);
    const first = once('slow', 'k-5');
    await expect.poll(() => calls.includes('slow')).toBe(true);
    const others = await Promise.all(Array.from({ length: 20 }, () => once('slow', 'k-5')));
    expect(new Set(others.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
      new Set(['409 idempotency_in_progress']),
    );
    expect(others[0]?.headers.get('retry-after')).toBe('1');
    gate.resolve();
    expect((await first).status).toBe(200);
    expect(calls.filter((text) => text === 'slow')).toHaveLength(1);
  });

  test('of a bad form is refused', async () => {
    for (const name of ['', ' ', 'a b', 'x'.repeat(129)]) expect((await once('form', name)).status).toBe(400);
  });
});

test('a key that calls in a loop is slowed down, and others are not', () => {
  const rate = new CallRate();
  const take = (keyId: string, at: number) => {
    try {
      rate.take(keyId, at);
      return true;
    } catch {
      return false;
    }
  };
  const taken = Array.from({ length: 10_000 }, () => take('a', 0)).filter(Boolean).length;
  expect(taken).toBe(4_000);
  expect(take('b', 0)).toBe(true);
  expect([take('a', -1000), take('a', 1)]).toEqual([false, true]);
});

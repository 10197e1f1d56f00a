import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { isAccepted, SumunClient, SumunProblem, SumunUnavailable } from '../../src/sdk/client.ts';

type Scripted = { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> } | 'cut';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that answers call after call from a list, the last one again and again. */
async function serverWith(...answers: readonly Scripted[]) {
  const seen: { readonly request: IncomingMessage; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = answers[Math.min(seen.length, answers.length - 1)] ?? 'cut';
    seen.push({ request, body });
    if (answer === 'cut') return request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    return response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { seen, url, client: new SumunClient({ url, key: 'sk_k1_secret', timeout: 3000 }) };
}

const ACCEPT = {
  result: 'accept',
  transaction: 'tx_1',
  amr: ['otp'],
  auth_time: 1,
  user: { login: 'kim', name: '김', groups: [] },
  assertion: 'a.b.c',
};

describe('verify is fail-secure', () => {
  test('a whole 200 that says accept lets in', async () => {
    const { client, seen } = await serverWith({ status: 200, body: ACCEPT });
    const result = await client.verify({ user: 'kim', otp: '755224' });
    expect(isAccepted(result)).toBe(true);
    expect(seen[0]?.request.headers.authorization).toBe('Bearer sk_k1_secret');
    expect(seen[0]?.request.url).toBe('/api/v1/verify');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ user: 'kim', otp: '755224' });
  });

  test.each([
    ['an empty object', {}],
    ['null', null],
    ['accept without a person', { ...ACCEPT, user: undefined }],
    ['accept with an empty login', { ...ACCEPT, user: { login: '' } }],
    ['accept without a transaction', { ...ACCEPT, transaction: undefined }],
    ['true', { result: true }],
    ['ACCEPT', { ...ACCEPT, result: 'ACCEPT' }],
    ['a list', [ACCEPT]],
  ])('%s lets nobody in', async (_, body) => {
    const { client } = await serverWith({ status: 200, body });
    await expect(client.verify({ user: 'kim', otp: '755224' })).rejects.toThrow(TypeError);
  });

  test('a refusal and a challenge are told apart from accept', async () => {
    const { client } = await serverWith(
      { status: 200, body: { result: 'reject', reason: 'invalid_credentials' } },
      { status: 200, body: { result: 'challenge', transaction: 'tx_2', expires_at: 1, need: [{ method: 'sms' }] } },
    );
    expect(isAccepted(await client.verify({ user: 'kim', otp: '1' }))).toBe(false);
    expect(isAccepted(await client.verify({ user: 'kim', otp: '1' }))).toBe(false);
  });

  test('a redirect is not followed: the key goes nowhere else', async () => {
    const elsewhere = await serverWith({ status: 200, body: ACCEPT });
    const { client } = await serverWith({ status: 307, headers: { location: elsewhere.url } });
    await expect(client.verify({ user: 'kim', otp: '1' })).rejects.toThrow(SumunUnavailable);
    expect(elsewhere.seen).toEqual([]);
  });

  test('a server that is not there lets nobody in', async () => {
    const { client } = await serverWith('cut');
    await expect(client.verify({ user: 'kim', otp: '1' })).rejects.toThrow(SumunUnavailable);
  });
});

describe('retries', () => {
  test('carry one Idempotency-Key for one call and another for the next', async () => {
    const { client, seen } = await serverWith('cut', { status: 503 }, { status: 200, body: ACCEPT });
    await client.verify({ user: 'kim', otp: '755224' });
    await client.verify({ user: 'kim', otp: '755224' });
    const keys = seen.map(({ request }) => request.headers['idempotency-key']);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
  });

  test.each([400, 401, 403, 404, 413, 500])('a %i is not tried again', async (status) => {
    const { client, seen } = await serverWith({ status, body: { code: 'some_code', request: 'K7QF-2M9D' } });
    const refusal = await client.verify({ user: 'kim', otp: '1' }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SumunProblem);
    expect(refusal).toMatchObject({ status, code: 'some_code', request: 'K7QF-2M9D' });
    expect(seen.length).toBe(1);
  });

  test('an equal call still in progress is waited for', async () => {
    const { client, seen } = await serverWith(
      { status: 409, body: { code: 'idempotency_in_progress' } },
      { status: 200, body: ACCEPT },
    );
    expect(isAccepted(await client.verify({ user: 'kim', otp: '755224' }))).toBe(true);
    expect(seen.length).toBe(2);
  });

  test('end with the time that was given', async () => {
    const { url } = await serverWith({ status: 503, headers: { 'retry-after': '60' }, body: { code: 'busy' } });
    const client = new SumunClient({ url, key: 'sk_k1_secret', timeout: 300 });
    await expect(client.verify({ user: 'kim', otp: '1' })).rejects.toMatchObject({ status: 503, code: 'busy' });
  });

  test('stop when the caller goes away', async () => {
    const { client } = await serverWith('cut');
    await expect(client.verify({ user: 'kim', otp: '1' }, AbortSignal.abort())).rejects.toThrow('aborted');
  });
});

test('a list is walked to its end', async () => {
  const { client, seen } = await serverWith(
    { status: 200, body: { items: [1, 2], next_cursor: 'c1' } },
    { status: 200, body: { items: [3], next_cursor: null } },
  );
  const items: number[] = [];
  for await (const item of client.list<number>('/users', { limit: 2 })) items.push(item);
  expect(items).toEqual([1, 2, 3]);
  expect(seen.map(({ request }) => request.url)).toEqual(['/api/v1/users?limit=2', '/api/v1/users?limit=2&cursor=c1']);
});

test('a key of another form is refused at once', () => {
  expect(() => new SumunClient({ url: 'http://localhost', key: 'secret' })).toThrow('sk_<id>_<secret>');
});

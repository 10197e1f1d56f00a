import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { headerValues, RawClient, rawRequest } from '../support/raw-client.ts';
import { answerEach } from '../support/recorder-upstream.ts';
import { CLOSED, type Gateway, HOST, head, OPEN, openGateway } from './fixture.ts';

let gateway: Gateway;
beforeAll(async () => {
  const routes = [
    OPEN,
    { ...OPEN, name: 'small', paths: [{ kind: 'prefix', path: '/small/' } as const], limits: { body: 10 } },
    {
      ...OPEN,
      name: 'rated',
      paths: [{ kind: 'prefix', path: '/rated/' } as const],
      limits: { body: 0, rate: { count: 3, per: 60_000 } },
    },
    {
      ...OPEN,
      name: 'barred',
      paths: [{ kind: 'prefix', path: '/barred/' } as const],
      auth: { kind: 'deny' } as const,
    },
    {
      ...OPEN,
      name: 'moved',
      paths: [{ kind: 'exact', path: '/moved' } as const],
      action: { kind: 'redirect', location: 'https://new.corp.example/', status: 302 } as const,
    },
    {
      ...OPEN,
      name: 'static',
      paths: [{ kind: 'exact', path: '/static' } as const],
      action: { kind: 'respond', status: 200, body: 'ok', contentType: 'text/plain' } as const,
    },
    CLOSED,
  ];
  gateway = await openGateway({ routes, limits: { headerBytes: 8192, headerTime: 1000 } });
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.recorder.forget();
  gateway.recorder.script = answerEach('hello');
});

const SMUGGLED = `GET /open/smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const post = (fields: string, body = ''): string =>
  `POST /open/x HTTP/1.1\r\nHost: ${HOST}\r\n${fields}\r\n\r\n${body}`;

describe('a message with more than one reading is refused, and nothing behind it is read', () => {
  test.each([
    ['length and coding', post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 6', 'hello')],
    ['the same length twice', post('Content-Length: 5\r\nContent-Length: 5', 'hello')],
    ['a list of lengths', post('Content-Length: 5, 5', 'hello')],
    ['a signed length', post('Content-Length: +5', 'hello')],
    ['a length in hexadecimal', post('Content-Length: 0x5', 'hello')],
    ['an unknown coding', post('Transfer-Encoding: xchunked', '0\r\n\r\n')],
    ['two codings', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n')],
    ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['chunked, chunked', post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n')],
    ['identity', post('Transfer-Encoding: identity', '')],
    ['a space before the colon', post('Transfer-Encoding : chunked', '0\r\n\r\n')],
    ['a tab before the coding', post('Transfer-Encoding:\tchunked, identity', '0\r\n\r\n')],
    ['a folded field', post('X: a\r\n b', '')],
    ['bare line feeds', `GET /open/x HTTP/1.1\nHost: ${HOST}\n\n`],
    ['a bare carriage return', `GET /open/x HTTP/1.1\r\nHost: ${HOST}\r\nX: a\rb\r\n\r\n`],
    ['NUL in a value', `GET /open/x HTTP/1.1\r\nHost: ${HOST}\r\nX: a\0b\r\n\r\n`],
    ['a name that is no token', `GET /open/x HTTP/1.1\r\nHost: ${HOST}\r\nX(: a\r\n\r\n`],
    ['an empty name', `GET /open/x HTTP/1.1\r\nHost: ${HOST}\r\n: a\r\n\r\n`],
    ['HTTP/1.0 with a coding', `POST /open/x HTTP/1.0\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two hosts', `GET /open/x HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${HOST}\r\n\r\n`],
    ['no host', 'GET /open/x HTTP/1.1\r\n\r\n'],
    ['an empty host', 'GET /open/x HTTP/1.1\r\nHost:\r\n\r\n'],
    ['two names in one host', `GET /open/x HTTP/1.1\r\nHost: ${HOST}, evil.example\r\n\r\n`],
    ['user information', `GET /open/x HTTP/1.1\r\nHost: a@${HOST}\r\n\r\n`],
    ['a foreign absolute target', `GET http://evil.example/open/x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
    ['HTTP/2.0', `GET /open/x HTTP/2.0\r\nHost: ${HOST}\r\n\r\n`],
    ['HTTP/1.10', `GET /open/x HTTP/1.10\r\nHost: ${HOST}\r\n\r\n`],
    ['http/1.1', `GET /open/x http/1.1\r\nHost: ${HOST}\r\n\r\n`],
    ['HTTP/0.9', 'GET /open/x\r\n\r\n'],
    ['an encoded slash', head('GET /open/a%2fb')],
    ['a dot segment', head('GET /open/../salary')],
    ['a dot segment with parameters', head('GET /open/..;/salary')],
    ['a backslash', head('GET /open\\x')],
    ['two slashes', head('GET //open/x')],
    ['the reserved path in disguise', head('GET /%5fsumun/login')],
    ['chunk size with a sign', post('Transfer-Encoding: chunked', '+5\r\nhello\r\n0\r\n\r\n')],
    ['chunk size with a prefix', post('Transfer-Encoding: chunked', '0x5\r\nhello\r\n0\r\n\r\n')],
    ['chunk size too long', post('Transfer-Encoding: chunked', `${'f'.repeat(17)}\r\nhello`)],
    ['no line end behind a chunk', post('Transfer-Encoding: chunked', '5\r\nhelloX0\r\n\r\n')],
  ])('%s: 400 and close', async (_, message) => {
    const client = await RawClient.open(gateway.port);
    client.send(message + SMUGGLED);
    const answer = await client.response();
    expect([400, 505]).toContain(answer.status);
    expect(headerValues(answer, 'x-request-id')).toHaveLength(1);
    expect(headerValues(answer, 'connection')).toEqual(['close']);
    await client.untilClosed();
    expect(client.text).toBe('');
    expect(gateway.recorder.bytes).not.toContain('smuggled');
    expect(gateway.recorder.bytes).not.toMatch(/0\r\n\r\n$/);
  });

  test.each(['CONNECT', 'TRACE', 'TRACK'])('%s: 405', async (method) => {
    const target = method === 'CONNECT' ? `${HOST}:443` : '/open/x';
    const client = await RawClient.open(gateway.port);
    client.send(`${method} ${target} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect((await client.response()).status).toBe(405);
    await client.untilClosed();
    expect(gateway.recorder.bytes).not.toContain(method);
  });
});

describe('limits', () => {
  test('a head over the limit: 431', async () => {
    const answer = await rawRequest(gateway.port, head('GET /open/x', `X: ${'a'.repeat(9000)}`));
    expect(answer.status).toBe(431);
  });

  test('more than 200 fields: 431, and none is cut off silently', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1`);
    expect((await rawRequest(gateway.port, head('GET /open/x', ...fields(201)))).status).toBe(431);
    gateway.recorder.forget();
    expect((await rawRequest(gateway.port, head('GET /open/x', ...fields(199)))).status).toBe(200);
    expect(gateway.recorder.bytes).toContain('X-198: 1');
  });

  test('a head that does not come in time: 408', async () => {
    const client = await RawClient.open(gateway.port);
    client.send('GET /open/x HTTP/1.1\r\nHost:');
    expect((await client.response()).status).toBe(408);
    await client.untilClosed();
  });

  test('a body at its limit passes, over it: 413, with a length or in chunks', async () => {
    const sized = (bytes: number) =>
      rawRequest(gateway.port, `${head('POST /small/x', `Content-Length: ${bytes}`)}${'x'.repeat(bytes)}`);
    expect((await sized(10)).status).toBe(200);
    expect((await sized(11)).status).toBe(413);
    gateway.recorder.script = () => {};
    const chunks = `${head('POST /small/x', 'Transfer-Encoding: chunked')}b\r\n${'x'.repeat(11)}\r\n`;
    expect((await rawRequest(gateway.port, chunks)).status).toBe(413);
  });

  test('more requests than a route allows: 429 with Retry-After', async () => {
    const one = () => rawRequest(gateway.port, head('GET /rated/x'));
    for (let count = 0; count < 3; count++) expect((await one()).status).toBe(200);
    const answer = await one();
    expect(answer.status).toBe(429);
    expect(headerValues(answer, 'retry-after')).toEqual(['20']);
    gateway.time.now += 20_000;
    expect((await one()).status).toBe(200);
    expect((await one()).status).toBe(429);
  });
});

describe('answers of ours', () => {
  test.each([
    ['/barred/x', 403],
    ['/moved', 302],
    ['/static', 200],
  ])('%s: %i', async (path, status) => {
    const answer = await rawRequest(gateway.port, head(`GET ${path}`));
    expect(answer.status).toBe(status);
    expect(headerValues(answer, 'cache-control')).toEqual(['no-store']);
    expect(headerValues(answer, 'x-request-id')).toHaveLength(1);
  });

  test('a host nobody serves: 421; the reserved path on it as well', async () => {
    const elsewhere = (path: string) => rawRequest(gateway.port, `GET ${path} HTTP/1.1\r\nHost: other.example\r\n\r\n`);
    expect((await elsewhere('/')).status).toBe(421);
    expect((await elsewhere('/_sumun/login')).status).toBe(421);
  });

  test('the body of a request answered early is drained and the next one is read', async () => {
    const client = await RawClient.open(gateway.port);
    client.send(`${head('POST /barred/x', 'Content-Length: 9')}GET / HTT${head('GET /open/x')}`);
    expect((await client.response()).status).toBe(403);
    expect((await client.response()).body).toBe('hello');
    client.destroy();
  });

  test.each([
    ['long', 'Content-Length: 70000', SMUGGLED],
    ['without a known end', 'Transfer-Encoding: chunked', `5\r\nhello\r\n`],
  ])('a body answered early that is %s ends the connection', async (_, field, body) => {
    const client = await RawClient.open(gateway.port);
    client.send(head('POST /barred/x', field) + body);
    const answer = await client.response();
    expect(answer.status).toBe(403);
    expect(headerValues(answer, 'connection')).toEqual(['close']);
    await client.untilClosed();
    expect(gateway.recorder.bytes).toBe('');
  });

  test('people get a page, programs a problem document (RFC 9457)', async () => {
    const page = await rawRequest(gateway.port, head('GET /barred/x', 'Accept: text/html'));
    expect(headerValues(page, 'content-type')[0]).toMatch(/^text\/html/);
    const document = await rawRequest(gateway.port, head('GET /barred/x', 'Accept: */*'));
    expect(headerValues(document, 'content-type')).toEqual(['application/problem+json']);
    const script = await rawRequest(gateway.port, head('GET /barred/x', 'Accept: text/html', 'Sec-Fetch-Mode: cors'));
    expect(headerValues(script, 'content-type')).toEqual(['application/problem+json']);
  });

  test('refusals are in the audit trail with the number of the request', async () => {
    const answer = await rawRequest(gateway.port, head('GET /barred/x?token=secret', 'Accept: */*'));
    const { request } = JSON.parse(answer.body);
    await gateway.gate.audit.close();
    const [record] = await gateway.house.audit.read({ limit: 1, request });
    expect(record).toMatchObject({ kind: 'access.denied', reason: 'rule-denies', route: 'barred' });
    expect(JSON.stringify(record)).not.toContain('secret');
    await gateway.house.requests.flush();
    expect(await gateway.house.requests.find(request)).toMatchObject({ status: 403, outcome: 'deny rule-denies' });
  });
});

describe('requests in one go', () => {
  test('are answered in their order', async () => {
    gateway.recorder.script = (connection, fresh) => {
      const path = /\/open\/(\w)/.exec(fresh)?.[1] ?? '';
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${path}`;
      setTimeout(() => connection.socket.write(answer), path === 'a' ? 60 : 0);
    };
    const client = await RawClient.open(gateway.port);
    client.send(head('GET /open/a') + head('GET /open/b') + head('GET /open/c'));
    const bodies = [await client.response(), await client.response(), await client.response()].map(({ body }) => body);
    expect(bodies.join('')).toBe('abc');
    client.destroy();
  });
});

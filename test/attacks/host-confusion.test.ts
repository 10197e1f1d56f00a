/**
 * The attacker names the host in ways that two programs read differently, or asks for what only a forward proxy does.
 * They must see 400, 405 or 421, and a decision that does not depend on how a host is spelled.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { sendRaw } from '../support/wire.ts';

let upstream: Recorder;
let gate: GateFixture;

beforeAll(async () => {
  upstream = await startRecorder();
  const many = Array.from({ length: 1000 }, (_, index) => `h${index}.test`).join(', ');
  gate = await startGate(`
routes:
  - { name: strict, host: app.test, path: [/secret/], to: "${upstream.url}", auth: deny }
  - { name: app, host: app.test, to: "${upstream.url}", auth: bypass }
  - { name: many, host: [${many}], path: [/secret/], to: "${upstream.url}", auth: deny }
  - { name: wild, host: "*.corp.test", to: "${upstream.url}", auth: bypass }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => upstream.clear());

const statusOf = async (request: string): Promise<number> =>
  (await sendRaw(gate.port, Buffer.from(request, 'latin1'), { quiet: 1000 })).responses[0]?.status ?? 0;
const withHost = (host: string, path = '/') =>
  statusOf(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

describe('HOST-1 a Host that is not one host is 400', () => {
  test.each([
    '',
    'a,b',
    'app.test:99999',
    'app.test:80@evil',
    'app.test/x',
    '[::1',
    'app_x.test',
    'app.test:',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(130)}test`,
    'h\xe4.test',
    'app..test',
    '.app.test',
    'app.test app.test',
    'app.test\x01',
  ])('%j', async (host) => {
    expect(await withHost(host)).toBe(400);
    expect(upstream.requests).toEqual([]);
  });

  test('none, or two', async () => {
    expect(await statusOf('GET / HTTP/1.1\r\n\r\n')).toBe(400);
    expect(await statusOf('GET / HTTP/1.1\r\nHost: app.test\r\nHost: app.test\r\n\r\n')).toBe(400);
    expect(await statusOf('GET / HTTP/1.1\r\nHost: app.test\r\nhost: evil.test\r\n\r\n')).toBe(400);
  });

  test.each(['evil.test', 'app.test.evil.test', 'xapp.test', 'corp.test', 'xn--h-cga.test', '127.0.0.1', '[::1]:80'])(
    'a host nobody serves is 421: %s',
    async (host) => {
      expect(await withHost(host)).toBe(421);
      expect(upstream.requests).toEqual([]);
    },
  );
});

test('G019 case, default port and trailing dot change nothing, with one or a thousand hosts', async () => {
  for (const host of [
    'app.test',
    'APP.TEST',
    'App.test.',
    'app.test:80',
    'app.test.:80',
    'app.test:443',
    'H7.Test',
    'h999.test.:80',
  ]) {
    expect(await withHost(host, '/secret/x'), host).toBe(403);
  }
  expect(upstream.requests).toEqual([]);
  expect(await withHost('X.CORP.test.')).toBe(200);
});

describe('HOST-3 forms of a request target that are not ours', () => {
  test.each([
    ['CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\n\r\n', 405],
    ['TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n', 405],
    ['TRACK / HTTP/1.1\r\nHost: app.test\r\n\r\n', 405],
    ['GET * HTTP/1.1\r\nHost: app.test\r\n\r\n', 400],
    ['GET http://evil.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n', 400],
    ['GET https://app.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n', 400],
    ['GET http://user@app.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n', 400],
    ['GET app.test HTTP/1.1\r\nHost: app.test\r\n\r\n', 400],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ])('%j → %i', async (request, status) => {
    expect([status, 405]).toContain(await statusOf(request));
    expect(upstream.requests).toEqual([]);
  });

  test('* is a target of OPTIONS alone, decided on and sent on as the root', async () => {
    const status = await statusOf('OPTIONS * HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n');
    expect(status).toBe(200);
    expect(upstream.requests.map(({ requestLine }) => requestLine)).toEqual(['OPTIONS / HTTP/1.1']);
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PROPFIND']) {
      expect(await statusOf(`${method} * HTTP/1.1\r\nHost: app.test\r\n\r\n`), method).toBe(400);
    }
  });

  test('absolute form of the served host is the same request, sent on in origin form', async () => {
    expect(await statusOf('GET http://app.test/x?y HTTP/1.1\r\nHost: app.test\r\n\r\n')).toBe(200);
    expect(upstream.requests[0]?.requestLine).toBe('GET /x?y HTTP/1.1');
  });
});

test('G066 CONNECT is refused and its connection ends', async () => {
  const { responses, closed } = await sendRaw(
    gate.port,
    'CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\n\r\nGET / HTTP/1.1\r\nHost: app.test\r\n\r\n',
    { quiet: 400 },
  );
  expect([responses.length, responses[0]?.status, closed]).toEqual([1, 405, true]);
});

test('G025 debugging, metrics and status pages are nowhere on the public listener', async () => {
  for (const path of [
    '/debug',
    '/debug/pprof',
    '/metrics',
    '/healthz',
    '/readyz',
    '/status',
    '/json',
    '/_sumun/metrics',
    '/_sumun/healthz',
    '/_sumun/debug',
  ]) {
    const status = await withHost('h1.test', path);
    expect(status, path).toBe(404);
  }
});

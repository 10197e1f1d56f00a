/**
 * The attacker shares a cache with somebody, or frames and reads our pages from a page of their own. They must see no
 * answer that was meant for anybody else, and pages of ours that nothing foreign can hold, script or read.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { expectInert } from '../support/inert-page.ts';
import { headerValues, rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

let upstream: Recorder;
let gate: GateFixture;
let cookie: string;

const FORM = 'application/x-www-form-urlencoded';

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: down, path: [/down/], to: "http://127.0.0.1:1", auth: bypass }
  - { name: denied, path: [/denied/], to: "${upstream.url}", auth: deny }
  - { name: admin, path: [/app/admin/], to: "${upstream.url}", auth: id+otp, allow: { groups: [admin] } }
  - { name: high, path: [/app/high/], to: "${upstream.url}", auth: id+otp+pin }
  - { name: small, path: [/app/small/], to: "${upstream.url}", auth: id+otp, limits: { body: 10B } }
  - { name: moved, path: [/moved/], redirect: /pub/ }
  - { name: gone, path: [/gone/], respond: { status: 410, body: gone } }
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
sessions: { concurrent: { max: 1000 } }
`);
  cookie = await gate.signIn(await gate.person('alice'), '/app/');
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.clear();
  upstream.answer(undefined);
});

/** Every kind of answer that is ours, as a page and as a document. */
const OURS: readonly (readonly [number, string, string, 'in' | 'out'])[] = [
  [200, 'GET', '/_sumun/', 'in'],
  [200, 'GET', '/_sumun/login', 'out'],
  [200, 'GET', '/_sumun/logout', 'in'],
  [200, 'GET', '/_sumun/logout', 'out'],
  [200, 'GET', '/_sumun/session', 'in'],
  [401, 'GET', '/_sumun/session', 'out'],
  [404, 'GET', '/_sumun/resume?k=x', 'in'],
  [404, 'GET', '/_sumun/x', 'out'],
  [404, 'GET', '/nowhere', 'out'],
  [403, 'GET', '/denied/', 'out'],
  [403, 'GET', '/app/admin/', 'in'],
  [502, 'GET', '/down/', 'out'],
  [400, 'GET', '/pub//x', 'out'],
  [405, 'TRACE', '/', 'out'],
  [405, 'PUT', '/_sumun/login', 'out'],
  [413, 'POST', '/app/small/', 'in'],
  [303, 'GET', '/app/', 'out'],
  [303, 'GET', '/app/high/', 'in'],
  [303, 'GET', '/_sumun/', 'out'],
  [303, 'GET', '/_sumun/login', 'in'],
  [403, 'POST', '/_sumun/logout', 'out'],
  [302, 'GET', '/moved/', 'out'],
  [410, 'GET', '/gone/', 'out'],
];

async function askOurs([status, method, path, who]: (typeof OURS)[number], accept: string) {
  const body = method === 'POST' ? 'a=1&b=2&c=3' : '';
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: localhost:${gate.port}`,
    `Accept: ${accept}`,
    'Connection: close',
    ...(who === 'out' ? [] : [`Cookie: ${cookie}`]),
    ...(body === '' ? [] : [`Content-Type: ${FORM}`, `Content-Length: ${body.length}`]),
  ];
  const response = await rawRequest(gate.port, `${lines.join('\r\n')}\r\n\r\n${body}`, method);
  if (accept.includes('html')) expect(response.status, `${method} ${path}`).toBe(status);
  return response;
}

describe.each(['text/html', 'application/json'])('answers of ours to %s', (accept) => {
  test.each(OURS)('CACHE-1 PAGE-1 %i %s %s', async (status, method, path, who) => {
    const response = await askOurs([status, method, path, who], accept);
    const first = (name: string) => headerValues(response, name).join(', ');
    expect(first('cache-control')).toBe('no-store');
    for (const name of [
      'etag',
      'last-modified',
      'expires',
      'age',
      'server',
      'x-powered-by',
      'access-control-allow-origin',
    ])
      expect(first(name), name).toBe('');
    expect(first('x-request-id')).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    const isPage = first('content-type').startsWith('text/html');
    if (isPage || response.status === 303 || first('content-type').includes('problem')) {
      expect([first('x-content-type-options'), first('referrer-policy')]).toEqual(['nosniff', 'no-referrer']);
    }
    if (!isPage) return;
    const policy = first('content-security-policy');
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).toMatch(/form-action 'self'/);
    expect(policy).toMatch(/base-uri 'none'/);
    // Browsers hold the redirect that follows a sign-in to `form-action` too, and it may lead to another host's page.
    expect(policy.replace("form-action 'self' https: http:", '')).not.toMatch(
      /unsafe|script-src|connect-src|https?:|\*/,
    );
    expect(policy).toMatch(/style-src 'sha256-[A-Za-z0-9+/]{43}='/);
    expect([first('x-frame-options'), first('cross-origin-opener-policy'), first('content-type')]).toEqual([
      'DENY',
      'same-origin',
      'text/html; charset=utf-8',
    ]);
    expectInert({ text: response.body }, 'page');
  });
});

test('CACHE-1 bytes that are no request are answered without being cached either', async () => {
  for (const bytes of [
    'GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n',
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`,
  ]) {
    const response = await rawRequest(gate.port, bytes);
    expect([400, 431]).toContain(response.status);
    expect(headerValues(response, 'cache-control')).toEqual(['no-store']);
  }
});

describe('CACHE-1 answers of an application', () => {
  /** What reaches the browser of an answer with these header lines. */
  async function proxied(path: string, lines: readonly string[], session = cookie) {
    upstream.answer(
      () => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}Content-Length: 2\r\n\r\nok`,
    );
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nConnection: close\r\n${session === '' ? '' : `Cookie: ${session}\r\n`}\r\n`;
    const response = await rawRequest(gate.port, request);
    expect(response.status).toBe(200);
    return {
      control: headerValues(response, 'cache-control'),
      vary: headerValues(response, 'vary'),
      etag: headerValues(response, 'etag'),
    };
  }

  test.each([
    [[], ['private'], ['Cookie']],
    [['Cache-Control: max-age=60'], ['max-age=60', 'private'], ['Cookie']],
    [['Cache-Control: s-maxage=60'], ['s-maxage=60', 'private'], ['Cookie']],
    [['Cache-Control: no-cache'], ['no-cache', 'private'], ['Cookie']],
    [['Cache-Control: no-store'], ['no-store'], ['Cookie']],
    [['Cache-Control: no-cache, no-store, must-revalidate'], ['no-cache, no-store, must-revalidate'], ['Cookie']],
    [['Cache-Control: private, max-age=5'], ['private, max-age=5'], ['Cookie']],
    [['Cache-Control: PRIVATE'], ['PRIVATE'], ['Cookie']],
    [['Cache-Control: private="Set-Cookie"'], ['private="Set-Cookie"', 'private'], ['Cookie']],
    [['Cache-Control: max-age=1', 'Cache-Control: private'], ['max-age=1', 'private'], ['Cookie']],
    [['Cache-Control: public, max-age=60'], ['public, max-age=60'], []],
    [['Cache-Control: max-age=60,Public'], ['max-age=60,Public'], []],
    [['Cache-Control: no-cache="x, public"'], ['no-cache="x, public"', 'private'], ['Cookie']],
    [['Cache-Control: x-public=1, max-age=9'], ['x-public=1, max-age=9', 'private'], ['Cookie']],
    [['Cache-Control: public-ish, max-age=9'], ['public-ish, max-age=9', 'private'], ['Cookie']],
    [['Cache-Control: no-storelike'], ['no-storelike', 'private'], ['Cookie']],
    [['Vary: Accept-Encoding'], ['private'], ['Accept-Encoding', 'Cookie']],
    [['Vary: accept, COOKIE'], ['private'], ['accept, COOKIE']],
    [['Vary: *'], ['private'], ['*']],
    [['Vary: Cookie-Preference'], ['private'], ['Cookie-Preference', 'Cookie']],
    [['Expires: Thu, 01 Jan 2099 00:00:00 GMT'], ['private'], ['Cookie']],
  ])('behind a sign-in: %j → Cache-Control %j, Vary %j', async (lines, control, vary) => {
    const seen = await proxied('/app/x', lines);
    expect([seen.control, seen.vary]).toEqual([control, vary]);
  });

  test('an application’s own ETag stays, and without a sign-in nothing is touched', async () => {
    expect((await proxied('/app/x', ['ETag: "1"'])).etag).toEqual(['"1"']);
    for (const session of ['', cookie]) {
      expect(await proxied('/pub/x', ['ETag: "1"'], session)).toEqual({ control: [], vary: [], etag: ['"1"'] });
      expect((await proxied('/pub/x', ['Cache-Control: max-age=60'], session)).control).toEqual(['max-age=60']);
    }
  });

  test('an address that looks like a picture or a style sheet is not what a shared cache may keep', async () => {
    for (const path of [
      '/app/x.css',
      '/app/x;.js',
      '/app/x%0a.png',
      '/app/x%00.png',
      '/app/admin/..%2fx.css',
      '/app/x.js%3f.css',
      '/app/x.ico?y.css',
    ]) {
      const request = (who: string) =>
        `GET ${path} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nAccept: text/html\r\nConnection: close\r\n${who}\r\n`;
      const mine = await rawRequest(gate.port, request(`Cookie: ${cookie}\r\n`));
      expect(headerValues(mine, 'cache-control').join(), path).toMatch(/private|no-store/);
      const theirs = await rawRequest(gate.port, request(''));
      expect([303, 400], path).toContain(theirs.status);
      expect(theirs.body, path).not.toContain(upstream.canary);
    }
  });
});

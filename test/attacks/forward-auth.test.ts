/**
 * The attacker sends a browser's request through a proxy that asks us about it, and wants a yes for another request than
 * the one that will be served. Whatever a browser can put into the question must not turn it into a yes.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST } from '../gateway/fixture.ts';
import { asked, CLOSED, type Door, OPEN, openDoor, questionText } from '../gateway/forward-auth/fixture.ts';
import { headerValues, rawRequest } from '../support/raw-client.ts';

const ASKERS = ['nginx', 'traefik', 'caddy', 'envoy', 'haproxy'] as const;

let door: Door;
let cookie = '';
beforeAll(async () => {
  const admins = { users: [], groups: ['admins'], networks: [], schedules: [], exceptUsers: [], exceptGroups: [] };
  const admin = asked({ name: 'admin', paths: [{ kind: 'prefix', path: '/admin/' }], allow: admins });
  door = await openDoor([OPEN, admin, { ...CLOSED, paths: [{ kind: 'prefix', path: '/app/' }] }]);
  cookie = await door.signIn('alice');
});
afterAll(() => door.stop());

/** Spellings of a path that a rule and an application may read differently. */
const PATHS = [
  ...['/open/../app/x', '/open/%2e%2e/app/x', '/open/..%2fapp/x', '/open/%252e%252e/app/x', '/open//../app/x'],
  ...['/open/./../app', '/open/..;/app/x', '/open/..%3b/app/x', '/open/.%2e/app/x', '/open/..%5capp', '/open\\..\\app'],
  ...['/app/secret#/open/a', '/app/secret%23/open/a', '/open/%23/../../app/x', '/app%2Fx', '/app%3Bx', '/app%00'],
  ...[
    '/app/x;/open/a',
    '/app/x?/open/a',
    '/app/x?y=/open/a',
    '//open/a',
    '///open/a',
    '/open//a',
    '/%',
    '/%zz',
    '/%u0041',
  ],
  ...[
    '/open/%c0%af',
    '/open/%ed%a0%80',
    '/open/．．／app',
    '/open/%ef%bc%8e%ef%bc%8e/app',
    '/open/a%20',
    '/open/a%0d%0aX:%20y',
  ],
  `/open/${'a'.repeat(9000)}`,
];

describe('a question', () => {
  test.each(ASKERS)(
    'G005 G011 G014 G040 G057 G076 G085 of %s about a path with two readings is no yes',
    async (asker) => {
      for (const path of PATHS) {
        const raw = Buffer.from(questionText({ asker, path }), 'utf8').toString('latin1');
        expect((await rawRequest(door.asks, raw)).status, path.slice(0, 80)).toBeGreaterThanOrEqual(400);
      }
    },
  );

  test.each(ASKERS)('PATH-2 of %s for somebody who may not never says yes to it in another spelling', async (asker) => {
    const tricks = ['', '%2e/', './', '.%2e/', '..;/', '..%2f', '%2e%2e/', ';x=1/', '%20/', '%5c', '//'];
    for (const trick of tricks) {
      for (const path of [`/${trick}admin/`, `/app/${trick}../admin/`, `/open/${trick}../admin/x`, `/admin/${trick}`]) {
        const { status } = await door.ask({ asker, path, fields: [`Cookie: ${cookie}`] });
        expect(status, path).toBeGreaterThanOrEqual(400);
      }
    }
  });

  test('G014 with any bytes in it is answered, and never with a yes', async () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((each) => String.fromCharCode(each)),
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ASKERS), bytes, async (asker, text) => {
        const path = `/app/${text.replace(/[\r\n\0]/g, '')}`;
        const { status } = await rawRequest(door.asks, questionText({ asker, path }));
        expect(status).toBeGreaterThanOrEqual(400);
      }),
      { numRuns: 150 },
    );
  });

  test('G036 with a cookie nobody was given opens nothing', async () => {
    const [, value = ''] = cookie.split('=');
    const wrong = fc.oneof(
      fc.constantFrom(
        `${cookie}; ${cookie}`,
        `${cookie}x`,
        cookie.slice(0, -1),
        `sumun=${'x'.repeat(8192)}`,
        `__Host-${cookie}`,
      ),
      fc.string({ unit: fc.constantFrom(...'abAB09-_;= "%'), maxLength: 60 }).map((text) => `sumun=${text}`),
      fc
        .nat({ max: value.length - 1 })
        .map((at) => `sumun=${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`),
    );
    await fc.assert(
      fc.asyncProperty(wrong, async (field) => {
        const answer = await door.ask({ path: '/app/', fields: [`Cookie: ${field}`] });
        expect(answer.status).toBe(401);
        expect(headerValues(answer, 'x-sumun-user')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test.each(ASKERS)(
    'G010 G041 of %s with a second word on method, path, host, scheme or client is refused',
    async (asker) => {
      const seconds = {
        nginx: ['X-Original-URL: http://hr.corp.example/open/', 'X-Original-Method: OPTIONS'],
        envoy: [`Host: ${HOST}`, 'X-Forwarded-Proto: http'],
        traefik: [],
        caddy: [],
        haproxy: [],
      }[asker];
      const forwarded = [
        ...['X-Forwarded-Uri: /open/', 'X-Forwarded-Method: OPTIONS', 'X-Forwarded-Host: hr.corp.example'],
        ...['X-Forwarded-Proto: http', 'X-Forwarded-For: 192.0.2.1'],
      ];
      for (const second of seconds.length > 0 ? [...seconds, 'X-Forwarded-For: 192.0.2.1'] : forwarded) {
        for (const path of ['/open/', '/app/']) {
          const answer = await door.ask({ asker, path, fields: [second, `Cookie: ${cookie}`] });
          expect(answer.status, second).toBe(403);
        }
      }
    },
  );

  test('G010 FWD-1 is read from the headers of its endpoint alone', async () => {
    const lies = [
      ...['X-Original-URL: http://hr.corp.example/open/', 'X-Original-URI: /open/', 'X-Rewrite-URL: /open/'],
      ...['X-Original-Method: OPTIONS', 'X-HTTP-Method-Override: OPTIONS', 'X-Forwarded-Path: /open/'],
      ...['Forwarded: for=203.0.113.9;host=evil.test', 'X_Forwarded_Uri: /open/', 'X.Forwarded.Uri: /open/'],
    ];
    for (const lie of lies) expect((await door.ask({ path: '/app/', fields: [lie] })).status, lie).toBe(401);
    const others = ['X-Forwarded-Uri: /open/', 'X-Forwarded-Method: OPTIONS', 'X-Forwarded-Host: other.example'];
    for (const lie of others) {
      expect((await door.ask({ asker: 'nginx', path: '/app/', fields: [lie] })).status, lie).toBe(401);
      expect((await door.ask({ asker: 'envoy', path: '/app/', fields: [lie] })).status, lie).toBe(401);
    }
  });

  test('HDR-1 G006 G046 G062 with a header in our name in a spelling of its own is refused, in ours it is overruled', async () => {
    const names = ['X-Sumun-User', 'X-Sumun-Groups', 'X-Sumun-Assertion', 'Remote-User'];
    const signs = ['_', '.', '~', '!', '#', '$', '%', '&', "'", '*', '+', '^', '`', '|'];
    for (const path of ['/open/', '/app/']) {
      for (const name of names) {
        for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
          const answer = await door.ask({ path, fields: [`${spelling}: root1`, `Cookie: ${cookie}`] });
          expect(answer.status, spelling).toBe(200);
          expect(answer.rawHeaders, spelling).not.toContain('root1');
        }
        for (const sign of signs) {
          for (const spelling of [name.replaceAll('-', sign), name.replace('-', sign)]) {
            const answer = await door.ask({ path, fields: [`${spelling}: root1`, `Cookie: ${cookie}`] });
            expect(answer.status, spelling).toBe(403);
          }
        }
      }
    }
  });

  test('G019 G085 about a host in another spelling is decided alike, and about one we do not serve is no yes', async () => {
    for (const host of ['HR.CORP.EXAMPLE', 'hr.corp.example.', 'hr.corp.example:80', 'hr.corp.example.:80']) {
      expect((await door.ask({ path: '/app/', host })).status, host).toBe(401);
    }
    const bad = [
      '',
      'a,b',
      `${HOST}:99999`,
      `${HOST}:80@evil`,
      'user@hr.corp.example',
      'evil.test',
      `${HOST}, evil.test`,
      '[::1',
    ];
    for (const asker of ASKERS) {
      for (const host of bad) expect((await door.ask({ asker, path: '/open/', host })).status, host).toBe(403);
    }
  });

  test('HOST-3 about CONNECT or TRACE, or a method that is no token, is no yes', async () => {
    for (const method of ['CONNECT', 'TRACE', 'TRACK', 'trace', 'G ET', 'GET/', 'GET,POST', '"']) {
      for (const asker of ['nginx', 'traefik'] as const) {
        expect((await door.ask({ asker, path: '/open/', method })).status, method).toBe(403);
      }
    }
  });

  test('REDIR-1 leads to the sign-in of its own host, whatever its path is', async () => {
    for (const path of [
      '//evil.test/',
      '/\\evil.test',
      '/%5Cevil.test',
      '/%09/evil.test',
      '/@evil.test',
      '/app/https:evil.test',
    ]) {
      const answer = await door.ask({ path, fields: ['Accept: text/html'] });
      const [location] = headerValues(answer, 'location');
      if (location !== undefined) expect(new URL(location).host, path).toBe(HOST);
    }
  });

  test('CACHE-1 is never answered for a cache', async () => {
    for (const about of [
      { path: '/open/' },
      { path: '/app/' },
      { path: '/app/', fields: ['Accept: text/html'] },
      { path: '/app/', fields: [`Cookie: ${cookie}`] },
      { path: '/admin/', fields: [`Cookie: ${cookie}`] },
      { path: '/nowhere' },
    ]) {
      const answer = await door.ask(about);
      expect([headerValues(answer, 'cache-control'), headerValues(answer, 'etag')], about.path).toEqual([
        ['no-store'],
        [],
      ]);
    }
  });

  test('G008 from a health check of some cloud is a question like any other', async () => {
    for (const agent of ['kube-probe/1.30', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0', '']) {
      expect((await door.ask({ path: '/app/', fields: [`User-Agent: ${agent}`] })).status, agent).toBe(401);
    }
  });

  test('SMUG-1 with two readings of its own length is not answered', async () => {
    const text = questionText({ path: '/open/', fields: ['Content-Length: 5', 'Transfer-Encoding: chunked'] });
    expect((await rawRequest(door.asks, `${text}0\r\n\r\n`)).status).toBe(400);
  });

  test('with a body ends its connection, so that nothing behind it is taken for another', async () => {
    const answer = await rawRequest(
      door.asks,
      `${questionText({ path: '/open/', fields: ['Content-Length: 5'] })}hello`,
    );
    expect([answer.status, headerValues(answer, 'connection')]).toEqual([200, ['close']]);
  });
});

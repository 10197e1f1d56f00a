import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Question, readQuestion } from '../../../src/gateway/forward-auth/question.ts';

const ASKED = { method: 'GET', url: '/auth/traefik', rawHeaders: [] as readonly string[] };
const FORWARDED = [
  ...['X-Forwarded-Method', 'POST', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'hr.corp.example'],
  ...['X-Forwarded-Uri', '/a?b=1', 'X-Forwarded-For', '192.0.2.1'],
];
const ORIGINAL = [
  ...['X-Original-Method', 'POST', 'X-Original-URL', 'https://hr.corp.example/a?b=1', 'X-Forwarded-For', '192.0.2.1'],
];
const read = (url: string, rawHeaders: readonly string[], method = 'GET') =>
  readQuestion({ ...ASKED, url, method, rawHeaders });
const POST: Omit<Question, 'asker'> = {
  method: 'POST',
  target: '/a?b=1',
  host: 'hr.corp.example',
  scheme: 'https',
  chain: '192.0.2.1',
};

describe('a question', () => {
  test.each(['traefik', 'caddy', 'haproxy'] as const)('of %s is in X-Forwarded-*', (asker) => {
    expect(read(`/auth/${asker}`, FORWARDED)).toEqual({ ok: true, value: { asker, ...POST } });
    expect(read(`/auth/${asker}?b=1`, FORWARDED)).toEqual({ ok: true, value: { asker, ...POST } });
  });

  test('of nginx is in X-Original-*', () => {
    expect(read('/auth/nginx', ORIGINAL)).toEqual({ ok: true, value: { asker: 'nginx', ...POST } });
  });

  test('of Envoy is the sub-request itself, behind our endpoint', () => {
    const fields = ['Host', 'hr.corp.example', 'X-Forwarded-Proto', 'https', 'X-Forwarded-For', '192.0.2.1'];
    expect(read('/auth/envoy/a?b=1', fields, 'POST')).toEqual({ ok: true, value: { asker: 'envoy', ...POST } });
    const bare = read('/auth/envoy/', ['Host', 'a']);
    expect(bare).toEqual({
      ok: true,
      value: { asker: 'envoy', method: 'GET', target: '/', host: 'a', scheme: 'http', chain: undefined },
    });
  });

  test.each([
    '/',
    '/auth',
    '/auth/',
    '/auth/nginx/',
    '/auth/NGINX',
    '/auth/envoy',
    '/auth/apache',
    '/auth/nginx%20',
    '//auth/nginx',
    '/auth/../auth/nginx',
    'http://x/auth/nginx',
    '*',
  ])('at %s is none', (url) => {
    expect(read(url, [...FORWARDED, ...ORIGINAL, 'Host', 'a'])).toEqual({ ok: false, error: 'unknown-endpoint' });
  });

  const required = [
    ...['nginx'].flatMap((asker) => [0, 2, 4].map((at) => [asker, at, ORIGINAL] as const)),
    ...['traefik', 'caddy', 'haproxy'].flatMap((asker) => [0, 2, 4, 6, 8].map((at) => [asker, at, FORWARDED] as const)),
  ];
  test.each(required.map(([asker, at, fields]) => [asker, fields[at] ?? '', at, fields] as const))(
    'of %s without %s, or with two or an empty one, is refused',
    (asker, name, at, fields) => {
      const without = fields.toSpliced(at, 2);
      expect(read(`/auth/${asker}`, without)).toEqual({ ok: false, error: 'header-missing' });
      expect(read(`/auth/${asker}`, fields.with(at + 1, ''))).toEqual({ ok: false, error: 'header-missing' });
      const twice = [...fields, name.toLowerCase(), fields[at + 1] ?? ''];
      expect(read(`/auth/${asker}`, twice)).toEqual({ ok: false, error: 'header-repeated' });
    },
  );

  test.each([
    'hr.corp.example/a',
    '/a',
    'ftp://hr.corp.example/a',
    'https:///a',
    'https://hr.corp.example',
    'https://hr.corp.example?b',
    'https:/hr.corp.example/a',
    ' https://hr.corp.example/a',
  ])('of nginx for %j is refused', (url) => {
    expect(read('/auth/nginx', ORIGINAL.with(3, url))).toEqual({ ok: false, error: 'header-malformed' });
  });

  test.each([
    ['X-Forwarded-Proto', 3, ['gopher', 'https,http', 'https://', '']],
    ['X-Forwarded-Uri', 7, ['a', 'http://evil.test/a', '*', ' /a']],
  ] as const)('with a bad %s is refused', (_, at, values) => {
    for (const value of values) expect(read('/auth/caddy', FORWARDED.with(at, value)).ok).toBe(false);
  });

  test('about a WebSocket may name its scheme by its own name', () => {
    for (const [proto, scheme] of [
      ['ws', 'http'],
      ['wss', 'https'],
      ['HTTPS', 'https'],
    ] as const) {
      expect(read('/auth/traefik', FORWARDED.with(3, proto))).toMatchObject({ ok: true, value: { scheme } });
    }
  });

  test('never breaks, whatever the headers are', () => {
    const names = [...FORWARDED, ...ORIGINAL, 'Host'].filter((text) => /^(?:X-|Host)/.test(text));
    const pairs = fc.array(fc.tuple(fc.constantFrom(...names), fc.string()));
    const endpoints = fc.constantFrom('nginx', 'traefik', 'caddy', 'haproxy', 'envoy/x');
    fc.assert(
      fc.property(endpoints, pairs, (endpoint, fields) => {
        const found = read(`/auth/${endpoint}`, fields.flat());
        if (found.ok) expect(found.value.target.startsWith('/')).toBe(true);
      }),
    );
  });
});

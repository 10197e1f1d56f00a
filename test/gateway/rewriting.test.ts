import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rewrite } from '../../src/core/access/route.ts';
import { canonicalise } from '../../src/core/access/target.ts';
import { rewriteCookie } from '../../src/gateway/app-cookies.ts';
import { rewriteLinks, rewriteReference, rewriteRefresh } from '../../src/gateway/own-address.ts';
import { applicationPath, browserPath } from '../../src/gateway/prefixes.ts';
import { route } from '../support/policies.ts';

type Scene = { readonly at?: string; readonly hosts?: readonly string[] } & Partial<Rewrite>;

function facts({ at = 'http://hr.corp.example/app/page', hosts = ['10.0.5.20:8080'], ...rewrite }: Scene = {}) {
  const [, scheme = 'http', host = '', path = '/'] = /^(https?):\/\/([^/]+)(.*)$/.exec(at) ?? [];
  const secure = scheme === 'https' ? 'https' : 'http';
  const read = canonicalise({ method: 'GET', target: path, hosts: [host], scheme: secure });
  if (!read.ok) throw new Error(read.error.code);
  return {
    route: route({ rewrite: { ...route().rewrite, ...rewrite } }),
    target: read.value,
    upstreamHosts: () => hosts,
    ownCookies: new Set(['sumun']),
  };
}

const TLS = 'https://hr.corp.example/app/page';
const HIGH = 'http://hr.corp.example:8080/';
const MOUNTED = { at: 'http://hr.corp.example/hr/app/page', stripPrefix: '/hr' };
const CONTEXT = { addPrefix: '/erp' };

describe('a reference of the application to itself', () => {
  test.each<[string, string, string, Scene]>([
    ['its target', 'http://10.0.5.20:8080/x?a=1#b', 'http://hr.corp.example/x?a=1#b', {}],
    ['its target, to a browser that speaks https', 'http://10.0.5.20:8080/x', 'https://hr.corp.example/x', { at: TLS }],
    ['https of its own, to a browser that does not', 'https://app/x', 'http://hr.corp.example/x', { hosts: ['app'] }],
    [
      'http of its own behind TLS it ends itself',
      'http://app/x',
      'https://hr.corp.example/x',
      { hosts: ['app'], at: TLS },
    ],
    [
      'a port of TLS that is not usual',
      'https://app:8443/x',
      TLS.replace('app/page', 'x'),
      { hosts: ['app:8443'], at: TLS },
    ],
    [
      'any of several targets',
      'http://10.0.5.21:8080/x',
      'http://hr.corp.example/x',
      { hosts: ['a:1', '10.0.5.21:8080'] },
    ],
    ['the browser’s host with the target’s port', 'http://hr.corp.example:8080/x', 'http://hr.corp.example/x', {}],
    ['the browser’s host without its port', 'http://hr.corp.example/x', `${HIGH}x`, { at: HIGH }],
    ['the scheme left out', '//10.0.5.20:8080/x', 'http://hr.corp.example/x', {}],
    [
      'a name it gives itself',
      'http://erp01:7001/x',
      'http://hr.corp.example/x',
      { names: [{ host: 'erp01', port: 7001 }] },
    ],
    [
      'such a name without a port',
      'https://erp01/x',
      'http://hr.corp.example/x',
      { names: [{ host: 'erp01', port: undefined }] },
    ],
    ['no path', 'http://10.0.5.20:8080', 'http://hr.corp.example/', {}],
    ['only a query', 'http://10.0.5.20:8080?a', 'http://hr.corp.example/?a', {}],
    ['IPv6', 'http://[fd00::1]:8080/x', 'http://hr.corp.example/x', { hosts: ['[fd00::1]:8080'] }],
    ['below a prefix that was taken off', 'http://10.0.5.20:8080/x', 'http://hr.corp.example/hr/x', MOUNTED],
    ['a path below a prefix that was taken off', '/login.do', '/hr/login.do', MOUNTED],
    ['below a prefix that was put on', '/erp/x', '/x', CONTEXT],
    ['outside a prefix that was put on', '/other/x', '/other/x', CONTEXT],
    ['a path that climbs', '../../x', '/hr/x', MOUNTED],
    ['a path that climbs out of what was put on', '../../erp/z?q', '/z?q', CONTEXT],
    ['a relative path', 'next.do?a', 'next.do?a', MOUNTED],
    ['only a query, relative', '?a', '?a', MOUNTED],
  ])('%s: %s', (_, value, expected, scene) => {
    expect(rewriteReference(value, facts(scene))).toBe(expected);
  });

  test.each([
    'http://www.example.org/x',
    'http://10.0.5.20:9090/x',
    'http://10.0.5.20.evil.test:8080/x',
    'http://user@10.0.5.20:8080/x',
    'http://10.0.5.20:8080\\@evil.test/',
    'ftp://10.0.5.20:8080/x',
    'mailto:kim@corp.example',
    'javascript:alert(1)',
    '',
  ])('elsewhere stays as it is: %s', (value) => {
    expect(rewriteReference(value, facts())).toBe(value);
    expect(rewriteReference(value, facts(MOUNTED))).toBe(value);
  });

  test('with location: keep nothing is touched', () => {
    for (const value of ['/x', 'http://10.0.5.20:8080/x', '../x'])
      expect(rewriteReference(value, facts({ ...MOUNTED, location: 'keep' }))).toBe(value);
  });
});

describe('Refresh and Link', () => {
  test.each([
    ['5; url=http://10.0.5.20:8080/x', '5; url=http://hr.corp.example/hr/x'],
    ["0;URL='http://10.0.5.20:8080/x'", "0;URL='http://hr.corp.example/hr/x'"],
    ['0, /x', '0, /hr/x'],
    ['3;url=http://evil.test/', '3;url=http://evil.test/'],
    ['30', '30'],
  ])('Refresh: %s', (value, expected) => {
    expect(rewriteRefresh(value, facts(MOUNTED))).toBe(expected);
  });

  test.each([
    [
      '</a.css>; rel=preload, <http://10.0.5.20:8080/b>; rel="next"',
      '</hr/a.css>; rel=preload, <http://hr.corp.example/hr/b>; rel="next"',
    ],
    ['<http://evil.test/>; title="</x>"', '<http://evil.test/>; title="</x>"'],
  ])('Link: %s', (value, expected) => {
    expect(rewriteLinks(value, facts(MOUNTED))).toBe(expected);
  });
});

describe('a rewritten reference', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '\\',
      '..',
      '.',
      '\t',
      ' ',
      '@',
      ':',
      '?',
      '#',
      '%2f',
      '%0d%0a',
      'a',
      'evil.test',
      'hr.corp.example',
    ],
    ...['10.0.5.20:8080', '10.0.5.20', 'http:', 'https:', 'javascript:', '/hr', '/erp', ';', '=', '\u00e5\u0098\u008a'],
  );
  const value = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const prefix = fc.constantFrom('', '/hr', '/erp', '/a/b');
  const at = fc.constantFrom(
    'http://hr.corp.example/hr/x',
    'https://hr.corp.example/',
    'http://hr.corp.example:8080/erp/y',
  );

  test('REDIR never leads to another host than it did before, and never anywhere but here if it is changed', () => {
    fc.assert(
      fc.property(value, prefix, prefix, at, (written, stripPrefix, addPrefix, where) => {
        const scene = facts({ at: where, stripPrefix, addPrefix });
        const result = rewriteReference(written, scene);
        if (result === written) return;
        expect(URL.canParse(result, where)).toBe(true);
        expect(new URL(result, where).origin).toBe(new URL(where).origin);
      }),
      { numRuns: 20_000 },
    );
  });

  test('REDIR what climbs to two slashes does not become another host', () => {
    const scene = facts({ at: 'https://hr.corp.example/', addPrefix: '/hr' });
    expect(rewriteReference('..//evil.test/', scene)).toBe('/.//evil.test/');
  });

  test('CRLF-1 holds no octet that ends a line, whatever is encoded in it', () => {
    fc.assert(
      fc.property(value, prefix, at, (written, stripPrefix, where) => {
        const scene = facts({ at: where, stripPrefix });
        for (const rewrite of [rewriteReference, rewriteRefresh, rewriteLinks]) {
          expect(rewrite(written, scene)).not.toMatch(/[\r\n]/);
        }
        expect(rewriteCookie(`a=${written}; Path=${written}; Domain=${written}`, scene) ?? '').not.toMatch(/[\r\n]/);
      }),
      { numRuns: 5000 },
    );
  });

  test('prefixes go there and back', () => {
    const path = fc.array(fc.constantFrom('a', 'hr', 'erp', 'x.do'), { maxLength: 4 }).map((it) => `/${it.join('/')}`);
    fc.assert(
      fc.property(path, prefix, prefix, (inner, stripPrefix, addPrefix) => {
        const browser = `${stripPrefix}${inner}`;
        const prefixes = { stripPrefix, addPrefix };
        expect(browserPath(applicationPath(browser, prefixes), prefixes)).toBe(browser);
      }),
    );
  });
});

describe('a cookie of the application', () => {
  test.each<[string, string | undefined, Scene]>([
    ['a=1; Path=/; HttpOnly', 'a=1; Path=/; HttpOnly', {}],
    ['a=1; Domain=10.0.5.20', 'a=1', {}],
    ['a=1; Domain=.corp.example; Path=/', 'a=1; Domain=.corp.example; Path=/', {}],
    [
      'a=1; Domain=internal.example',
      'a=1; Domain=internal.example',
      { cookies: { ...route().rewrite.cookies, domain: 'keep' } },
    ],
    ['a=1; Path=/erp', 'a=1; Path=/', CONTEXT],
    ['a=1; Path=/', 'a=1; Path=/hr/', MOUNTED],
    ['a=1; path=app', 'a=1; path=app', MOUNTED],
    ['a=1; Secure', 'a=1', {}],
    ['a=1; Secure', 'a=1; Secure', { at: TLS }],
    ['a=1; SameSite=None; Secure', 'a=1', {}],
    ['a=1; SameSite=None; Secure', 'a=1; SameSite=None; Secure', { at: TLS }],
    ['a=1', 'a=1; Secure; SameSite=None', { at: TLS, cookies: { ...route().rewrite.cookies, sameSite: 'none' } }],
    ['a=1', 'a=1', { cookies: { ...route().rewrite.cookies, sameSite: 'none' } }],
    [
      'a=1; samesite=none; secure',
      'a=1; secure; SameSite=Strict',
      { at: TLS, cookies: { ...route().rewrite.cookies, sameSite: 'strict' } },
    ],
    ['a=1', 'a=1; HttpOnly', { cookies: { ...route().rewrite.cookies, add: ['Secure', 'HttpOnly'] } }],
    ['sumun=1', undefined, {}],
  ])('%s → %s', (line, expected, scene) => {
    expect(rewriteCookie(line, facts(scene))).toBe(expected);
  });
});

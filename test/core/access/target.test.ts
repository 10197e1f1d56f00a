import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPath } from '../../../src/core/access/path.ts';
import { canonicalise, type RawTarget } from '../../../src/core/access/target.ts';

const raw = (changes: Partial<RawTarget>): RawTarget => ({
  method: 'GET',
  target: '/',
  hosts: ['app.test'],
  scheme: 'http',
  ...changes,
});
const faultOf = (changes: Partial<RawTarget>) => {
  const read = canonicalise(raw(changes));
  return read.ok ? 'accepted' : read.error.code;
};

describe('paths with more than one reading are refused (RFC 3986 §6)', () => {
  test.each([
    ['/pub/../app', 'dot-segment'],
    ['/pub/./app', 'dot-segment'],
    ['/..', 'dot-segment'],
    ['/pub/%2e%2e/app', 'dot-segment'],
    ['/pub/.%2E/app', 'dot-segment'],
    ['/pub/..;/app', 'dot-segment'],
    ['/pub/..;a=b/app', 'dot-segment'],
    ['/pub/..%3b/app', 'dot-segment'],
    ['/pub/%2e%2e;x/app', 'dot-segment'],
    ['/pub/..%2fapp', 'dot-segment'],
    ['/pub/%252e%252e/app', 'dot-segment'],
    ['/pub//../app', 'dot-segment'],
    ['/pub/..%20/app', 'segment-end'],
    ['/pub/%EF%BC%8E%EF%BC%8E/app', 'dot-segment'],
    ['/pub/%E2%80%A5/app', 'dot-segment'],
    ['/pub/..%EF%BC%8Fapp', 'dot-segment'],
    ['/pub%5c..%5capp', 'encoded-delimiter'],
    ['/pub%23/app', 'encoded-delimiter'],
    ['/pub%3Fx', 'encoded-delimiter'],
    ['/pub%00', 'encoded-control'],
    ['/pub%0d%0aX', 'encoded-control'],
    ['/pub%7f', 'encoded-control'],
    ['/pub%250d%250a', 'encoded-control'],
    ['/pub%c2%85', 'encoded-control'],
    ['/pub%c0%af', 'not-utf-8'],
    ['/pub%ed%a0%80', 'not-utf-8'],
    ['/pub%', 'percent-encoding'],
    ['/pub%2', 'percent-encoding'],
    ['/pub%zz', 'percent-encoding'],
    ['/pub%u002f', 'percent-encoding'],
    ['/pub\\..\\app', 'path-character'],
    ['/pub#/app', 'path-character'],
    ['/pub\u00e9', 'path-character'],
    ['/pub"', 'path-character'],
    ['/pub|x', 'path-character'],
    ['/pub{x}', 'path-character'],
    ['/pub x', 'path-character'],
    ['/file.', 'segment-end'],
    [`/${'a'.repeat(9000)}`, 'path-too-long'],
  ])('%s → %s', (target, code) => {
    expect(faultOf({ target })).toBe(code);
  });
});

describe('what is odd but has a place in old applications is named, not refused', () => {
  test.each([
    ['/a%2Fb', ['encoded_slash']],
    ['/a//b', ['double_slash']],
    ['/a%2541', ['double_encoding']],
    ['/a%252fb', ['double_encoding']],
    ['/a/;/b', ['double_slash']],
    ['/a;/b', []],
  ])('%s needs %j', (target, needs) => {
    const read = canonicalise(raw({ target }));
    expect(read.ok && read.value.needs).toEqual(needs);
  });

  test('every reading of an encoded, parametrised path is there for the rules', () => {
    const read = readPath('/%61dmin;v=1/%ED%95%9C');
    expect(read.ok && read.value.readings).toEqual(['/admin;v=1/한', '/admin/한']);
  });
});

describe('ordinary targets pass unchanged', () => {
  test.each([
    '/',
    '/app/page.do',
    '/a/b-c_d/e.f.g',
    '/%ED%95%9C%EA%B8%80',
    '/x;jsessionid=AB12',
    '/a~b/(1)',
    '/.well-known/x',
    '/..a/b..c',
  ])('%s', (path) => {
    const read = canonicalise(raw({ target: `${path}?q=%2F..%zz&r=a//b` }));
    expect(read.ok && [read.value.path, read.value.query]).toEqual([path, '?q=%2F..%zz&r=a//b']);
  });

  test('the first ? ends the path; the query takes no part in the path rules (G005)', () => {
    const read = canonicalise(raw({ target: '/app/x?/pub/a?b' }));
    expect(read.ok && [read.value.path, read.value.query]).toEqual(['/app/x', '?/pub/a?b']);
  });
});

describe('Host and request target forms', () => {
  test.each([
    [{ hosts: [] }, 'host-missing'],
    [{ hosts: ['app.test', 'app.test'] }, 'host-repeated'],
    ...[
      '',
      'a,b',
      'app.test:99999',
      'app.test:0',
      'app.test:80@evil',
      'app.test/x',
      'a b',
      '[::1',
      'a_b.test',
      '한글.test',
      'a..b',
      '-a.test',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(140)}test`,
      'app.test\u0000',
    ].map((host) => [{ hosts: [host] }, 'host-malformed'] as const),
    [{ target: '*' }, 'target-form'],
    [{ target: 'app.test:80' }, 'target-form'],
    [{ target: 'http://evil.test/' }, 'target-form'],
    [{ target: 'https://app.test/' }, 'target-form'],
    [{ target: 'http://app.test:81/' }, 'target-form'],
    [{ method: 'CONNECT', target: 'app.test:80' }, 'method-refused'],
    [{ method: 'TRACE' }, 'method-refused'],
    [{ method: 'track' }, 'method-refused'],
    [{ method: 'G T' }, 'method-refused'],
  ] as const)('%j → %s', (changes, code) => {
    expect(faultOf(changes)).toBe(code);
  });

  test.each(['APP.TEST', 'App.test.', 'app.test:80', 'app.test.:80'])('%s is the same host (G019)', (host) => {
    const read = canonicalise(raw({ hosts: [host] }));
    expect(read.ok && [read.value.host, read.value.port]).toEqual(['app.test', 80]);
  });

  test('absolute form of the very same authority is origin form (RFC 9112 §3.2.2)', () => {
    const read = canonicalise(raw({ target: 'HTTP://APP.test/x?y' }));
    expect(read.ok && [read.value.path, read.value.query]).toEqual(['/x', '?y']);
  });

  test.each(['[::1]:8080', '[2001:db8::1]', '[::ffff:192.0.2.1]', '127.0.0.1:8080', 'localhost'])(
    '%s is a host',
    (host) => {
      expect(faultOf({ hosts: [host] })).toBe('accepted');
    },
  );
});

test('total: any bytes give a target or a fault, and no accepted reading climbs (G014, G078)', () => {
  const piece = fc.constantFrom(
    '..',
    '.',
    '%2e',
    '%2E',
    '/',
    '//',
    '%2f',
    '%5c',
    ';',
    ';x=1',
    'a',
    'app',
    '%25',
    '2e',
    '%',
    '%C0%AF',
    '%EF%BC%8E',
    '#',
    '?',
    ' ',
    '\\',
    '\u0000',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.string({ unit: 'binary', maxLength: 6 }), (pieces, tail) => {
      const read = canonicalise(raw({ target: `/${pieces.join('')}${tail}` }));
      if (!read.ok) return;
      for (const reading of read.value.readings) {
        const folded = reading.normalize('NFKC');
        expect(folded.split('/').some((segment) => /^\.{1,2}$/.test(segment.split(';')[0] ?? ''))).toBe(false);
        expect(reading).not.toMatch(/[\u0000-\u001f\u007f\\#]/);
      }
    }),
    { numRuns: 5000 },
  );
});

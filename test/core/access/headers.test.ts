import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCidr } from '../../../src/core/access/cidr.ts';
import { clientOf } from '../../../src/core/access/client-address.ts';
import {
  foldHeaderName,
  headerRules,
  type OutgoingFacts,
  outgoingHeaders,
  withoutCookies,
} from '../../../src/core/access/headers.ts';
import { address } from '../../support/policies.ts';

const rules = headerRules(['X-Sumun-User', 'X-Sumun-Assertion', 'Remote-User', 'SM_USER'], ['sumun', '__Host-sumun']);
const facts = (rawHeaders: readonly string[], isProxied = false): OutgoingFacts => ({
  rawHeaders,
  isProxied,
  clientAddress: '192.0.2.7',
  peerAddress: '10.0.0.1',
  scheme: 'http',
  port: 8080,
  browserHost: 'app.test:8080',
});
const sent = (rawHeaders: readonly string[], isProxied = false) => {
  const outgoing = outgoingHeaders(facts(rawHeaders, isProxied), rules);
  if (!outgoing.ok) return outgoing.error;
  const pairs: string[] = [];
  for (let index = 0; index < outgoing.value.headers.length; index += 2) {
    pairs.push(`${outgoing.value.headers[index]}: ${outgoing.value.headers[index + 1]}`);
  }
  return pairs;
};
const ours = [
  'X-Forwarded-For: 192.0.2.7',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Host: app.test:8080',
  'X-Forwarded-Port: 8080',
  'Via: 1.1 sumun',
];
const besides = (rawHeaders: readonly string[], isProxied = false) => {
  const all = sent(rawHeaders, isProxied);
  return typeof all === 'string' ? all : all.filter((line) => !ours.includes(line));
};

describe('outgoingHeaders', () => {
  test.each([
    [
      'application headers keep order and case',
      ['X-App_Key', 'a', 'accept', 'b', 'X-App_Key', 'c'],
      ['X-App_Key: a', 'accept: b', 'X-App_Key: c'],
    ],
    [
      'identity in any spelling is removed (G006, G062)',
      ['x_SUMUN.user', 'root', 'REMOTE_USER', 'root', 'Sm-User', 'root', 'X--Sumun--User', 'root'],
      [],
    ],
    ['the whole prefix is reserved (HDR-2)', ['X-Sumun-Anything', '1'], []],
    [
      'hop-by-hop fields end here',
      [
        'Keep-Alive',
        '1',
        'TE',
        'trailers',
        'Proxy-Connection',
        'x',
        'Upgrade',
        'h2c',
        'HTTP2-Settings',
        'x',
        'Trailer',
        'y',
      ],
      [],
    ],
    ['framing is ours', ['Content-Length', '5', 'content_length', '6', 'Transfer-Encoding', 'chunked'], []],
    [
      'nominated fields go, our own do not (G039)',
      ['Connection', 'close, X-App', 'X-App', '1', 'X-Other', '2'],
      ['X-Other: 2'],
    ],
    [
      'forwarding headers of an untrusted peer are lies (FWD-1)',
      [
        'X-Forwarded-For',
        '1.1.1.1',
        'X-Real-IP',
        '1',
        'CF-Ray',
        '1',
        'X-Original-URL',
        '/x',
        'X-HTTP-Method-Override',
        'PUT',
        'Forwarded',
        'for=1',
        'Via',
        'x',
      ],
      [],
    ],
    ['Cfg is not CF-', ['Cfg', '1'], ['Cfg: 1']],
    [
      'our cookie stays here, the others are byte for byte the same (HDR-8)',
      ['Cookie', 'a=1; sumun=x;b="2 3";  c'],
      ['Cookie: a=1;b="2 3";  c'],
    ],
    ['a Cookie field with nothing else in it is not sent', ['Cookie', 'sumun=x; __Host-sumun=y'], []],
    ['nominating our identity changes nothing', ['Connection', 'x-sumun-user'], []],
  ])('%s', (_, raw, expected) => {
    expect(besides(raw)).toEqual(expected);
  });

  test.each(['Host', 'Cookie', 'content-length', 'Authorization', 'X-Forwarded-For', 'Transfer-Encoding'])(
    'nominating %s is refused (HDR-4)',
    (name) => {
      expect(sent(['Connection', `close, ${name}`])).toBe('bad-nomination');
    },
  );

  test('a trusted peer: chain appended, its own X-Real-IP kept, X-Forwarded-* still written by us', () => {
    const headers = sent(['X-Forwarded-For', '192.0.2.7', 'X-Real-IP', '192.0.2.7', 'X-Forwarded-Host', 'evil'], true);
    expect(headers).toContain('X-Forwarded-For: 192.0.2.7, 10.0.0.1');
    expect(headers).toContain('X-Real-IP: 192.0.2.7');
    expect(headers).not.toContain('X-Forwarded-Host: evil');
  });

  test('no spelling of a reserved name survives (HDR-1)', () => {
    const separators = fc.constantFrom(
      '-',
      '_',
      '.',
      '~',
      '!',
      '#',
      '$',
      '%',
      '&',
      "'",
      '*',
      '+',
      '^',
      '`',
      '|',
      '',
      '--',
    );
    fc.assert(
      fc.property(
        fc.array(separators, { minLength: 2, maxLength: 2 }),
        fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
        (between, upper) => {
          const spelled = ['x', 'sumun', 'user'].reduce(
            (text, word, index) => text + (index === 0 ? '' : between[index - 1]) + word,
            '',
          );
          const cased = [...spelled]
            .map((character, index) => (upper[index] === true ? character.toUpperCase() : character))
            .join('');
          expect(besides([cased, 'root'])).toEqual([]);
        },
      ),
    );
  });

  test('folding is idempotent and blind to case and punctuation', () => {
    const isStable = (name: string) => foldHeaderName(foldHeaderName(name).toUpperCase()) === foldHeaderName(name);
    fc.assert(fc.property(fc.string(), isStable));
  });
});

test('withoutCookies leaves a field without our cookies untouched', () => {
  expect(withoutCookies('sumunx=1; a=sumun', ['sumun'])).toBe('sumunx=1; a=sumun');
});

describe('clientOf believes only trusted proxies (G030, G041)', () => {
  const trusted = ['10.0.0.0/8', '::1/128'].map((text) => {
    const read = readCidr(text);
    if (!read.ok) throw new Error(text);
    return read.value;
  });
  const client = (peer: string, rawHeaders: readonly string[]) => {
    const found = clientOf({ peer: address(peer), rawHeaders, scheme: 'http' }, trusted);
    return `${found.scheme} ${found.address.text}`;
  };
  test.each([
    ['192.0.2.1', ['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'https'], 'http 192.0.2.1'],
    ['10.0.0.1', [], 'http 10.0.0.1'],
    [
      '10.0.0.1',
      ['X-Forwarded-For', '6.6.6.6, 198.51.100.7, 10.0.0.2', 'X-Forwarded-Proto', 'https'],
      'https 198.51.100.7',
    ],
    ['10.0.0.1', ['X-Forwarded-For', '198.51.100.7, garbage'], 'http 10.0.0.1'],
    ['10.0.0.1', ['X-Forwarded-For', '198.51.100.7:4711'], 'http 198.51.100.7'],
    ['::1', ['Forwarded', 'for="[2001:db8::1]:80";proto=https, for=10.1.1.1'], 'https 2001:db8::1'],
    ['10.0.0.1', ['X-Forwarded-Proto', 'javascript'], 'http 10.0.0.1'],
  ])('%s with %j → %s', (peer, raw, expected) => {
    expect(client(peer, raw)).toBe(expected);
  });
});

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenFileFault, TokenRow } from '../../src/core/enrolment/token-row.ts';
import { parseTokenFile, TOKEN_FILE_LIMITS } from '../../src/importing/parse-token-file.ts';
import type { FileKeys } from '../../src/importing/pskc-values.ts';
import {
  AES128,
  container,
  encrypted,
  FIGURE_6,
  FIGURE_6_KEY,
  FIGURE_7,
  HMAC_SHA1,
  K20,
  type KeyParts,
  keyPackage,
  macMethod,
  PRESHARED,
  pbkdf2,
  plain,
  sealedContainer,
} from './files.ts';

const parse = (text: string, keys: FileKeys = {}) => parseTokenFile(Buffer.from(text), keys);
const rows = (text: string, keys: FileKeys = {}): readonly TokenRow[] => {
  const parsed = parse(text, keys);
  if (!parsed.ok) throw new Error(`${parsed.error.problem} in line ${parsed.error.line}`);
  return parsed.value;
};
const only = (parts: KeyParts): TokenRow => {
  const [row] = rows(container(keyPackage('S1', parts)));
  if (row === undefined) throw new Error('no row');
  return row;
};
const faultOf = (parts: KeyParts): unknown => {
  const row = only(parts);
  return 'fault' in row ? row.fault : 'none';
};
const seedOf = (row: TokenRow | undefined): string =>
  row !== undefined && 'token' in row ? Buffer.from(row.token.seed.reveal()).toString('latin1') : '';
const refused = (text: string, keys: FileKeys = {}): TokenFileFault['problem'] | 'none' => {
  const parsed = parse(text, keys);
  return parsed.ok ? 'none' : parsed.error.problem;
};

const TOTP = 'urn:ietf:params:xml:ns:keyprov:pskc:totp';
const OCRA = 'urn:ietf:params:xml:ns:keyprov:pskc:ocra';

describe('a PSKC file (RFC 6030)', () => {
  test('of Figure 6 opens with its pre-shared key', () => {
    const [row] = rows(FIGURE_6, { presharedKey: FIGURE_6_KEY });
    expect(row).toMatchObject({ index: 1, line: 4, serial: '987654321', login: undefined });
    expect(row).toMatchObject({
      token: { kind: 'hotp', algorithm: 'SHA1', hashSource: 'default', digits: 8, counter: 0 },
    });
    expect(seedOf(row)).toBe(K20);
  });

  test('of Figure 7 opens with its password', () => {
    expect(rows(FIGURE_7, { password: 'qwerty' }).map(seedOf)).toEqual([K20]);
  });

  test('never shows a seed', () => {
    const shown = JSON.stringify(rows(FIGURE_6, { presharedKey: FIGURE_6_KEY }));
    expect(shown).toContain('[sealed]');
    expect(shown).not.toMatch(/12345678901234567890|49,50,51/);
  });

  test('in the clear is read with hash, digits, step, label and owner', () => {
    const more =
      '<pskc:UserId>UID=kim,DC=corp,DC=example</pskc:UserId><pskc:FriendlyName>Kim’s token</pskc:FriendlyName>';
    const row = only({
      algorithm: TOTP,
      format: '<pskc:ResponseFormat Length="8" Encoding="DECIMAL"/>',
      suite: 'HMAC-SHA256',
      data: `<pskc:Time>${plain('0')}</pskc:Time><pskc:TimeInterval>${plain('60')}</pskc:TimeInterval>`,
      more,
    });
    expect(row).toMatchObject({
      serial: 'S1',
      login: 'kim',
      token: {
        kind: 'totp',
        algorithm: 'SHA256',
        hashSource: 'file',
        digits: 8,
        period: 60,
        counter: 0,
        suite: '',
        label: 'Kim’s token',
      },
    });
  });

  test.each([
    ['UID=kim', 'kim'],
    ['CN=Kim Minji,OU=x', 'Kim Minji'],
    ['kim', 'kim'],
  ])('knows the owner %s as %s, beside key or device', (user, login) => {
    const userId = `<pskc:UserId>${user}</pskc:UserId>`;
    expect([only({ more: userId }).login, only({ device: userId }).login]).toEqual([login, login]);
  });

  test('of OCRA tokens is read with suite and counter', () => {
    const suite = 'OCRA-1:HOTP-SHA512-8:C-QN08';
    const secret = plain(Buffer.from(K20.repeat(3)).toString('base64'));
    const row = only({ algorithm: OCRA, suite, secret, data: `<pskc:Counter>${plain('41')}</pskc:Counter>` });
    expect(row).toMatchObject({
      token: { kind: 'ocra', suite, algorithm: 'SHA512', hashSource: 'file', digits: 8, period: 0, counter: 41 },
    });
  });

  test('is read whatever its namespaces, and without any', () => {
    const bare = FIGURE_7.replaceAll(/(<\/?)[a-z0-9]+:/g, '$1');
    expect(rows(bare, { password: 'qwerty' }).map(seedOf)).toEqual([K20]);
    const other = FIGURE_7.replaceAll('pskc:', 'p:').replaceAll('xenc:', 'e:').replaceAll('pkcs5:', '');
    expect(rows(other, { password: 'qwerty' }).map(seedOf)).toEqual([K20]);
  });

  test('with several keys has one row each, the second of one serial number refused', () => {
    const found = rows(container([keyPackage('A'), keyPackage('B'), keyPackage('A')].join('\n')));
    expect(found.map((row) => [row.index, row.serial, 'fault' in row ? row.fault : ''])).toEqual([
      [1, 'A', ''],
      [2, 'B', ''],
      [3, 'A', 'serial-repeated'],
    ]);
    expect(found[1]?.line).toBeGreaterThan(found[0]?.line ?? 99);
  });

  test.each([16, 24, 32])('encrypted with %i bytes of AES in CBC mode opens with either MAC', (bytes) => {
    for (const hash of ['sha1', 'sha256'] as const) {
      const key = randomBytes(bytes);
      const seeds = [16, 20, 31, 32, 64].map((length) => randomBytes(length));
      const found = rows(sealedContainer(key, seeds, hash), { presharedKey: key });
      expect(found.map(seedOf)).toEqual(seeds.map((seed) => seed.toString('latin1')));
    }
  });
});

describe('a row of a PSKC file is refused', () => {
  const length = (digits: string): KeyParts => ({
    format: `<pskc:ResponseFormat Length="${digits}" Encoding="DECIMAL"/>`,
  });
  const policy = (inside: string): KeyParts => ({ more: `<pskc:Policy>${inside}</pskc:Policy>` });
  const cases: readonly (readonly [string, KeyParts, string])[] = [
    ['for another algorithm', { algorithm: 'urn:vendor:motp' }, 'kind'],
    ['for no algorithm', { algorithm: '' }, 'kind'],
    ['for another hash', { algorithm: TOTP, suite: 'HMAC-MD5' }, 'hash'],
    ['for 7 digits', length('7'), 'digits'],
    ['for digits in words', length('six'), 'digits'],
    ['for letters as a response', { format: '<pskc:ResponseFormat Length="8" Encoding="ALPHANUMERIC"/>' }, 'encoding'],
    [
      'for check digits',
      { format: '<pskc:ResponseFormat Length="6" Encoding="DECIMAL" CheckDigits="true"/>' },
      'encoding',
    ],
    ['for another step', { algorithm: TOTP, data: `<pskc:TimeInterval>${plain('45')}</pskc:TimeInterval>` }, 'period'],
    ['for another T0', { algorithm: TOTP, data: `<pskc:Time>${plain('86400')}</pskc:Time>` }, 'start-time'],
    ['for a negative counter', { data: `<pskc:Counter>${plain('-1')}</pskc:Counter>` }, 'counter'],
    [
      'for a counter that is not exact',
      { data: `<pskc:Counter>${plain('9007199254740993')}</pskc:Counter>` },
      'counter',
    ],
    ['for an encrypted counter', { data: `<pskc:Counter>${encrypted('AAAA', 'AAAA')}</pskc:Counter>` }, 'counter'],
    ['without a secret', { secret: '' }, 'seed-missing'],
    ['for a secret that is no base64', { secret: plain('not base64') }, 'seed-unreadable'],
    ['for a secret of 4 bytes (Figure 2)', { secret: plain('MTIzNA==') }, 'seed-length'],
    ['for a secret of 65 bytes', { secret: plain(Buffer.alloc(65).toString('base64')) }, 'seed-length'],
    ['for OCRA without a suite', { algorithm: OCRA }, 'suite'],
    ['for an OCRA suite that cannot be read', { algorithm: OCRA, suite: 'OCRA-1:HOTP-SHA1-6:QX08' }, 'suite'],
    ['for an OCRA suite with a PIN', { algorithm: OCRA, suite: 'OCRA-1:HOTP-SHA1-6:QN08-PSHA1' }, 'suite-input'],
    ['for an OCRA suite with a session', { algorithm: OCRA, suite: 'OCRA-1:HOTP-SHA1-6:QN08-S064' }, 'suite-input'],
    ['for an OCRA suite of 10 digits', { algorithm: OCRA, suite: 'OCRA-1:HOTP-SHA1-10:QN08' }, 'digits'],
    ['with a day of expiry', policy('<pskc:ExpiryDate>2030-01-01T00:00:00Z</pskc:ExpiryDate>'), 'policy'],
    ['with a number of uses', policy('<pskc:NumberOfTransactions>5</pskc:NumberOfTransactions>'), 'policy'],
    ['for a PIN that is sent along', policy('<pskc:PINPolicy PINUsageMode="Append"/>'), 'policy'],
    ['for use in integrity only', policy('<pskc:KeyUsage>Integrity</pskc:KeyUsage>'), 'policy'],
  ];
  test.each(cases)('%s', (_, parts, fault) => expect(faultOf(parts)).toBe(fault));

  test('for a serial number with a control character, or too long', () => {
    const found = rows(container([keyPackage('a&#x9;b'), keyPackage('x'.repeat(65))].join('')));
    expect(found.map((row) => 'fault' in row && row.fault)).toEqual(['serial', 'serial']);
  });

  test('but not for conditions that keep themselves (RFC 6030 §5)', () => {
    const own = '<pskc:PINPolicy MinLength="4" PINUsageMode="Local"/><pskc:KeyUsage>OTP</pskc:KeyUsage>';
    expect(faultOf(policy(own))).toBe('none');
  });
});

describe('a PSKC file is refused whole', () => {
  const seed = Buffer.from(K20);
  const key = randomBytes(16);
  const sealed = sealedContainer(key, [seed, seed]);

  test('where a MAC is wrong: any bit of MAC, IV, ciphertext or MAC key', () => {
    const values = [...FIGURE_6.matchAll(/<(xenc:CipherValue|pskc:ValueMAC)>([^<]+)</g)].map((match) => match[2] ?? '');
    expect(values).toHaveLength(3);
    for (const value of values) {
      const bytes = Buffer.from(value, 'base64');
      for (let index = 0; index < bytes.length; index++) {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ 1;
        const text = FIGURE_6.replace(value, changed.toString('base64'));
        expect([index, refused(text, { presharedKey: FIGURE_6_KEY })]).toEqual([index, 'key-wrong']);
      }
    }
  });

  const withMac = `${PRESHARED}${macMethod(randomBytes(48).toString('base64'))}`;
  const cases: readonly (readonly [string, string, FileKeys, string])[] = [
    ['without its key', sealed, {}, 'key-needed'],
    ['with a password instead of its key', sealed, { password: 'qwerty' }, 'key-needed'],
    ['without its password', FIGURE_7, {}, 'password-needed'],
    ['with another password', FIGURE_7, { password: 'qwertz' }, 'key-wrong'],
    ['with another key', sealed, { presharedKey: randomBytes(16) }, 'key-wrong'],
    ['with a key of another length', sealed, { presharedKey: randomBytes(32) }, 'key-length'],
    [
      'without a MAC method',
      FIGURE_6.replace(/<pskc:MACMethod.*<\/pskc:MACMethod>/, ''),
      { presharedKey: FIGURE_6_KEY },
      'mac-missing',
    ],
    [
      'without a MAC of the value',
      FIGURE_6.replace(/<pskc:ValueMAC>.*<\/pskc:ValueMAC>/, ''),
      { presharedKey: FIGURE_6_KEY },
      'mac-missing',
    ],
    [
      'without a word about its key',
      container(keyPackage('A', { secret: encrypted('AAAA', 'AAAA') })),
      {},
      'key-needed',
    ],
    [
      'for the holder of a certificate',
      FIGURE_6.replace(/<ds:KeyName>.*<\/ds:KeyName>/, '<ds:X509Data/>'),
      { presharedKey: FIGURE_6_KEY },
      'cipher',
    ],
    [
      'with another cipher',
      FIGURE_6.replaceAll(AES128, 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc'),
      { presharedKey: FIGURE_6_KEY },
      'cipher',
    ],
    ['with another MAC', FIGURE_6.replace(HMAC_SHA1, 'urn:hmac-md5'), { presharedKey: FIGURE_6_KEY }, 'cipher'],
    [
      'with another PRF',
      FIGURE_7.replace('<PRF/>', '<PRF Algorithm="urn:hmac-md5"/>'),
      { password: 'qwerty' },
      'cipher',
    ],
    ['with rounds beyond measure', FIGURE_7.replace('>1000<', '>1000001<'), { password: 'qwerty' }, 'derivation-cost'],
    ['with no rounds', FIGURE_7.replace('>1000<', '>0<'), { password: 'qwerty' }, 'cipher'],
    [
      'with a derived key of another length',
      container(keyPackage('A', { secret: encrypted('AAAA', 'AAAA') }), pbkdf2('1000', '20')),
      { password: 'x' },
      'cipher',
    ],
    [
      'with a MAC key of no bytes',
      container(keyPackage('A', { secret: encrypted('AAAA', 'AAAA') }), `${PRESHARED}${macMethod('')}`),
      { presharedKey: key },
      'key-wrong',
    ],
    [
      'with a value of no blocks',
      container(keyPackage('A', { secret: encrypted('AAAA', 'AAAA') }), withMac),
      { presharedKey: key },
      'key-wrong',
    ],
    ['of another version', container(keyPackage('A'), '', '2.0'), {}, 'pskc-version'],
    ['of no version', container(keyPackage('A'), '', ''), {}, 'pskc-version'],
    ['without keys', container(''), {}, 'no-tokens'],
    ['that is another document', '<html/>', {}, 'not-pskc'],
    ['that is cut short', sealed.slice(0, -20), { presharedKey: key }, 'xml'],
    ['with text after its end', `${sealed}x`, { presharedKey: key }, 'xml'],
    ['with a document type', FIGURE_6.replace('?>', '?>\n<!DOCTYPE KeyContainer>'), {}, 'xml-doctype'],
    [
      'with an entity of its own',
      FIGURE_6.replace('?>', '?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>').replace('Maker', '&a;'),
      {},
      'xml-doctype',
    ],
    ['with an entity that is not there', FIGURE_6.replace('Maker', '&a;'), {}, 'xml'],
    ['with elements too deep', container('<a>'.repeat(100) + '</a>'.repeat(100)), {}, 'xml-depth'],
  ];
  test.each(cases)('%s', (_, text, keys, problem) => expect(refused(text, keys)).toBe(problem));

  test('beyond 10,000 keys, not before', () => {
    const small = (count: number) => container('<KeyPackage/>'.repeat(count));
    expect(rows(small(TOKEN_FILE_LIMITS.tokens))).toHaveLength(10_000);
    expect(refused(small(TOKEN_FILE_LIMITS.tokens + 1))).toBe('too-many');
  });

  test('beyond 500,000 elements, whatever they are', () => {
    expect(refused(container('<a/>'.repeat(500_000)))).toBe('too-many');
  });

  test('naming the line', () => {
    const parsed = parse(FIGURE_6.replace('</pskc:Key>', '</pskc:Kez>'));
    expect(parsed).toMatchObject({ ok: false, error: { problem: 'xml', line: 10 } });
  });

  test('or read, whatever happens to it, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.nat(FIGURE_7.length), fc.nat(20), fc.string({ maxLength: 8 }), (at, cut, put) => {
        const text = FIGURE_7.slice(0, at) + put + FIGURE_7.slice(at + cut);
        const parsed = parse(text, { password: 'qwerty' });
        if (parsed.ok) for (const row of parsed.value) expect('token' in row ? seedOf(row) : K20).toBe(K20);
      }),
    );
  });
});

const PSKCTOOL = '/usr/bin/pskctool';

test.skipIf(!existsSync(PSKCTOOL))('the containers of these tests are PSKC to pskctool too', () => {
  const seed = randomBytes(20).toString('base64');
  const input = container(keyPackage('A', { secret: plain(seed) }));
  const said = execFileSync(PSKCTOOL, ['--info', '--strict'], { input, encoding: 'utf8' });
  expect(/Key Secret \(base64\): (\S+)/.exec(said)?.[1]).toBe(seed);
});

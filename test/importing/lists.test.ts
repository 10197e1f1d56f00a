import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBase32 } from '../../src/core/enrolment/base32.ts';
import { otpauthUri } from '../../src/core/enrolment/otpauth.ts';
import { readSeedText } from '../../src/core/enrolment/seed-text.ts';
import type { TokenRow } from '../../src/core/enrolment/token-row.ts';
import { readKeyText } from '../../src/importing/key-text.ts';
import { parseTokenFile, TOKEN_FILE_LIMITS } from '../../src/importing/parse-token-file.ts';
import { K20 } from './files.ts';

const parse = (text: string | Uint8Array) => parseTokenFile(Buffer.from(text));
const rows = (text: string): readonly TokenRow[] => {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(`${parsed.error.problem} in line ${parsed.error.line}`);
  return parsed.value;
};
const short = (row: TokenRow): readonly unknown[] =>
  'fault' in row
    ? [row.line, row.serial, row.fault]
    : [row.line, row.serial, row.token.kind, row.token.algorithm, row.token.hashSource, row.token.digits];
const hex = (length: number): string => Buffer.from(K20.repeat(4)).subarray(0, length).toString('hex');

describe('a table of OATH tokens', () => {
  test('without a heading: serial, key, kind, digits, counter or seconds, hash, login', () => {
    const table = [
      '# bought in March',
      `A1, ${hex(20)}`,
      `A2, ${hex(20)}, hotp, 6, 17`,
      `A3, ${hex(20)}, TOTP, 8, 60`,
      `A4, ${hex(32)}, totp, 6, 30`,
      `A5, ${hex(64)}, totp`,
      `A6, ${hex(32)}, totp, 6, 30, SHA1, kim`,
      '',
      `A7, ${encodeBase32(Buffer.from(K20))}, hotp, 6, 0, , kim@corp`,
      `A8, ${hex(20)}, ocra, OCRA-1:HOTP-SHA1-6:C-QN08, 5`,
    ].join('\n');
    const found = rows(table);
    expect(found.map(short)).toEqual([
      [2, 'A1', 'hotp', 'SHA1', 'default', 6],
      [3, 'A2', 'hotp', 'SHA1', 'default', 6],
      [4, 'A3', 'totp', 'SHA1', 'default', 8],
      [5, 'A4', 'totp', 'SHA256', 'length', 6],
      [6, 'A5', 'totp', 'SHA512', 'length', 6],
      [7, 'A6', 'totp', 'SHA1', 'file', 6],
      [9, 'A7', 'hotp', 'SHA1', 'default', 6],
      [10, 'A8', 'ocra', 'SHA1', 'file', 6],
    ]);
    const tokens = found.map((row) => ('token' in row ? row.token : undefined));
    expect(tokens.map((token) => [token?.counter, token?.period])).toEqual([
      [0, 0],
      [17, 0],
      [0, 60],
      [0, 30],
      [0, 30],
      [0, 30],
      [0, 0],
      [5, 0],
    ]);
    expect(found.map(({ login }) => login)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      'kim',
      'kim@corp',
      undefined,
    ]);
  });

  test.each([
    [',', 'serial,key,type,digits,counter,login'],
    [';', 'Serial_Number;seed;type;otplen;counter;user'],
    ['\t', 'SERIAL\tsecret\tkind\tdigits\tcounter\tlogin'],
  ])('with a heading, cells parted by %j', (separator, heading) => {
    const [row] = rows(`\uFEFF${heading}\r\n${['B1', hex(20), 'hotp', '8', '3', 'kim'].join(separator)}\r\n`);
    expect(row).toMatchObject({ line: 2, serial: 'B1', login: 'kim', token: { kind: 'hotp', digits: 8, counter: 3 } });
  });

  test('of a maker who names the kind in the column of the algorithm', () => {
    const found = rows(
      [
        'serial_number;manufacturer;algorithm;seed;digits;interval_or_event',
        `C1;maker;totp;${hex(20)};6;30`,
        `C2;maker;HOTP;${hex(20)};6;12`,
        `C3;maker;motp;${hex(20)};6;10`,
      ].join('\n'),
    );
    expect(found.map(short)).toEqual([
      [2, 'C1', 'totp', 'SHA1', 'default', 6],
      [3, 'C2', 'hotp', 'SHA1', 'default', 6],
      [4, 'C3', 'kind'],
    ]);
    expect(found[1]).toMatchObject({ token: { counter: 12 } });
  });

  test('by login instead of serial number', () => {
    expect(rows(`login,secret\nkim,${hex(20)}`)).toMatchObject([{ serial: '', login: 'kim', token: { kind: 'hotp' } }]);
  });

  test.each([
    [`,${hex(20)},hotp`, 'serial-missing'],
    ['D,,hotp', 'seed-missing'],
    ['D,zz,hotp', 'seed-unreadable'],
    [`D,${hex(15)},hotp`, 'seed-length'],
    [`D,${'ab'.repeat(65)},hotp`, 'seed-length'],
    [`D,${hex(20)},motp`, 'kind'],
    [`D,${hex(20)},totp,7`, 'digits'],
    [`D,${hex(20)},totp,6,45`, 'period'],
    [`D,${hex(20)},hotp,6,1e3`, 'counter'],
    [`D,${hex(20)},hotp,6,-1`, 'counter'],
    [`D,${hex(20)},hotp,6,0,md5`, 'hash'],
    [`D,${hex(20)},ocra,6`, 'suite'],
    [`D,${hex(20)},hotp,6,0,sha1,kim,more`, 'cells'],
  ])('refuses the row %j: %s', (row, fault) => {
    expect(rows(`Z,${hex(20)}\n${row}`).map((each) => 'fault' in each && each.fault)).toEqual([false, fault]);
  });

  test.each([
    ['serial,key,colour\nA,B,C', 1, 'unknown-column'],
    ['serial,key,serial_number\nA,B,C', 1, 'repeated-column'],
    ['serial,key\nA,"B', 2, 'open-quote'],
    ['serial,key\nA,B"', 2, 'stray-quote'],
    ['hello\nworld', 1, 'unknown-format'],
    ['', 1, 'no-tokens'],
    ['# nothing\n\n', 1, 'no-tokens'],
    ['serial,key\n', 1, 'no-tokens'],
  ])('%j is refused whole in line %i: %s', (text, line, problem) => {
    expect(parse(text)).toEqual({ ok: false, error: { line, problem } });
  });

  test('with another number of cells than its heading: that row is refused', () => {
    expect(rows(`serial,key\nA,${hex(20)}\nB,${hex(20)},6`).map(short)[1]).toEqual([3, 'B', 'cells']);
  });
});

describe('a seed in words', () => {
  test.each([
    ['31 32-33:34', '31323334'],
    ['GEZDGNBV', '3132333435'],
    ['gezd gnbv', '3132333435'],
    ['ABCDEF23', 'abcdef23'],
    ['', undefined],
    [' - ', undefined],
    ['0189', '0189'],
    ['018', undefined],
    ['é', undefined],
  ])('%j is %s', (text, bytes) => {
    const seed = readSeedText(text);
    expect(seed && Buffer.from(seed).toString('hex')).toBe(bytes);
  });
});

describe('a pre-shared key in words', () => {
  test.each([
    ['12345678901234567890123456789012', '12345678901234567890123456789012'],
    ['1234 5678 9012 3456:7890-1234 5678 9012', '12345678901234567890123456789012'],
    ['AB'.repeat(32), 'ab'.repeat(32)],
    ['EjRWeJASNFZ4kBI0VniQEg==', '12345678901234567890123456789012'],
    ['12345678', undefined],
    ['qwerty', undefined],
    ['', undefined],
  ])('%j is %s', (text, bytes) => {
    const key = readKeyText(text);
    expect(key && Buffer.from(key).toString('hex')).toBe(bytes);
  });
});

describe('a list of otpauth addresses', () => {
  test('is read with issuer, login and every parameter', () => {
    const seed = Buffer.from(K20);
    const list = [
      '# from the old server',
      otpauthUri({
        kind: 'totp',
        issuer: 'Han Corp',
        login: 'kim@corp',
        seed,
        algorithm: 'SHA256',
        digits: 8,
        period: 60,
      }),
      `otpauth://hotp/lee?secret=${encodeBase32(seed)}&counter=9`,
      `OTPAUTH://TOTP/Han%20Corp%3Apark?secret=${encodeBase32(seed).toLowerCase()}`,
    ].join('\r\n');
    const found = rows(list);
    expect(found.map(short)).toEqual([
      [2, '', 'totp', 'SHA256', 'file', 8],
      [3, '', 'hotp', 'SHA1', 'default', 6],
      [4, '', 'totp', 'SHA1', 'default', 6],
    ]);
    expect(found.map((row) => [row.index, row.login, 'token' in row && row.token.label])).toEqual([
      [1, 'kim@corp', 'Han Corp'],
      [2, 'lee', ''],
      [3, 'park', 'Han Corp'],
    ]);
    expect(found[1]).toMatchObject({ token: { counter: 9 } });
    expect(found.every((row) => 'token' in row && Buffer.from(row.token.seed.reveal()).equals(seed))).toBe(true);
  });

  const secret = encodeBase32(Buffer.from(K20));
  test.each([
    ['otpauth://totp/kim', 'seed-missing'],
    ['otpauth://totp/kim?secret=A1', 'seed-unreadable'],
    ['otpauth://totp/kim?secret=GEZDGNBV', 'seed-length'],
    [`otpauth://steam/kim?secret=${secret}`, 'kind'],
    [`otpauth://totp/kim?secret=${secret}&algorithm=MD5`, 'hash'],
    [`otpauth://totp/kim?secret=${secret}&digits=7`, 'digits'],
    [`otpauth://totp/kim?secret=${secret}&period=15`, 'period'],
    [`otpauth://hotp/kim?secret=${secret}&counter=x`, 'counter'],
    [`otpauth://totp/kim?secret=${secret}&secret=${secret}`, 'address'],
    [`otpauth://totp/%E0%A4%A?secret=${secret}`, 'address'],
    ['otpauth-migration://offline?data=AAAA', 'address'],
    ['otpauth-migration://offline', 'address'],
    ['https://example.org/', 'address'],
  ])('refuses %s: %s', (address, fault) => {
    const found = rows(`otpauth://totp/ok?secret=${secret}\n${address}`);
    expect(found.map((row) => 'fault' in row && row.fault)).toEqual([false, fault]);
  });

  test('reads back whatever this server writes', () => {
    const login = fc.stringMatching(/^[A-Za-z0-9가-힣@._-]{1,20}$/);
    const of = <const T>(...values: readonly T[]) => fc.constantFrom(...values);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        login,
        of('SHA1', 'SHA256', 'SHA512'),
        of(6, 8),
        of(30, 60),
        (seed, login, algorithm, digits, period) => {
          const uri = otpauthUri({ kind: 'totp', issuer: 'Sumun', login, seed, algorithm, digits, period });
          const [row] = rows(uri);
          expect(row).toMatchObject({ login, token: { kind: 'totp', algorithm, digits, period, label: 'Sumun' } });
          expect(row !== undefined && 'token' in row && Buffer.from(row.token.seed.reveal()).equals(seed)).toBe(true);
        },
      ),
    );
  });
});

describe('an export of accounts (otpauth-migration)', () => {
  /** Fields of a Protocol Buffers message. */
  const field = (number: number, value: Uint8Array | string | number): Buffer =>
    typeof value === 'number'
      ? Buffer.concat([Uint8Array.of(number << 3), varint(value)])
      : Buffer.concat([Uint8Array.of((number << 3) | 2), varint(Buffer.from(value).length), Buffer.from(value)]);
  const varint = (value: number): Buffer => {
    const bytes: number[] = [];
    for (let rest = BigInt(value); ; rest >>= 7n) {
      bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
      if (rest <= 0x7fn) return Buffer.from(bytes);
    }
  };
  const account = (...fields: readonly Buffer[]): Buffer => field(1, Buffer.concat(fields));
  const address = (...parts: readonly Buffer[]): string =>
    `otpauth-migration://offline?data=${encodeURIComponent(Buffer.concat(parts).toString('base64'))}`;
  const tail = [field(2, 1), field(3, 1), field(4, 0), field(5, 123_456_789)];

  test('is read account by account', () => {
    const exported = address(
      account(field(1, K20), field(2, 'Han:kim'), field(3, 'Han'), field(4, 1), field(5, 1), field(6, 2)),
      account(field(1, K20.repeat(2)), field(2, 'lee'), field(4, 2), field(5, 2), field(6, 1), field(7, 300)),
      ...tail,
    );
    const found = rows(exported);
    expect(found.map(short)).toEqual([
      [1, '', 'totp', 'SHA1', 'file', 6],
      [1, '', 'hotp', 'SHA256', 'file', 8],
    ]);
    expect(found).toMatchObject([
      { index: 1, login: 'kim', token: { period: 30, label: 'Han', counter: 0 } },
      { index: 2, login: 'lee', token: { period: 0, label: '', counter: 300 } },
    ]);
  });

  test('leaves what it does not say to the defaults of these exports', () => {
    expect(rows(address(account(field(1, K20), field(2, 'kim'), field(6, 2)))).map(short)).toEqual([
      [1, '', 'totp', 'SHA1', 'default', 6],
    ]);
  });

  test.each([
    ['MD5', account(field(1, K20), field(2, 'kim'), field(4, 4), field(6, 2)), 'hash'],
    ['another hash', account(field(1, K20), field(2, 'kim'), field(4, 9), field(6, 2)), 'hash'],
    ['no kind', account(field(1, K20), field(2, 'kim')), 'kind'],
    ['no secret', account(field(2, 'kim'), field(6, 2)), 'seed-missing'],
    ['an account that is no message', field(1, Uint8Array.of(0xff)), 'address'],
    ['an account that is a number', field(1, 5), 'address'],
  ])('with %s is refused', (_, message, fault) => {
    expect(rows(address(message)).map((row) => 'fault' in row && row.fault)).toEqual([fault]);
  });

  test('of any bytes is read or refused, and nothing is thrown', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => rows(address(Buffer.from(bytes))).length > 0));
  });
});

describe('a file of tokens', () => {
  test.each([
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x41, 0), 'not-text'],
    ['zero bytes', 'a,b\0', 'not-text'],
    ['more than 5 MiB', new Uint8Array(TOKEN_FILE_LIMITS.bytes + 1).fill(0x20), 'too-large'],
    ['spaces only', new Uint8Array(1000).fill(0x20), 'no-tokens'],
    ['more than 10,000 rows', `A,B\n`.repeat(10_001), 'too-many'],
    ['more than 10,000 addresses', 'otpauth://totp/a\n'.repeat(10_001), 'too-many'],
  ])('of %s is refused', (_, content, problem) => {
    expect(parse(content)).toMatchObject({ ok: false, error: { problem } });
  });

  test('of any text is read or refused, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => typeof parse(text).ok === 'boolean'),
    );
  });
});

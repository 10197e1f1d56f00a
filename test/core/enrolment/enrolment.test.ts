import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../../src/core/enrolment/base32.ts';
import { readCsv } from '../../../src/core/enrolment/csv.ts';
import { otpauthUri } from '../../../src/core/enrolment/otpauth.ts';

describe('base32 (RFC 4648 §6)', () => {
  test.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('%j is %j (§10, without padding)', (text, encoded) => {
    expect(encodeBase32(Buffer.from(text))).toBe(encoded);
    expect(Buffer.from(decodeBase32(`${encoded.toLowerCase()}===`) ?? []).toString()).toBe(text);
  });

  test('reads back what it wrote, whatever spaces people add', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const text = encodeBase32(bytes).replace(/(.{4})/g, '$1 ');
        expect(Buffer.from(decodeBase32(text) ?? [])).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each(['A', 'ABC', 'ABCDEF', 'MZ1Q', 'M8', 'MZ', 'é'])('%j is none', (text) =>
    expect(decodeBase32(text)).toBeUndefined(),
  );
});

describe('otpauth addresses (Key URI Format)', () => {
  const seed = Buffer.from('12345678901234567890');

  test('TOTP with every parameter, issuer in label and query', () => {
    const uri = otpauthUri({
      kind: 'totp',
      issuer: 'Han Corp: HR',
      login: 'kim@corp',
      seed,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    });
    expect(uri).toBe(
      'otpauth://totp/Han%20Corp%20%20HR:kim%40corp?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Han%20Corp%20%20HR&algorithm=SHA1&digits=6&period=30',
    );
    expect(new URL(uri).searchParams.get('issuer')).toBe('Han Corp  HR');
  });

  test('HOTP starts at counter 0 and has no period', () => {
    const uri = otpauthUri({
      kind: 'hotp',
      issuer: 'S',
      login: 'kim',
      seed,
      algorithm: 'SHA256',
      digits: 8,
      period: 0,
    });
    expect(uri).toMatch(/^otpauth:\/\/hotp\/S:kim\?secret=.*&algorithm=SHA256&digits=8&counter=0$/);
  });
});

describe('CSV (RFC 4180)', () => {
  test('quotes, doubled quotes, line ends inside quotes, byte order mark, CRLF and LF, empty lines', () => {
    const read = readCsv('\uFEFFLogin, name\r\nkim,"Kim ""M"", Minji"\n\n"pa\nrk",\r\n');
    expect(read.ok && read.value.map(({ line, cells }) => [line, ...cells.values()])).toEqual([
      [2, 'kim', 'Kim "M", Minji'],
      [4, 'pa\nrk', ''],
    ]);
    expect(read.ok && [...(read.value[0]?.cells.keys() ?? [])]).toEqual(['login', 'name']);
  });

  test.each([
    ['', 1, 'no-header'],
    ['a,a\n', 1, 'repeated-column'],
    ['a,b\n1\n', 2, 'wrong-cell-count'],
    ['a\n"x\ny', 2, 'open-quote'],
    ['a\nx"y', 2, 'stray-quote'],
  ])('%j is refused at line %i: %s', (text, line, problem) => {
    expect(readCsv(text)).toEqual({ ok: false, error: { line, problem } });
  });

  test('reads back any table', () => {
    const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1 }), (rows) => {
        const read = readCsv(['a,b', ...rows.map((row) => row.map(quote).join(','))].join('\r\n'));
        expect(read.ok && read.value.map(({ cells }) => [...cells.values()])).toEqual(rows);
      }),
    );
  });
});

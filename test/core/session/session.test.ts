import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBase64Url, isHandle } from '../../../src/core/session/handle.ts';
import { readForm } from '../../../src/core/session/kept-form.ts';
import { remainingTime } from '../../../src/core/session/remaining.ts';
import { isLive, missingFactors, type Session } from '../../../src/core/session/session.ts';

const LIMITS = { idle: 30, max: 100 };
const session = { startedAt: 1000, lastSeen: 1000, proofs: { pw: 1000, otp: 1000 } } as Session;

import { PLAIN_DEMAND } from '../../../src/core/verification/demand.ts';

describe('timeouts (NIST SP 800-63B §5.2)', () => {
  test('inactivity and overall time both end a session', () => {
    expect(isLive(session, LIMITS, 1029)).toBe(true);
    expect(isLive(session, LIMITS, 1030)).toBe(false);
    expect(isLive({ ...session, lastSeen: 1099 }, LIMITS, 1099)).toBe(true);
    expect(isLive({ ...session, lastSeen: 1099 }, LIMITS, 1100)).toBe(false);
  });

  test('what is left never exceeds the overall time and is never negative', () => {
    expect(remainingTime(session, LIMITS, 1010)).toEqual({ idle: 20, max: 90 });
    expect(remainingTime({ ...session, lastSeen: 1090 }, LIMITS, 1095)).toEqual({ idle: 5, max: 5 });
    expect(remainingTime(session, LIMITS, 5000)).toEqual({ idle: 0, max: 0 });
  });

  test('step-up asks for what is missing or too old, in the order of the requirement', () => {
    expect(missingFactors({ factors: ['otp', 'pin', 'pw'] }, session.proofs, 1050)).toEqual(['pin']);
    expect(missingFactors({ factors: ['otp', 'pin'], maxAge: 20 }, session.proofs, 1050)).toEqual(['otp', 'pin']);
  });
});

describe('routes that take one kind of OTP', () => {
  test.each([
    ['any', { otp: 1, hotp: 1 }, []],
    ['time', { otp: 1, hotp: 1 }, ['otp']],
    ['time', { otp: 1, totp: 1 }, []],
    ['event', { otp: 1, totp: 1 }, ['otp']],
    ['time', { otp: 1 }, ['otp']],
  ] as const)('%s after %j still asks for %j', (kind, proofs, missing) => {
    expect(missingFactors({ factors: ['otp'] }, proofs, 5, PLAIN_DEMAND[kind])).toEqual(missing);
  });
});

describe('cookie values', () => {
  test('32 bytes are 43 characters of base64url and are recognised', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(isHandle(encodeBase64Url(bytes))).toBe(true);
      }),
    );
  });

  test('any length of bytes encodes as RFC 4648 §5 says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        (bytes) => encodeBase64Url(bytes) === Buffer.from(bytes).toString('base64url'),
      ),
    );
  });

  test.each(['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(42)}\n`])(
    '%j is no handle',
    (value) => {
      expect(isHandle(value)).toBe(false);
    },
  );
});

describe('what a kept form holds', () => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

  test('names and sizes of a urlencoded form, not the values', () => {
    const fields = readForm(bytes('title=%EA%B0%80+b&memo=&flag'), 'application/x-www-form-urlencoded; charset=UTF-8');
    expect(fields).toEqual([
      { name: 'title', size: 5, file: false },
      { name: 'memo', size: 0, file: false },
      { name: 'flag', size: 0, file: false },
    ]);
  });

  test('names in EUC-KR are read as such', () => {
    expect(readForm(bytes('%C1%A6%B8%F1=x'), 'application/x-www-form-urlencoded')[0]?.name).toBe('제목');
  });

  test('parts of a multipart form, files marked', () => {
    const body = [
      '--B\r\nContent-Disposition: form-data; name="memo"\r\n\r\nhello\r\n',
      '--B\r\nContent-Disposition: form-data; name="up"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n12345678\r\n--B--\r\n',
    ].join('');
    expect(readForm(bytes(body), 'multipart/form-data; boundary="B"')).toEqual([
      { name: 'memo', size: 5, file: false },
      { name: 'up', size: 8, file: true },
    ]);
  });

  test('anything may come; nothing throws and lists stay bounded', () => {
    const types = fc.constantFrom(
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'text/plain',
      '',
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), types, (body, type) => readForm(body, type).length <= 100),
    );
    expect(readForm(bytes('a&'.repeat(5000)), 'application/x-www-form-urlencoded')).toHaveLength(100);
    expect(readForm(bytes('GIF89a'), 'image/gif')).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codeFault,
  normaliseCode,
  normalisePassword,
  readFactor,
  readLookupCode,
  readSubmission,
} from '../../../src/core/verification/code.ts';

describe('codes as people type them', () => {
  test.each([
    ['123 456', '123456'],
    ['12-34-56', '123456'],
    ['123.456', '123456'],
    ['１２３４５６', '123456'],
    ['123\u00a0456', '123456'],
    ['12\u201334\u201556', '123456'],
    [' 1234 5678\t', '12345678'],
  ])('%j is %j', (typed, code) => expect(normaliseCode(typed)).toBe(code));

  test.each([
    ['', 'empty', 0],
    ['  - ', 'empty', 0],
    ['12345', 'wrong-length', 5],
    ['1234567', 'wrong-length', 7],
    ['12345a', 'not-digits', 6],
    ['٣٤٥٦٧٨', 'not-digits', 6],
    ['오티피', 'hangul', 3],
  ])('%j is a fault of form: %s', (typed, fault, length) => {
    expect(codeFault(typed)).toEqual({ field: 'otp', fault, length });
  });

  test('six and eight digits are codes, however they are grouped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999999 }),
        fc.constantFrom(' ', '-', '.', '\u2010', '\u3000'),
        (n, mark) => {
          const code = String(n).padStart(6, '0');
          expect(codeFault(code.slice(0, 3) + mark + code.slice(3))).toBeUndefined();
        },
      ),
    );
  });
});

describe('readSubmission', () => {
  const typed = { login: ' Kim ', password: 'pass word', pin: '12 34', otp: '123 456', sms: '' };

  test('folds the login and normalises what is needed, nothing else', () => {
    const read = readSubmission(['pw', 'otp'], typed, undefined);
    expect(read).toEqual({ ok: true, value: { login: 'kim', credentials: { pw: 'pass word', otp: '123456' } } });
  });

  test('says everything that is wrong at once', () => {
    const read = readSubmission(
      ['pw', 'pin', 'otp'],
      { login: '', password: '', pin: '12a4', otp: '12345', sms: '' },
      undefined,
    );
    expect(read.ok ? [] : read.error.map(({ field, fault }) => `${field} ${fault}`)).toEqual([
      'login empty',
      'password empty',
      'pin not-digits',
      'otp wrong-length',
    ]);
  });

  test.each([
    ['김민지', 'hangul'],
    ['a'.repeat(129), 'too-long'],
    ['a\u0000b', 'unreadable'],
    ['a\u202eb', 'unreadable'],
  ])('the login %j is a fault: %s', (login, fault) => {
    const read = readSubmission(['otp'], { ...typed, login }, undefined);
    expect(read).toMatchObject({ ok: false, error: [{ field: 'login', fault }] });
  });

  test('step-up takes the login from the session and looks at no other', () => {
    expect(readSubmission(['otp'], { ...typed, login: 'park' }, 'kim')).toMatchObject({
      ok: true,
      value: { login: 'kim' },
    });
  });

  test('passwords keep their spaces, dashes and case; length is bounded', () => {
    expect(normalisePassword(' A-b . C ')).toBe(' A-b . C ');
    expect(readSubmission(['pw'], { ...typed, password: 'x'.repeat(257) }, undefined)).toMatchObject({
      ok: false,
      error: [{ fault: 'too-long' }],
    });
    expect(readSubmission(['pw'], { ...typed, password: 'x'.repeat(256) }, undefined).ok).toBe(true);
  });
});

describe('G111: what is looked at as an OTP', () => {
  test.each([
    ['000000', '000000'],
    [' 123456', '123456'],
    ['123 456', '123456'],
    ['１２３４５６', '123456'],
    ['00000000', '00000000'],
    ['k7qf-2m9d', 'K7QF2M9D'],
    ['KOQF 2LID', 'K0QF211D'],
  ])('%j is evaluated as %s', (typed, value) => {
    expect(readFactor('otp', typed)).toEqual({ ok: true, value });
  });

  test.each([
    '',
    '1',
    '12345',
    '1234567',
    '123456789',
    '+12345',
    '1e5',
    '0x1E240',
    'abcdef',
    '12345O78',
    'OOOOOOOO',
    'K7QF2M9U',
    'K7QF2M9',
    '12345678-A',
  ])('%j is a fault of form', (typed) => expect(readFactor('otp', typed).ok).toBe(false));

  test('a code by SMS is digits only', () => {
    expect(readFactor('sms', '123 456')).toEqual({ ok: true, value: '123456' });
    expect(readFactor('sms', 'K7QF-2M9D')).toMatchObject({ ok: false, error: { field: 'sms', fault: 'not-digits' } });
  });

  test('a look-up code always has a letter, so that it is never an eight-digit OTP', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (typed) => {
        const code = readLookupCode(typed);
        expect(code === undefined || (/^[0-9A-Z]{8}$/.test(code) && /[A-Z]/.test(code))).toBe(true);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Concatenated } from '../../../src/core/verification/authentication.ts';
import type { Credentials } from '../../../src/core/verification/code.ts';
import { missingKnowledge, splitConcatenated } from '../../../src/core/verification/concatenated.ts';

describe('factors in one field', () => {
  test.each<[string, Concatenated['order'], readonly number[], readonly Credentials[]]>([
    ['7391123456', 'pin+otp', [6], [{ pin: '7391', otp: '123456' }]],
    ['1234567391', 'otp+pin', [6], [{ pin: '7391', otp: '123456' }]],
    ['739112345678', 'pin+otp', [8], [{ pin: '7391', otp: '12345678' }]],
    ['7391 123 456', 'pin+otp', [6], [{ pin: '7391', otp: '123456' }]],
    ['7391,123456', 'pin+otp', [6], [{ pin: '7391', otp: '123456' }]],
    ['７３９１１２３４５６', 'pin+otp', [6], [{ pin: '7391', otp: '123456' }]],
    ['horse battery123456', 'pw+otp', [6], [{ pw: 'horse battery', otp: '123456' }]],
    ['123456horse battery', 'otp+pw', [6], [{ pw: 'horse battery', otp: '123456' }]],
    // Without an authenticator, or without a person, six digits.
    ['7391123456', 'pin+otp', [], [{ pin: '7391', otp: '123456' }]],
    // Tokens of both lengths: every way that fits.
    ['7391123456', 'pin+otp', [8, 6], [{ pin: '7391', otp: '123456' }]],
    [
      '73911234567890',
      'pin+otp',
      [6, 8, 6],
      [
        { pin: '73911234', otp: '567890' },
        { pin: '739112', otp: '34567890' },
      ],
    ],
    ['7391 K7QF-2M9D', 'pin+otp', [6], [{ pin: '7391', otp: 'K7QF2M9D' }]],
    ['7391,k7qf2m9d', 'pin+otp', [6], [{ pin: '7391', otp: 'K7QF2M9D' }]],
    ['K7QF-2M9D 7391', 'otp+pin', [6], [{ pin: '7391', otp: 'K7QF2M9D' }]],
    ['horse battery K7QF-2M9D', 'pw+otp', [6], [{ pw: 'horse battery', otp: 'K7QF2M9D' }]],
    // Nothing stands between them: part of the password, and no code is left.
    ['horseK7QF2M9D', 'pw+otp', [6], []],
    ['123456', 'pin+otp', [6], []],
    ['739123456', 'pin+otp', [6], []],
    ['abcd123456', 'pin+otp', [6], []],
    ['7391abcdef', 'pin+otp', [6], []],
    ['', 'pin+otp', [6], []],
    ['123456', 'pw+otp', [6], []],
    ['7391123456', 'pin+otp', [8], []],
  ])('%j as %s with codes of %j', (text, order, lengths, splits) => {
    expect(splitConcatenated({ text, order }, lengths)).toEqual(splits);
  });

  test('no text breaks it, and every split has the form of both parts', () => {
    const order = fc.constantFrom<Concatenated['order']>('pin+otp', 'otp+pin', 'pw+otp', 'otp+pw');
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.stringMatching(/^[0-9 ,-]{0,20}$/));
    fc.assert(
      fc.property(text, order, fc.subarray([6, 8]), (typed, by, lengths) => {
        for (const { pw, pin, otp } of splitConcatenated({ text: typed, order: by }, lengths)) {
          expect(otp).toMatch(/^([0-9]{6}|[0-9A-Z]{8})$/);
          expect(pin === undefined ? (pw ?? '').length > 0 : /^[0-9]{4,8}$/.test(pin)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('what people know has to come in the first step', () => {
    expect(missingKnowledge(['pw', 'otp'], { otp: '123456' }, undefined)).toEqual(['pw']);
    expect(missingKnowledge(['pw', 'pin', 'otp'], { pw: 'x' }, 'pin+otp')).toEqual([]);
    expect(missingKnowledge(['pw', 'pin'], {}, 'pin+otp')).toEqual(['pw']);
    expect(missingKnowledge(['otp', 'sms'], {}, undefined)).toEqual([]);
  });
});

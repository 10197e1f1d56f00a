import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { counterBytes, truncate } from '../../../src/core/verification/hotp.ts';
import { timeStep } from '../../../src/core/verification/window.ts';
import { authenticator } from './authenticator.ts';

describe('HOTP (RFC 4226)', () => {
  const codes = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489']; // appendix D
  test.each(codes.map((code, counter) => [counter, code] as const))(
    'counter %i gives %s (appendix D)',
    (counter, code) => {
      expect(authenticator({ kind: 'hotp' }).codeAt(counter)).toBe(code);
    },
  );

  test('the moving factor is eight bytes, big-endian, exact beyond 2^32', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) => {
        expect(Buffer.from(counterBytes(n)).readBigUInt64BE()).toBe(BigInt(n));
      }),
    );
    expect(Buffer.from(counterBytes(2 ** 32 + 1)).toString('hex')).toBe('0000000100000001');
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses %d as a moving factor', (n) => {
    expect(() => counterBytes(n)).toThrow(RangeError);
  });

  test('a MAC that is a view into a larger buffer is read from its own start', () => {
    const whole = Buffer.concat([Buffer.alloc(7, 255), createHmac('sha1', 'k').update('m').digest()]);
    expect(truncate(whole.subarray(7), 8)).toBe(truncate(Uint8Array.from(whole.subarray(7)), 8));
  });
});

describe('TOTP (RFC 6238 appendix B)', () => {
  const seed = (bytes: number) => Buffer.from('1234567890'.repeat(7).slice(0, bytes), 'ascii');
  const cases = [
    [59, 'SHA1', '94287082'],
    [59, 'SHA256', '46119246'],
    [59, 'SHA512', '90693936'],
    [1111111109, 'SHA1', '07081804'],
    [1234567890, 'SHA256', '91819424'],
    [2000000000, 'SHA512', '38618901'],
    [20000000000, 'SHA1', '65353130'],
    [20000000000, 'SHA256', '77737706'],
    [20000000000, 'SHA512', '47863826'],
  ] as const;
  test.each(cases)('at %i s with %s: %s', (seconds, algorithm, code) => {
    const length = { SHA1: 20, SHA256: 32, SHA512: 64 }[algorithm];
    const bound = authenticator({ algorithm, digits: 8 }, seed(length));
    expect(bound.codeAt(timeStep(seconds * 1000, 30))).toBe(code);
  });
});

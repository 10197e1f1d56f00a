import { describe, expect, test } from 'vitest';
import { dialled, isReachable, maskNumber } from '../../../src/core/identity/phone.ts';

describe('telephone numbers', () => {
  test.each([
    ['010-1234-5678', '01012345678', '010-****-5678'],
    ['+82 10 1234 5678', '+821012345678', '010-****-5678'],
    ['011-234-5678', '0112345678', '011-****-5678'],
    ['02-123-4567', '021234567', '****4567'],
    ['+1 (415) 555-2671', '+14155552671', '****2671'],
    ['０１０１２３４５６７８', '01012345678', '010-****-5678'],
  ])('%s is dialled %s and shown %s', (number, digits, masked) => {
    expect(dialled(number)).toBe(digits);
    expect(maskNumber(number)).toBe(masked);
  });

  test.each(['', '전화', '123', '+', '010-1234-5678;rm', '0101234567890123'])('%j is none', (number) => {
    expect(dialled(number)).toBe('');
    expect(isReachable(number, [])).toBe(false);
  });

  test.each([
    ['010-1234-5678', ['+82'], true],
    ['+821012345678', ['+8210'], true],
    ['02-123-4567', ['+8210'], false],
    ['+14155552671', ['+82'], false],
    ['+14155552671', [], true],
  ])('%s may be sent to where numbers begin with %j: %s', (number, prefixes, reachable) => {
    expect(isReachable(number, prefixes)).toBe(reachable);
  });
});

import { describe, expect, test } from 'vitest';
import { passwordFault, pinFault } from '../../../src/core/verification/knowledge.ts';

describe('new passwords', () => {
  test.each([
    ['short', 'too-short'],
    ['password123', 'common'],
    ['PassWord123', 'common'],
    ['aaaaaaaaaaaa', 'repeats'],
    ['kim.minji12', 'contains-login'],
    ['x'.repeat(128) + 'yz'.repeat(65), 'too-long'],
    ['correct horse battery', undefined],
    ['가나다라마바사아자차', undefined],
  ])('%j: %s', (password, fault) => expect(passwordFault(password, 'kim.minji', { minLength: 10 })).toBe(fault));
});

describe('new PINs', () => {
  const rules = { minLength: 4, maxLength: 8, forbid: ['repeats', 'sequences'] } as const;
  test.each([
    ['123', 'too-short'],
    ['123456789', 'too-long'],
    ['12a4', 'not-digits'],
    ['7777', 'repeats'],
    ['4567', 'sequence'],
    ['8901', 'sequence'],
    ['3210', 'sequence'],
    ['2580', 'common'],
    ['７３９１', undefined],
    ['7391', undefined],
  ])('%j: %s', (pin, fault) => expect(pinFault(pin, rules)).toBe(fault));

  test('repeats and sequences are refused only where the policy forbids them', () => {
    expect(pinFault('7777', { ...rules, forbid: [] })).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { resynchronise } from '../../../src/core/verification/resynchronise.ts';
import { timeStep } from '../../../src/core/verification/window.ts';
import { authenticator } from './authenticator.ts';

const NOW = 1_700_000_000_000;
const STEP = timeStep(NOW, 30);
const plain = (facts: Parameters<typeof authenticator>[0]) => ({
  ...authenticator(facts),
  codeAt: (n: number) => `c${n}`,
});
const pair = (first: number): [string, string] => [`c${first}`, `c${first + 1}`];

describe('two consecutive codes (RFC 4226 §7.4, RFC 6238 §6)', () => {
  test('find the drift of a clock and spend both codes', () => {
    expect(resynchronise(plain({}), pair(STEP + 6), NOW)).toEqual({ kind: 'found', to: STEP + 7, drift: 7 });
    expect(resynchronise(plain({}), pair(STEP - 9), NOW)).toEqual({ kind: 'found', to: STEP - 8, drift: -8 });
  });

  test('never go back to or below the last accepted step', () => {
    expect(resynchronise(plain({ movingFactor: STEP }), pair(STEP - 5), NOW)).toEqual({ kind: 'spent' });
    expect(resynchronise(plain({ movingFactor: STEP }), pair(STEP), NOW)).toEqual({ kind: 'spent' });
  });

  test('a clock that is off by more than may be learned has to be set', () => {
    expect(resynchronise(plain({}), pair(STEP + 20), NOW)).toEqual({ kind: 'too-far', distance: 21 });
  });

  test.each([
    ['not in a row', [`c${STEP}`, `c${STEP + 2}`]],
    ['in the wrong order', [`c${STEP + 1}`, `c${STEP}`]],
    ['twice the same', [`c${STEP}`, `c${STEP}`]],
    ['a guess', ['x', 'y']],
  ] as const)('codes that are %s are not found', (_, codes) => {
    expect(resynchronise(plain({}), codes, NOW)).toEqual({ kind: 'not-found' });
  });

  test('move an event counter forward, within a bound', () => {
    expect(resynchronise(plain({ kind: 'hotp', movingFactor: 5 }), pair(700), NOW)).toEqual({
      kind: 'found',
      to: 702,
      drift: 0,
    });
    expect(resynchronise(plain({ kind: 'hotp', movingFactor: 5 }), pair(2000), NOW)).toEqual({ kind: 'not-found' });
    expect(resynchronise(plain({ kind: 'hotp', movingFactor: 50 }), pair(40), NOW)).toEqual({ kind: 'spent' });
  });
});

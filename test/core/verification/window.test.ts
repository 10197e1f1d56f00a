import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchCode } from '../../../src/core/verification/match.ts';
import { LABEL_RANGE, MAX_DRIFT, timeStep, windowOf } from '../../../src/core/verification/window.ts';
import { authenticator } from './authenticator.ts';

const NOW = 1_700_000_000_000;
const STEP = timeStep(NOW, 30);
const SETTINGS = { totp: { window: 1 }, hotp: { lookAhead: 10 } };

/** One code for each moving factor, so that no two steps collide by chance. */
const plain = (facts: Parameters<typeof authenticator>[0]) => ({
  ...authenticator(facts),
  codeAt: (n: number) => `c${n}`,
});

function outcome(facts: Parameters<typeof authenticator>[0], factor: number, settings = SETTINGS) {
  const bound = plain(facts);
  return matchCode(bound, windowOf(bound, settings, NOW), `c${factor}`);
}

describe('TOTP window (RFC 6238 §5.2)', () => {
  test.each([
    [-61, 'none'],
    [-60, 'out-of-window'],
    [-2, 'out-of-window'],
    [-1, 'fresh'],
    [0, 'fresh'],
    [1, 'fresh'],
    [2, 'out-of-window'],
    [60, 'out-of-window'],
    [61, 'none'],
  ] as const)('the code of step %i from now is %s', (offset, kind) => {
    expect(outcome({}, STEP + offset).kind).toBe(kind);
  });

  test('window 0 accepts the present step alone', () => {
    const strict = { ...SETTINGS, totp: { window: 0 } };
    expect([-1, 0, 1].map((offset) => outcome({}, STEP + offset, strict).kind)).toEqual([
      'out-of-window',
      'fresh',
      'out-of-window',
    ]);
  });

  test('rejects a second use of an accepted time step, and every step before it', () => {
    expect(outcome({ movingFactor: STEP }, STEP)).toEqual({ kind: 'replayed', distance: 0 });
    expect(outcome({ movingFactor: STEP }, STEP - 1)).toEqual({ kind: 'replayed', distance: -1 });
    expect(outcome({ movingFactor: STEP }, STEP + 1).kind).toBe('fresh');
  });

  test('the window follows the learned drift, and the drift moves to the matched offset (§6)', () => {
    expect(outcome({ drift: 3 }, STEP + 4)).toEqual({ kind: 'fresh', to: STEP + 4, drift: 4, distance: 4 });
    expect(outcome({ drift: 3 }, STEP).kind).toBe('out-of-window');
  });

  test('the same work whatever the code, the drift and the kind', () => {
    for (const facts of [
      {},
      { drift: 9 },
      { movingFactor: STEP },
      { kind: 'hotp', movingFactor: 500 },
      { kind: 'hotp' },
    ] as const) {
      let computed = 0;
      const bound = { ...authenticator(facts), codeAt: () => String(computed++) };
      matchCode(bound, windowOf(bound, SETTINGS, NOW), '000000');
      expect(computed).toBe(2 * LABEL_RANGE + 1);
    }
  });
});

describe('HOTP look-ahead (RFC 4226 §7.4)', () => {
  test.each([
    [-1, 'replayed'],
    [0, 'fresh'],
    [10, 'fresh'],
    [11, 'out-of-window'],
    [61, 'none'],
  ] as const)('the code %i after the expected counter is %s', (offset, kind) => {
    expect(outcome({ kind: 'hotp', movingFactor: 100 }, 100 + offset).kind).toBe(kind);
  });

  test('the accepted counter and all before it are spent', () => {
    expect(outcome({ kind: 'hotp', movingFactor: 100 }, 107)).toEqual({
      kind: 'fresh',
      to: 108,
      drift: 0,
      distance: 7,
    });
  });
});

describe('properties', () => {
  const facts = fc.record({
    kind: fc.constantFrom('totp' as const, 'hotp' as const),
    movingFactor: fc.integer({ min: -1, max: 100 }),
    drift: fc.integer({ min: -50, max: 50 }),
  });

  test('no factor at or below the floor is ever accepted; the floor only rises; the drift stays bounded', () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: -80, max: 80 }), fc.integer({ min: 0, max: 5 }), (some, offset, window) => {
        const floor = some.kind === 'totp' ? STEP - 50 + some.movingFactor : Math.max(0, some.movingFactor);
        const bound = plain({ ...some, movingFactor: floor });
        const factor = (some.kind === 'totp' ? STEP : floor) + offset;
        const match = matchCode(
          bound,
          windowOf(bound, { totp: { window }, hotp: { lookAhead: 10 } }, NOW),
          `c${factor}`,
        );
        if (match.kind !== 'fresh') return;
        expect(match.to).toBeGreaterThan(floor);
        expect(some.kind === 'totp' ? factor > floor : factor >= floor).toBe(true);
        expect(Math.abs(match.drift)).toBeLessThanOrEqual(MAX_DRIFT);
      }),
      { numRuns: 2000 },
    );
  });

  test('a model account under random clocks accepts each step at most once (CLOCK-1)', () => {
    const jump = fc.oneof(fc.integer({ min: -7200, max: 7200 }), fc.integer({ min: -90, max: 90 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(jump, fc.integer({ min: -3, max: 3 })), { maxLength: 60 }), (moves) => {
        let state = { movingFactor: -1, drift: 0 };
        let now = NOW;
        const accepted = new Set<number>();
        for (const [seconds, offset] of moves) {
          now += seconds * 1000;
          const bound = plain(state);
          const factor = timeStep(now, 30) + offset;
          const match = matchCode(bound, windowOf(bound, SETTINGS, now), `c${factor}`);
          if (match.kind !== 'fresh') continue;
          expect(accepted.has(factor)).toBe(false);
          accepted.add(factor);
          state = { movingFactor: match.to, drift: match.drift };
        }
      }),
      { numRuns: 500 },
    );
  });
});

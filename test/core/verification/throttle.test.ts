import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Attempts,
  HARD_STOP,
  NO_ATTEMPTS,
  releaseAttempt,
  reserveAttempt,
} from '../../../src/core/verification/throttle.ts';

const MINUTE = 60_000;
const LIMITS = { failures: 5, lockFor: [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE] };

function attempts(count: number, now: number, from: Attempts = NO_ATTEMPTS) {
  let state = from;
  let evaluated = 0;
  for (let index = 0; index < count; index++) {
    const step = reserveAttempt(state, LIMITS, now);
    state = step.attempts;
    if (step.reservation.kind === 'reserved') evaluated++;
  }
  return { state, evaluated };
}

describe('throttling (NIST SP 800-63B §3.2.2)', () => {
  test('the failure that reaches the limit is still evaluated, the next is not', () => {
    expect(attempts(500, 0).evaluated).toBe(5);
  });

  test('each round locks for longer, the last length repeats', () => {
    let state = NO_ATTEMPTS;
    let now = 1;
    const locks: number[] = [];
    for (let round = 0; round < 6; round++) {
      state = attempts(5, now, state).state;
      locks.push((state.lockedUntil - now) / MINUTE);
      now = state.lockedUntil;
    }
    expect(locks).toEqual([1, 5, 15, 60, 60, 60]);
  });

  test('a hundred failures in a row close the account whatever the clock says', () => {
    let state = NO_ATTEMPTS;
    let evaluated = 0;
    for (let now = 1; evaluated <= HARD_STOP && now < 1e12; now += 2 * 60 * MINUTE) {
      const round = attempts(5, now, state);
      if (round.evaluated === 0) break;
      evaluated += round.evaluated;
      state = round.state;
    }
    expect(evaluated).toBe(HARD_STOP);
  });

  test('taking an attempt back undoes it, with the lock it set', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (moves) => {
        let state = NO_ATTEMPTS;
        for (const release of moves) {
          const before = state;
          const step = reserveAttempt(state, LIMITS, 0);
          if (step.reservation.kind === 'locked') return;
          state = release ? releaseAttempt(step.attempts, LIMITS) : step.attempts;
          if (release) expect(state).toEqual(before);
        }
      }),
    );
  });
});

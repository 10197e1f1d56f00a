import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { NO_ATTEMPTS, releaseAttempt, reserveAttempt } from '../../src/core/verification/throttle.ts';
import { addPerson, attempt, codeOf, type Opened, openHouse, policy } from './house.ts';

let opened: Opened;
let people = 0;
beforeAll(async () => {
  opened = await openHouse();
});
afterAll(() => opened.remove());

type Act =
  | { readonly do: 'submit'; readonly offset: number }
  | { readonly do: 'guess' }
  | { readonly do: 'wait'; readonly seconds: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }).map((offset) => ({ do: 'submit', offset }) as const) },
  { weight: 3, arbitrary: fc.constant({ do: 'guess' } as const) },
  { weight: 2, arbitrary: fc.constantFrom(5, 30, 61, 301).map((seconds) => ({ do: 'wait', seconds }) as const) },
);

/** What one account must answer: a counter, the last accepted step and the drift, in a few lines. */
class Model {
  #attempts = NO_ATTEMPTS;
  #last = -1;
  #drift = 0;

  submit(now: number, offset: number | undefined): string {
    const { reservation, attempts } = reserveAttempt(this.#attempts, policy.otp.lockout, now);
    if (reservation.kind === 'locked') return 'locked';
    this.#attempts = attempts;
    if (offset === undefined) return 'rejected';
    const step = Math.floor(now / 30_000) + offset;
    if (step <= this.#last) this.#attempts = releaseAttempt(attempts, policy.otp.lockout);
    if (step <= this.#last || Math.abs(offset - this.#drift) > 1) return 'rejected';
    this.#attempts = NO_ATTEMPTS;
    this.#last = step;
    this.#drift = offset;
    return 'accepted';
  }
}

describe('an account', () => {
  test('answers any history of codes, guesses and waiting as the model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
        const { house, time } = opened;
        const login = `p${people++}`;
        await addPerson(house, login);
        const model = new Model();
        for (const step of acts) {
          if (step.do === 'wait') {
            time.now += step.seconds * SECOND;
            continue;
          }
          const otp = step.do === 'guess' ? '000000' : codeOf(time.now, step.offset);
          const expected = model.submit(time.now, step.do === 'guess' ? undefined : step.offset);
          expect((await attempt(house, { login, otp })).kind).toBe(expected);
        }
        time.now += MINUTE;
      }),
      { numRuns: 12 },
    );
    expect((await opened.house.audit.verify()).ok).toBe(true);
  }, 60_000);
});

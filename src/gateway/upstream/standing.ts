import type { Milliseconds } from '../../core/time.ts';

/** Failures in a row that put a target out. */
export const FAILURES_TO_EJECT = 5;

const SHORTEST_EJECTION: Milliseconds = 10_000;
const LONGEST_EJECTION: Milliseconds = 60_000;

export type TargetState = 'up' | 'down' | 'ejected';

/**
 * What is known of a target's health. `down`: health checks say so. `ejected`: requests failed in a row. Either way it
 * gets requests only while no other target is better. Times are of a monotonic clock, in milliseconds.
 */
export class Standing {
  /** Failures in a row, of requests. */
  failures = 0;
  #ejections = 0;
  #ejectedUntil = 0;
  #isDown = false;
  #checksInARow = 0;

  state(now: number): TargetState {
    if (this.#isDown) return 'down';
    return now < this.#ejectedUntil ? 'ejected' : 'up';
  }

  isOut(now: number): boolean {
    return this.#isDown || now < this.#ejectedUntil;
  }

  /** An answer came; one on a new connection also ends an ejection. */
  succeed(isNewConnection: boolean): void {
    this.failures = 0;
    if (!isNewConnection || this.#ejections === 0) return;
    this.#ejections = 0;
    this.#ejectedUntil = 0;
  }

  /**
   * A request failed. `isSpare` is false for the last target that is not out: it stays. Answers for how long the target is
   * out from now on, or 0. After that one failure is enough to put it out again, for twice as long, a minute at most.
   */
  fail(now: number, isSpare: boolean): Milliseconds {
    this.failures += 1;
    const needed = this.#ejections === 0 ? FAILURES_TO_EJECT : 1;
    if (this.failures < needed || !isSpare || this.isOut(now)) return 0;
    const time = Math.min(SHORTEST_EJECTION * 2 ** this.#ejections, LONGEST_EJECTION);
    this.#ejections += 1;
    this.#ejectedUntil = now + time;
    this.failures = 0;
    return time;
  }

  /** Notes a health check; answers the state it changed to, if it did. */
  check(
    isHealthy: boolean,
    { fall, rise }: { readonly fall: number; readonly rise: number },
  ): 'up' | 'down' | undefined {
    this.#checksInARow = isHealthy === this.#isDown ? this.#checksInARow + 1 : 0;
    if (this.#checksInARow < (this.#isDown ? rise : fall)) return undefined;
    this.#checksInARow = 0;
    this.#isDown = !this.#isDown;
    return this.#isDown ? 'down' : 'up';
  }
}

import { describe, expect, test } from 'vitest';
import { Breaker, FAILURES_TO_OPEN, OPEN_FOR } from '../../src/messaging/breaker.ts';

const failures = (breaker: Breaker, count: number, now = 0): void => {
  for (let index = 0; index < count; index++) breaker.failed(now);
};

describe('a circuit breaker', () => {
  test('opens after failures in a row, not after failures between successes', () => {
    const breaker = new Breaker();
    failures(breaker, FAILURES_TO_OPEN - 1);
    breaker.worked();
    failures(breaker, FAILURES_TO_OPEN - 1);
    expect(breaker.state).toBe('closed');
    breaker.failed(0);
    expect([breaker.state, breaker.admit(0)]).toEqual(['open', false]);
  });

  test('lets one probe through when its time has come, and closes when that works', () => {
    const breaker = new Breaker();
    failures(breaker, FAILURES_TO_OPEN);
    expect(breaker.admit(breaker.until - 1)).toBe(false);
    expect([breaker.admit(breaker.until), breaker.admit(breaker.until)]).toEqual([true, false]);
    breaker.worked();
    expect([breaker.state, breaker.admit(breaker.until)]).toEqual(['closed', true]);
  });

  test('opens for longer each time a probe fails, and begins anew once it worked', () => {
    const breaker = new Breaker();
    failures(breaker, FAILURES_TO_OPEN);
    let now = breaker.until;
    expect(now).toBe(OPEN_FOR[0]);
    for (const wait of [...OPEN_FOR.slice(1), OPEN_FOR.at(-1) ?? 0]) {
      expect(breaker.admit(now)).toBe(true);
      breaker.failed(now);
      expect(breaker.until - now).toBe(wait);
      now = breaker.until;
    }
    breaker.admit(now);
    breaker.worked();
    failures(breaker, FAILURES_TO_OPEN, now);
    expect(breaker.until - now).toBe(OPEN_FOR[0]);
  });

  test('failures of what was under way when it opened do not move the probe', () => {
    const breaker = new Breaker();
    failures(breaker, FAILURES_TO_OPEN, 0);
    const { until } = breaker;
    failures(breaker, 20, 3000);
    expect(breaker.until).toBe(until);
  });
});

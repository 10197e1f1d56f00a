import { describe, expect, test } from 'vitest';
import { FAILURES_TO_EJECT, Standing } from '../../../src/gateway/upstream/standing.ts';

const failTimes = (standing: Standing, count: number, now = 0, isSpare = true): number[] =>
  Array.from({ length: count }, () => standing.fail(now, isSpare));

describe('failures in a row', () => {
  test.each([
    [FAILURES_TO_EJECT - 1, 'up'],
    [FAILURES_TO_EJECT, 'ejected'],
    [FAILURES_TO_EJECT + 1, 'ejected'],
  ])('%i: %s', (count, state) => {
    const standing = new Standing();
    failTimes(standing, count);
    expect(standing.state(9999)).toBe(state);
    expect(standing.state(10_000)).toBe('up');
  });

  test('an answer in between begins the count again', () => {
    const standing = new Standing();
    failTimes(standing, FAILURES_TO_EJECT - 1);
    standing.succeed(false);
    failTimes(standing, FAILURES_TO_EJECT - 1);
    expect(standing.state(0)).toBe('up');
  });

  test('put out again after one more, for twice as long, a minute at most', () => {
    const standing = new Standing();
    expect(failTimes(standing, FAILURES_TO_EJECT)).toEqual([0, 0, 0, 0, 10_000]);
    let now = 10_000;
    for (const time of [20_000, 40_000, 60_000, 60_000]) {
      expect(standing.fail(now, true)).toBe(time);
      expect(standing.fail(now, true)).toBe(0);
      now += time;
    }
  });

  test('an answer on a new connection ends the ejection and forgets it; one on an old connection does not', () => {
    const standing = new Standing();
    failTimes(standing, FAILURES_TO_EJECT);
    standing.succeed(false);
    expect(standing.state(1)).toBe('ejected');
    standing.succeed(true);
    expect(standing.state(1)).toBe('up');
    expect(failTimes(standing, FAILURES_TO_EJECT, 1)).toEqual([0, 0, 0, 0, 10_000]);
  });

  test('the last target that is not out stays', () => {
    const standing = new Standing();
    expect(failTimes(standing, 20, 0, false)).toEqual(Array(20).fill(0));
    expect(standing.state(0)).toBe('up');
    expect(standing.fail(0, true)).toBe(10_000);
  });
});

describe('health checks', () => {
  const limits = { fall: 3, rise: 2 };
  test.each([
    ['---', [undefined, undefined, 'down']],
    ['--+---', [undefined, undefined, undefined, undefined, undefined, 'down']],
    ['---++', [undefined, undefined, 'down', undefined, 'up']],
    ['---+-++', [undefined, undefined, 'down', undefined, undefined, undefined, 'up']],
    ['+++', [undefined, undefined, undefined]],
    ['----', [undefined, undefined, 'down', undefined]],
  ])('%s', (checks, changes) => {
    const standing = new Standing();
    expect([...checks].map((each) => standing.check(each === '+', limits))).toEqual(changes);
  });

  test('a target that is down is out, and requests that succeed do not change that', () => {
    const standing = new Standing();
    standing.check(false, { fall: 1, rise: 1 });
    standing.succeed(true);
    expect([standing.state(0), standing.isOut(0)]).toEqual(['down', true]);
  });
});

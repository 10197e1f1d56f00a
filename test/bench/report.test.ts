import { describe, expect, test } from 'vitest';
import { growthOf } from '../../bench/large.ts';
import { FIRST, loadScript } from '../../bench/load.ts';
import { median, type Run, summarise } from '../../bench/report.ts';
import { renderLarge, renderTable } from '../../bench/tables.ts';

const run = (candidate: string, round: number, cost: number, more: Partial<Run> = {}): Run => ({
  scenario: 'GET',
  candidate,
  round,
  requests: 1000,
  seconds: 2,
  p50: 1,
  p99: 5,
  errors: 0,
  cpuMicroseconds: cost * 1000,
  resident: 10 * 1024 * 1024,
  ...more,
});

describe('medians and ratios', () => {
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
    [[], Number.NaN],
  ])('the median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test('a ratio is taken within each round, then its median: a slow hour is not held against anybody', () => {
    const runs = [
      run('a', 0, 10),
      run('b', 0, 20),
      run('a', 1, 100),
      run('b', 1, 200),
      run('a', 2, 10),
      run('b', 2, 30),
    ];
    const rows = summarise(runs, ['a']);
    expect(rows.map(({ candidate, ratios }) => [candidate, ratios])).toEqual([
      ['a', [1]],
      ['b', [2]],
    ]);
    expect(rows[1]).toMatchObject({
      cpuPerRequest: 30,
      bestCpuPerRequest: 20,
      requestsPerSecond: 500,
      residentMiB: 10,
    });
  });

  test('errors add up; a yardstick that did not run has no ratio', () => {
    const [row] = summarise([run('a', 0, 1, { errors: 2 }), run('a', 1, 1, { errors: 3 })], ['absent']);
    expect(row?.errors).toBe(5);
    expect(row?.ratios).toEqual([Number.NaN]);
  });
});

describe('tables', () => {
  test('name a scenario once, set the gateway apart, and show a dash for what there is not', () => {
    const rows = summarise([run('nginx', 0, 10), run('sumun', 0, 25, { p50: Number.NaN })], ['nginx', 'absent']);
    const lines = renderTable(rows, ['÷ nginx', '÷ absent']).split('\n');
    expect(lines).toEqual([
      '|  | candidate | req/s | p50 ms | p99 ms | CPU µs/req | best | ÷ nginx | ÷ absent | RSS MiB | errors |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      '| GET | nginx | 500 | 1.00 | 5.0 | 10.0 | 10.0 | 1.00 | – | 10 | 0 |',
      '|  | **sumun** | 500 | – | 5.0 | 25.0 | 25.0 | 2.50 | – | 10 | 0 |',
    ]);
  });

  test('say how far memory rose', () => {
    const MIB = 1024 * 1024;
    const table = renderLarge([
      { direction: 'upload', bytes: 100 * MIB, seconds: 2, growth: 3 * MIB, drift: -MIB, samples: 40 },
    ]);
    expect(table.split('\n').at(-1)).toBe('| upload | 100 | 50 | 3.0 MiB | -1.0 MiB |');
  });
});

describe('memory while a large body passes', () => {
  test.each([
    ['flat', 10, [10, 11, 10, 11, 10, 11, 10, 11], { growth: 1, drift: 0 }],
    ['rising', 10, [10, 20, 30, 40, 50, 60, 70, 80], { growth: 70, drift: 60 }],
    ['higher at first only', 10, [30, 30, 10, 10, 10, 10, 10, 10], { growth: 20, drift: -20 }],
    ['no sample', 10, [], { growth: 0, drift: 0 }],
  ])('%s', (_, before, samples, expected) => {
    expect(growthOf(before, samples)).toEqual(expected);
  });
});

describe('the script of the load', () => {
  test('carries one cookie in its headers', () => {
    const script = loadScript(FIRST, ['sumun=one'], '/nowhere');
    expect(script).toContain('; sumun=one; theme=classic"');
    expect(script).not.toContain('request = function');
  });

  test('takes the cookies of a list in turn', () => {
    const script = loadScript({ ...FIRST, people: 2 }, ['sumun=one', 'sumun=two'], '/some/list');
    expect(script).toContain('@PAIR@; theme=classic"');
    expect(script).toContain('io.lines("/some/list")');
    expect(script).not.toContain('sumun=one');
  });
});

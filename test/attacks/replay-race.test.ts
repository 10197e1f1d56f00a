import { expect, test } from 'vitest';
import { runStorm } from '../storm/conductor.ts';

/** Security figure F1, short form: 20 000 rounds bound the rate of a double acceptance below 1.5 in 10 000. */
test('G113 RACE-1 of racing submissions of one code exactly one is accepted, while processes are killed', {
  timeout: 300_000,
}, async () => {
  const report = await runStorm({ rounds: 20_000, processes: 4, submitters: 2, killEvery: 5000 });
  expect(report.problems).toEqual([]);
  expect(report.rounds).toBeGreaterThanOrEqual(20_000);
  expect(report.kills).toBeGreaterThan(0);
});

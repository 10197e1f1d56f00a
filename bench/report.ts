/** From single runs to medians and ratios. */
import type { LoadResult } from './load.ts';

/** One counted run of one candidate. */
export type Run = LoadResult & {
  readonly scenario: string;
  readonly candidate: string;
  readonly round: number;
  readonly cpuMicroseconds: number;
  readonly resident: number;
};

export type Row = {
  readonly scenario: string;
  readonly candidate: string;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU microseconds of all processes of the candidate per request. The figure to trust. */
  readonly cpuPerRequest: number;
  readonly bestCpuPerRequest: number;
  /** CPU per request ÷ that of each yardstick, each round by itself, then the median. */
  readonly ratios: readonly number[];
  readonly residentMiB: number;
  readonly errors: number;
};

export const RAW = 'nginx, proxy_pass';
export const AUTH = 'nginx, auth_request + auth server';

/** Medians over the rounds, in the order of first appearance. */
export function summarise(runs: readonly Run[], yardsticks: readonly string[]): readonly Row[] {
  const keys = [...new Set(runs.map((run) => JSON.stringify([run.scenario, run.candidate])))];
  return keys.map((key) => {
    const [scenario, candidate] = JSON.parse(key) as [string, string];
    const mine = runs.filter((run) => run.scenario === scenario && run.candidate === candidate);
    return {
      scenario,
      candidate,
      requestsPerSecond: median(mine.map((run) => run.requests / run.seconds)),
      p50: median(mine.map((run) => run.p50)),
      p99: median(mine.map((run) => run.p99)),
      cpuPerRequest: median(mine.map(costOf)),
      bestCpuPerRequest: Math.min(...mine.map(costOf)),
      ratios: yardsticks.map((other) => median(mine.flatMap((run) => ratioTo(other, run, runs)))),
      residentMiB: median(mine.map((run) => run.resident)) / 1024 / 1024,
      errors: mine.reduce((sum, run) => sum + run.errors, 0),
    };
  });
}

/** The run's cost ÷ that of the other in the same scenario and round; nothing where the other did not run. */
function ratioTo(other: string, run: Run, runs: readonly Run[]): readonly number[] {
  const peer = runs.find(
    (each) => each.scenario === run.scenario && each.candidate === other && each.round === run.round,
  );
  return peer === undefined ? [] : [costOf(run) / costOf(peer)];
}

const costOf = (run: Run): number => run.cpuMicroseconds / run.requests;

/** The middle of the values, the mean of the two in the middle where their number is even; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

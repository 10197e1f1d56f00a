/** From single runs to medians and ratios, and a table for people. */
import type { LargeResult } from './large.ts';
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
  /** CPU per request ÷ that of the other, each round by itself, then the median. */
  readonly ratioToRaw: number;
  readonly ratioToAuth: number;
  readonly residentMiB: number;
  readonly errors: number;
};

export const RAW = 'nginx, proxy_pass';
export const AUTH = 'nginx, auth_request + auth server';

/** Medians over the rounds. */
export function summarise(runs: readonly Run[]): readonly Row[] {
  const keys = [...new Set(runs.map((run) => JSON.stringify([run.scenario, run.candidate])))];
  return keys.map((key) => {
    const [scenario, candidate] = JSON.parse(key) as [string, string];
    const mine = runs.filter((run) => run.scenario === scenario && run.candidate === candidate);
    const ratioTo = (other: string): number =>
      median(
        mine.flatMap((run) => {
          const peer = runs.find(
            (each) => each.scenario === scenario && each.candidate === other && each.round === run.round,
          );
          return peer === undefined ? [] : [cost(run) / cost(peer)];
        }),
      );
    return {
      scenario,
      candidate,
      requestsPerSecond: median(mine.map((run) => run.requests / run.seconds)),
      p50: median(mine.map((run) => run.p50)),
      p99: median(mine.map((run) => run.p99)),
      cpuPerRequest: median(mine.map(cost)),
      bestCpuPerRequest: Math.min(...mine.map(cost)),
      ratioToRaw: ratioTo(RAW),
      ratioToAuth: ratioTo(AUTH),
      residentMiB: median(mine.map((run) => run.resident)) / 1024 / 1024,
      errors: mine.reduce((sum, run) => sum + run.errors, 0),
    };
  });
}

/** The rows as a Markdown table. */
export function renderTable(rows: readonly Row[]): string {
  const head =
    '| | candidate | req/s | p50 ms | p99 ms | CPU µs/req | best | ÷ nginx raw | ÷ auth_request | RSS MiB | errors |';
  const lines = rows.map(
    (row) =>
      `| ${row.scenario} | ${row.candidate} | ${row.requestsPerSecond.toFixed(0)} | ${row.p50.toFixed(2)} | ${row.p99.toFixed(1)} | ${row.cpuPerRequest.toFixed(1)} | ${row.bestCpuPerRequest.toFixed(1)} | ${row.ratioToRaw.toFixed(2)} | ${row.ratioToAuth.toFixed(2)} | ${row.residentMiB.toFixed(0)} | ${row.errors} |`,
  );
  return [head, '|---|---|---|---|---|---|---|---|---|---|---|', ...lines].join('\n');
}

/** The large bodies, one line each. */
export const renderLarge = (results: readonly LargeResult[]): string =>
  results
    .map(({ direction, bytes, seconds, growth }) => {
      const mebibytes = bytes / 1024 / 1024;
      return `${direction} of ${mebibytes.toFixed(0)} MiB: ${(mebibytes / seconds).toFixed(0)} MiB/s, resident memory + ${(growth / 1024 / 1024).toFixed(1)} MiB`;
    })
    .join('\n');

const cost = (run: Run): number => run.cpuMicroseconds / run.requests;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

import type { Counters } from '../../gateway/gate.ts';
import type { Report } from './messages.ts';

/** What all workers together used and counted. */
export type Totals = Report & { readonly workers: number };

const NOTHING: Counters = { requests: 0, forwarded: 0, refused: 0, failed: 0, tunnels: 0, spoofed: 0 };

/** The sum of reports. Of processes that ended only what was counted remains: they use nothing and hold nothing open. */
export function sumOf(living: readonly Report[], past: readonly Report[]): Report {
  const counters = { ...NOTHING };
  for (const report of [...living, ...past]) {
    for (const key of Object.keys(NOTHING) as (keyof Counters)[]) counters[key] += report.counters[key];
  }
  counters.tunnels = living.reduce((sum, { counters: { tunnels } }) => sum + tunnels, 0);
  return {
    counters,
    residentBytes: living.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
    cpuSeconds: [...living, ...past].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

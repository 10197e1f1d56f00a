/** Entrants that take turns under the same load, and what each costs. */

import { faultOf } from './check.ts';
import { type LoadResult, runLoad, type Scenario } from './load.ts';
import { cpuMicroseconds, familyOf, residentBytes } from './processes.ts';
import { type Row, type Run, summarise } from './report.ts';

export type Entrant = {
  readonly name: string;
  readonly port: number;
  readonly scheme?: 'http' | 'https';
  /** Processes whose descendants count too. */
  readonly roots: readonly number[];
  readonly pairs: readonly string[];
  readonly scenario: Scenario;
  /** A counted run takes at least so long: what is done every half minute for each person must not fall between two. */
  readonly leastSeconds?: number;
};

/** Assertions are signed anew when half their minute is over. */
const SIGNING_SECONDS = 30;

/** The least length of a run in which everybody of a crowd takes part. */
export const crowdSeconds = ({ quick }: { readonly quick: boolean }): number => (quick ? 0 : SIGNING_SECONDS);

export type Turns = {
  readonly folder: string;
  readonly rounds: number;
  /** Seconds of a counted run, and of the warm-up before it. */
  readonly seconds: number;
  readonly warmUp: number;
  /** Requests of the first warm-up, or the time it may take, whichever is first. */
  readonly warmRequests: number;
  readonly warmSeconds: number;
  readonly quick: boolean;
};

/** Every entrant in every round, the order turned round every other one. Throws if one does not answer as it should. */
export async function takeTurns(entrants: readonly Entrant[], turns: Turns): Promise<readonly Run[]> {
  for (const entrant of entrants) {
    const fault = await faultOf(entrant);
    if (fault !== undefined) throw new Error(`${entrant.name}: ${fault}`);
  }
  const runs: Run[] = [];
  for (let round = 0; round < turns.rounds; round += 1) {
    for (const entrant of round % 2 === 0 ? entrants : entrants.toReversed()) {
      runs.push(await oneTurn(entrant, round, turns));
    }
  }
  return runs;
}

/** The same, summed up, with ratios to the first of them. */
export async function compare(entrants: readonly Entrant[], turns: Turns): Promise<readonly Row[]> {
  return summarise(await takeTurns(entrants, turns), [entrants[0]?.name ?? '']);
}

async function oneTurn(entrant: Entrant, round: number, turns: Turns): Promise<Run> {
  const load = (seconds: number): Promise<LoadResult> => runLoad(turns.folder, entrant, seconds);
  const { requests: warmed } = await load(turns.warmUp);
  if (round === 0) {
    const pace = warmed / turns.warmUp;
    const more = Math.min(turns.warmSeconds, (turns.warmRequests - warmed) / Math.max(1, pace));
    if (more >= 1) await load(Math.round(more));
  }
  const pids = entrant.roots.flatMap(familyOf);
  const before = cpuMicroseconds(pids);
  const result = await load(Math.max(turns.seconds, entrant.leastSeconds ?? 0));
  const spent = cpuMicroseconds(pids) - before;
  const resident = residentBytes(pids);
  const { name: scenario } = entrant.scenario;
  const cost = (spent / result.requests).toFixed(1);
  process.stderr.write(`round ${round + 1}  ${scenario.padEnd(24)} ${entrant.name.padEnd(36)} ${cost} µs/req\n`);
  return { ...result, scenario, candidate: entrant.name, round, cpuMicroseconds: spent, resident };
}

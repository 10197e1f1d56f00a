/**
 * `npm run bench [-- --quick --seconds 5 --rounds 3 --routes 100 --large 1024 --only 'GET 1 KiB' --with naive,caddy
 * --studies growth,tls --profile DIR --nice -8 --out FILE --write]`
 *
 * The gateway with all its work beside nginx without any, nginx with auth_request and others, in one interleaved run: the
 * proxy under test on core 0, the load and the application on core 1. Ratios within a run are what counts; absolute
 * figures depend on the machine and the hour. `--with none` and `--studies none` leave them out.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, setPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchSettings, readBenchSettings } from './arguments.ts';
import type { Around } from './around.ts';
import { PEERS, startCandidates } from './candidates.ts';
import { crowdSeconds, type Entrant, type Turns, takeTurns } from './compare.ts';
import { describeMachine, writeChart, writePart } from './documents.ts';
import { startGateway } from './gateway.ts';
import { type LargeResult, measureLarge } from './large.ts';
import { SCENARIOS } from './load.ts';
import { startNginx } from './nginx.ts';
import { freePort, isInstalled, startOn, stayOn, stopAll, stopOnSignal, untilListening } from './processes.ts';
import { AUTH, RAW, type Run, summarise } from './report.ts';
import { chartOf, type Results, renderResults } from './results.ts';
import { STUDIES, type Study } from './studies.ts';

/** Requests after which a just-in-time compiler has seen enough of a scenario; before that its own work is measured. */
const WARM_REQUESTS = 150_000;

/** What keeps the benchmark from running here, or undefined. */
function hindrance(): string | undefined {
  const missing = ['nginx', 'wrk', 'taskset'].filter((tool) => !isInstalled(tool));
  if (missing.length > 0) return `skipped: ${missing.join(', ')} missing (apt-get install nginx-light wrk util-linux)`;
  if (process.platform !== 'linux' || cpus().length < 2) return 'skipped: it takes Linux and two cores';
  return undefined;
}

function turnsOf(folder: string, settings: BenchSettings): Turns {
  const { rounds, seconds, warmUp, quick } = settings;
  return { folder, rounds, seconds, warmUp, quick, warmRequests: WARM_REQUESTS, warmSeconds: settings.seconds * 3 };
}

/** The applications behind the proxies: small answers and large ones. */
async function startApplications(folder: string): Promise<{ readonly backend: number; readonly large: number }> {
  const [backend, large] = [await freePort(), await freePort()];
  startNginx(folder, 1, backend, { kind: 'backend' });
  startOn(1, process.execPath, ['bench/large-server.ts', String(large)]);
  keepAwake(1);
  await Promise.all([backend, large].map((each) => untilListening(each)));
  return { backend, large };
}

/**
 * Keeps a core from falling asleep, with work that gives way to everything else. To wake a sleeping virtual core costs
 * several microseconds, which are charged to whoever writes to a process there: to a slower proxy more often.
 */
function keepAwake(core: number): void {
  startOn(core, 'chrt', ['-i', '0', process.execPath, '-e', 'for (;;);']);
}

async function measureMain(
  around: Around,
  settings: BenchSettings,
): Promise<{ readonly runs: readonly Run[]; readonly large: readonly LargeResult[] }> {
  const { turns } = around;
  const profiling = ['--cpu-prof', '--cpu-prof-dir', resolve(settings.profile ?? '')];
  const gateway = await startGateway({
    ...around,
    folder: turns.folder,
    name: 'gateway',
    core: 0,
    routes: settings.routes,
    people: 10_000,
    node: settings.profile === undefined ? [] : profiling,
  });
  const candidates = await startCandidates(turns.folder, gateway, around.backend, settings.peers);
  const runs: Run[] = [];
  for (const [index, scenario] of SCENARIOS.entries()) {
    if (settings.only !== undefined && scenario.name !== settings.only) continue;
    const entrants: Entrant[] = candidates
      .filter(({ everywhere }) => everywhere || index === 0)
      .map((candidate) => ({
        ...candidate,
        scenario,
        leastSeconds: candidate.name === 'sumun' && scenario.people > 1 ? crowdSeconds(turns) : 0,
      }));
    runs.push(...(await takeTurns(entrants, turns)));
  }
  return { runs, large: await measureLarge(gateway, settings.largeBytes) };
}

/** The studies one after the other, each on gateways of its own. One that cannot be made is named and left out. */
async function runStudies(folder: string, settings: BenchSettings): Promise<readonly Study[]> {
  const made: Study[] = [];
  for (const word of settings.studies) {
    const around = { turns: turnsOf(folder, settings), ...(await startApplications(folder)) };
    try {
      const study = await STUDIES[word]?.(around);
      if (study !== undefined) made.push(study);
    } catch (reason) {
      process.stderr.write(`left out: ${word}: ${reason instanceof Error ? reason.message : String(reason)}\n`);
    } finally {
      await stopAll();
    }
  }
  return made;
}

async function main(): Promise<void> {
  const hindered = hindrance();
  if (hindered !== undefined) {
    console.log(hindered);
    return;
  }
  const known = { peers: Object.keys(PEERS), studies: Object.keys(STUDIES) };
  const settings = readBenchSettings(process.argv.slice(2), known);
  setPriority(settings.nice); // inherited by whatever is started
  stayOn(1);
  stopOnSignal();
  const folder = mkdtempSync(join(tmpdir(), `sumun-bench-${randomBytes(3).toString('hex')}-`));
  try {
    const around = { turns: turnsOf(folder, settings), ...(await startApplications(folder)) };
    const { runs, large } = await measureMain(around, settings);
    await stopAll();
    const studies = await runStudies(folder, settings);
    const machine = describeMachine(new Date(), ['nginx', 'haproxy', 'caddy', 'traefik', 'oauth2-proxy']);
    const results: Results = { machine, rows: summarise(runs, [RAW, AUTH]), large, studies };
    console.log(`\n${renderResults(results)}`);
    mkdirSync(join(settings.out, '..'), { recursive: true });
    writeFileSync(settings.out, `${JSON.stringify({ settings, ...results, runs }, null, 2)}\n`);
    if (!settings.write) return;
    writePart('bench', renderResults(results));
    writeChart(chartOf(results.rows));
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();

/**
 * `npm run bench [-- --quick --seconds 8 --rounds 3 --routes 100 --large 1024 --only 'GET 1 KiB' --profile DIR
 * --nice -8 --out FILE]`
 *
 * The gateway with all its work beside nginx without any and nginx with auth_request, in one interleaved run: the proxy
 * under test on core 0, the load and the application on core 1. Ratios within a run are what counts; absolute figures
 * depend on the machine and the hour.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startLegacy } from '../src/demo/legacy.ts';
import { type BenchGateway, startGateway } from './gateway.ts';
import { type LargeResult, measureLarge } from './large.ts';
import { runLoad, SCENARIOS, type Scenario } from './load.ts';
import { startNginx } from './nginx.ts';
import { cpuMicroseconds, familyOf, freePort, residentBytes, startOn, stopAll, untilListening } from './processes.ts';
import { AUTH, RAW, type Run, renderLarge, renderTable, summarise } from './report.ts';

/** Requests after which a just-in-time compiler has seen enough of a scenario; before that its own work is measured. */
const WARM_REQUESTS = 150_000;

type Candidate = { readonly name: string; readonly port: number; readonly roots: readonly number[] };

type Settings = {
  readonly seconds: number;
  readonly warmUp: number;
  readonly rounds: number;
  readonly routes: number;
  readonly largeBytes: number;
  readonly only: string | undefined;
  /** Folder for a CPU profile of the gateway. */
  readonly profile: string | undefined;
  /** Priority of everything that is started; a negative one takes root and helps where other work runs. */
  readonly nice: number;
  readonly out: string;
};

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      routes: { type: 'string', default: '100' },
      large: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
      nice: { type: 'string', default: '0' },
      out: { type: 'string', default: 'bench/.work/result.json' },
    },
  });
  return {
    seconds: Number(values.seconds ?? (values.quick ? 2 : 8)),
    warmUp: 2,
    rounds: Number(values.rounds ?? (values.quick ? 2 : 3)),
    routes: Number(values.routes),
    largeBytes: Number(values.large ?? (values.quick ? 256 : 1024)) * 1024 * 1024,
    only: values.only,
    profile: values.profile,
    nice: Number(values.nice),
    out: values.out,
  };
}

/** What keeps the benchmark from running here, or undefined. */
function hindrance(): string | undefined {
  const missing = ['nginx', 'wrk', 'taskset'].filter((tool) => spawnSync('which', [tool]).status !== 0);
  if (missing.length > 0) return `skipped: ${missing.join(', ')} missing (apt-get install nginx-light wrk util-linux)`;
  if (process.platform !== 'linux' || cpus().length < 2) return 'skipped: it takes Linux and two cores';
  return undefined;
}

async function startCandidates(folder: string, gateway: BenchGateway, backend: number): Promise<readonly Candidate[]> {
  const [raw, auth, authServer] = [await freePort(), await freePort(), await freePort()];
  const rawPid = startNginx(folder, 0, raw, { kind: 'raw', backend });
  const authPid = startNginx(folder, 0, auth, { kind: 'auth', backend, auth: authServer });
  const { pid } = startOn(0, process.execPath, ['bench/auth-server.ts', String(authServer), gateway.cookie]);
  await Promise.all([raw, auth, authServer].map(untilListening));
  return [
    { name: RAW, port: raw, roots: [rawPid] },
    { name: AUTH, port: auth, roots: [authPid, pid ?? 0] },
    { name: 'sumun', port: gateway.port, roots: [gateway.pid] },
  ];
}

async function countRun(
  folder: string,
  settings: Settings,
  work: { readonly candidate: Candidate; readonly scenario: Scenario; readonly cookie: string; readonly round: number },
): Promise<Run> {
  const { candidate, scenario, cookie, round } = work;
  const target = { port: candidate.port, cookie, scenario };
  let warmedBy = 0;
  for (let tries = 0; tries === 0 || (round === 0 && warmedBy < WARM_REQUESTS && tries < 20); tries += 1) {
    warmedBy += (await runLoad(folder, target, settings.warmUp)).requests;
  }
  const pids = candidate.roots.flatMap(familyOf);
  const before = cpuMicroseconds(pids);
  const result = await runLoad(folder, target, settings.seconds);
  const spent = cpuMicroseconds(pids) - before;
  const resident = residentBytes(pids);
  process.stderr.write(
    `round ${round + 1}  ${scenario.name.padEnd(12)} ${candidate.name.padEnd(34)} ${(spent / result.requests).toFixed(1)} µs/req\n`,
  );
  return { ...result, scenario: scenario.name, candidate: candidate.name, round, cpuMicroseconds: spent, resident };
}

async function measureAll(
  folder: string,
  settings: Settings,
): Promise<{ runs: readonly Run[]; large: readonly LargeResult[] }> {
  const backend = await freePort();
  startNginx(folder, 1, backend, { kind: 'backend' });
  await untilListening(backend);
  const legacy = await startLegacy();
  try {
    const { routes, profile } = settings;
    const gateway = await startGateway({ folder, core: 0, backend, large: legacy.port, routes, profile });
    const candidates = await startCandidates(folder, gateway, backend);
    const runs: Run[] = [];
    for (const scenario of SCENARIOS.filter(({ name }) => settings.only === undefined || name === settings.only)) {
      for (let round = 0; round < settings.rounds; round += 1) {
        for (const candidate of round % 2 === 0 ? candidates : candidates.toReversed()) {
          runs.push(await countRun(folder, settings, { candidate, scenario, cookie: gateway.cookie, round }));
        }
      }
    }
    return { runs, large: await measureLarge(gateway, settings.largeBytes) };
  } finally {
    await legacy.close();
  }
}

async function main(): Promise<void> {
  const hindered = hindrance();
  if (hindered !== undefined) {
    console.log(hindered);
    return;
  }
  const settings = readSettings();
  setPriority(settings.nice); // inherited by whatever is started
  const folder = mkdtempSync(join(tmpdir(), `sumun-bench-${randomBytes(3).toString('hex')}-`));
  try {
    const { runs, large } = await measureAll(folder, settings);
    const rows = summarise(runs);
    console.log(`\n${renderTable(rows)}\n\n${renderLarge(large)}`);
    mkdirSync(join(settings.out, '..'), { recursive: true });
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
    writeFileSync(settings.out, `${JSON.stringify({ settings, machine, rows, large, runs }, null, 2)}\n`);
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();

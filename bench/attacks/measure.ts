/** One attack on a gateway of its own, beside people who do nothing wrong. */
import { setTimeout as wait } from 'node:timers/promises';
import type { AttackSettings } from '../arguments.ts';
import { BENCH_HOST, BENCH_PREFIX, type BenchGateway, makeCertificate, startGateway } from '../gateway.ts';
import { familyOf, openFiles, residentBytes, runScript, startScript } from '../processes.ts';
import type { SteadyResult, SteadySettings } from '../steady-client.ts';
import type { AttackerResult, AttackerSettings } from './attacker-client.ts';
import { type Attack, type Deadlines, QUICK_DEADLINES } from './list.ts';

/** Requests a second of the others. */
const RATE = 200;

/** People they are. */
const PEOPLE = 500;

/** How long the gateway has to come to rest after an attack: longer than it keeps a connection to an application. */
const REST_SECONDS = 45;

/** Descriptors that may be open after an attack and were not before: a connection to an application, a timer. */
export const SPARE_FILES = 16;

export type Weight = { readonly resident: number; readonly files: number };

export type AttackResult = {
  readonly attack: Attack;
  readonly attacker: AttackerResult;
  readonly base: Weight;
  readonly peak: Weight;
  readonly after: Weight;
  /** Latency of the others before and during the attack. */
  readonly alone: SteadyResult;
  readonly beside: SteadyResult;
};

export type Place = { readonly folder: string; readonly backend: number; readonly large: number };

/** Starts a gateway, measures the others alone, then beside the attack, then what is left of it. */
export async function measureAttack(
  word: string,
  attack: Attack,
  place: Place,
  settings: AttackSettings,
  deadlines: Deadlines,
): Promise<AttackResult> {
  const gateway = await startVictim(word, attack, place, deadlines);
  const name = attack.tls ? '__Host-sumun' : 'sumun';
  const steady: SteadySettings = {
    port: gateway.port,
    path: `${BENCH_PREFIX}1k`,
    pairs: gateway.cookies.map((cookie) => `${name}=${cookie}`),
    rate: RATE,
    seconds: settings.seconds,
    tls: attack.tls,
  };
  const alone = (await runScript(1, 'bench/steady-client.ts', steady)) as SteadyResult; // what the script prints
  if (alone.answered === 0) throw new Error(`nobody is served before the attack: ${JSON.stringify(alone.faults)}`);
  const scales = new Scales(gateway.pid);
  const base = scales.read();
  const others = startScript(1, 'bench/steady-client.ts', { ...steady, seconds: attack.seconds + 30 });
  const order: AttackerSettings = { ...attack, port: gateway.port, host: BENCH_HOST };
  const printed = await runScript(1, 'bench/attacks/attacker-client.ts', order);
  const attacker = printed as AttackerResult; // what the script prints
  others.stop();
  const beside = (await others.printed) as SteadyResult; // what the script prints
  const peak = scales.stop();
  const after = await restOf(scales, base);
  return { attack, attacker, base, peak, after, alone, beside };
}

async function startVictim(word: string, attack: Attack, place: Place, deadlines: Deadlines): Promise<BenchGateway> {
  const server = ['shutdown: { drain: 1s }'];
  if (deadlines === QUICK_DEADLINES) {
    server.push(`limits: { header_time: ${deadlines.header}s, idle: ${deadlines.idle}s }`);
  }
  if (attack.tls) {
    const { cert, key } = makeCertificate(place.folder);
    server.push(`tls: { cert: ${JSON.stringify(cert)}, key: { file: ${JSON.stringify(key)} } }`);
  }
  const common = { name: `victim-${word}`, core: 0, routes: 10, people: PEOPLE, signIn: false };
  return startGateway({ ...place, ...common, server });
}

/** Reads what the gateway weighs, ten times a second. */
class Scales {
  readonly #pids: readonly number[];
  readonly #timer: NodeJS.Timeout;
  #resident = 0;
  #files = 0;

  constructor(pid: number) {
    this.#pids = familyOf(pid);
    this.#timer = setInterval(() => this.read(), 100);
  }

  read(): Weight {
    const now = { resident: residentBytes(this.#pids), files: openFiles(this.#pids) };
    this.#resident = Math.max(this.#resident, now.resident);
    this.#files = Math.max(this.#files, now.files);
    return now;
  }

  /** The heaviest it was. */
  stop(): Weight {
    clearInterval(this.#timer);
    return { resident: this.#resident, files: this.#files };
  }
}

async function restOf(scales: Scales, base: Weight): Promise<Weight> {
  for (let second = 0; second < REST_SECONDS; second += 1) {
    await wait(1000);
    const now = scales.read();
    if (second >= 2 && now.files <= base.files + SPARE_FILES) return now;
  }
  return scales.read();
}

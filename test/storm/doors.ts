import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHouse } from '../../src/app/house.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { createMasterKey } from '../../src/crypto/keys.ts';
import { bindCode } from '../../src/crypto/otp.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createSigningKey } from '../../src/crypto/signing-keys.ts';
import { addClient } from '../../src/flows/clients.ts';
import type { House } from '../../src/ports.ts';
import { addAccount, event, START, totp } from '../stores/fixture.ts';
import { DOORS, type Door, type Doors } from '../support/doors.ts';
import { seeded } from '../support/seeded.ts';
import { checkDoors, type DoorRound, type Submission } from './door-history.ts';
import { DoorProcesses } from './door-processes.ts';

export type DoorStormOptions = {
  /** A round is one valid code of one account, raced by 2 to 16 submitters at more than one door. */
  readonly rounds: number;
  readonly processes: number;
  /** Milliseconds between two kills; 0 for none. */
  readonly killEvery: number;
  /** Each so many rounds one of the submitters is a browser. */
  readonly webEvery: number;
  readonly accounts?: number;
  readonly seed?: number;
};

export type DoorStormReport = {
  readonly rounds: number;
  readonly submissions: number;
  readonly accepted: Readonly<Record<Door, number>>;
  readonly submitted: Readonly<Record<Door, number>>;
  readonly replays: number;
  readonly unknown: number;
  readonly kills: number;
  readonly seconds: number;
  readonly problems: readonly string[];
};

const SECRET = 'a-secret-of-24-octets-ok';
const STEP = 30_000;

const CONFIG = `version: 1
demo: true
server: { listen: "127.0.0.1:0" }
console: { listen: "127.0.0.1:0" }
otp: { lockout: { failures: 50 } }
routes:
  - { name: app, path: [/app/], to: "http://127.0.0.1:9", auth: id+otp }
radius:
  listen: "127.0.0.1:0"
  clients:
    - { name: vpn, address: 127.0.0.1, secret: ${SECRET}, auth: id+otp, rate: { client: 100000, user: 1000 } }
`;

/** Races codes at the web form, the API and RADIUS of several processes on one database, and checks what came of it. */
export async function runDoorStorm(options: DoorStormOptions): Promise<DoorStormReport> {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-doors-'));
  const time = { now: START };
  const { house, key } = await openShared(folder, time);
  const processes = new DoorProcesses({ folder, key, secret: SECRET, path: '/app/' }, options.processes, time);
  try {
    await processes.start();
    const size = Math.min(options.accounts ?? 100, options.rounds);
    const actors = await Promise.all(Array.from({ length: size }, (_, n) => enrol(house, `user${n}`)));
    const nemesis = options.killEvery > 0 ? setInterval(() => processes.killOne(), options.killEvery) : undefined;
    const before = performance.now();
    const history: DoorRound[] = [];
    const batch = { next: seeded(options.seed ?? 113), webEvery: options.webEvery, last: [] as readonly DoorRound[] };
    for (let raced = 0; raced < options.rounds; ) {
      time.now += STEP;
      batch.last = await runBatch(await processes.atTheTime(), actors, time.now, batch);
      raced += batch.last.filter(wasRaced).length;
      history.push(...batch.last);
    }
    clearInterval(nemesis);
    const seconds = Math.round((performance.now() - before) / 1000);
    return { ...figures(history), kills: processes.kills, seconds, problems: await checkDoors(house, history) };
  } finally {
    await processes.stop();
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Actor = { readonly login: string; readonly accountId: string; readonly codeAt: (step: number) => string };

async function openShared(folder: string, time: { readonly now: number }) {
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  const file = join(folder, 'config.yaml');
  writeFileSync(file, CONFIG);
  const loaded = loadPolicy(file, { language: 'en', now: time.now, env: {} });
  if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('\n'));
  const { policy } = loaded.value;
  createMasterKey(policy.keys.masterFile, systemRandom);
  createSigningKey(policy.keys.signingFolder, policy.identity.signing.algorithm, time.now);
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const house = await openHouse(policy, { now: () => time.now }, log);
  const rights = { app: '', scopes: ['verify'], networks: [], expiresAt: undefined } as const;
  const added = await addClient(house, 'storm', rights, { actor: 'cli', address: '', request: '' });
  if (added.kind !== 'added') throw new Error(added.kind);
  return { house, key: added.key };
}

async function enrol(house: House, login: string): Promise<Actor> {
  const { id } = await addAccount(house, login);
  const seed = randomBytes(20);
  await house.authenticators.add(totp(id, { seed }), event('token.enrolled'));
  return { login, accountId: id, codeAt: bindCode(seed, { algorithm: 'SHA1', digits: 6 }) };
}

const wasRaced = ({ fresh }: DoorRound): boolean => fresh.filter(({ heard }) => heard !== 'unknown').length >= 2;

type Batch = {
  readonly next: (below: number) => number;
  readonly webEvery: number;
  readonly last: readonly DoorRound[];
};

/** One code of each account at several doors, and now and then the code before it once more. */
async function runBatch(
  doors: readonly Doors[],
  actors: readonly Actor[],
  now: number,
  { next, webEvery, last }: Batch,
): Promise<readonly DoorRound[]> {
  const step = Math.floor(now / STEP);
  const ready: (() => Promise<void>)[] = [];
  const rounds = await Promise.all(
    actors.map(async ({ login, accountId, codeAt }, index) => {
      const round: DoorRound = { login, accountId, at: now, step, fresh: [], replayed: [] };
      const put = async (door: Door, code: string, seen: Submission[]): Promise<void> => {
        const place = doors[next(doors.length)];
        const form = await place?.prepare(door, login, code);
        ready.push(async () => void seen.push({ door, heard: (await form?.submit()) ?? 'unknown' }));
      };
      const plan = submitters(next, next(webEvery) === 0);
      const before = last[index]?.fresh.some(({ heard }) => heard === 'accepted') === true && next(8) === 0;
      await Promise.all([
        ...plan.map((door) => put(door, codeAt(step), round.fresh)),
        ...(before ? [put(next(2) === 0 ? 'api' : 'radius', codeAt(step - 1), round.replayed)] : []),
      ]);
      return round;
    }),
  );
  await Promise.all(ready.map((submit) => submit()));
  return rounds;
}

/** Mostly two, now and then up to sixteen; the API and RADIUS in every round. */
function submitters(next: (below: number) => number, withWeb: boolean): readonly Door[] {
  const dice = next(100);
  const count = dice === 0 ? 16 : dice === 1 ? 5 + next(11) : dice < 10 ? 3 + next(2) : 2;
  const others = Array.from({ length: Math.min(count, 15) - 2 }, (): Door => (next(2) === 0 ? 'api' : 'radius'));
  const last: readonly Door[] = withWeb ? ['web'] : count === 16 ? ['radius'] : [];
  return ['api', 'radius', ...others, ...last];
}

function figures(history: readonly DoorRound[]) {
  const fresh = history.flatMap((round) => round.fresh);
  const replayed = history.flatMap((round) => round.replayed);
  const count = (all: readonly Submission[]) =>
    Object.fromEntries(DOORS.map((door) => [door, all.filter((each) => each.door === door).length])) as Record<
      Door,
      number
    >;
  return {
    rounds: history.filter(wasRaced).length,
    submissions: fresh.length + replayed.length,
    accepted: count(fresh.filter(({ heard }) => heard === 'accepted')),
    submitted: count(fresh),
    replays: replayed.length,
    unknown: [...fresh, ...replayed].filter(({ heard }) => heard === 'unknown').length,
  };
}

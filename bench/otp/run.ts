/**
 * `npm run bench:otp [-- --seconds 5 --rounds 3 --people 10,10000,1000000 --out FILE]`
 *
 * How many codes are verified in a second, each success on disk before it counts, with few and with very many people in
 * the database; the same through RADIUS and the API; FreeRADIUS with a static users file beside it. The server is on
 * core 0, the load on core 1. Linux only.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addClient } from '../../src/flows/clients.ts';
import { freePort, startOn, stopAll, untilListening } from '../processes.ts';
import { startFreeRadius, staticPasswordOf } from './freeradius.ts';
import { makeHouse, openIn, RADIUS_SECRET } from './house.ts';
import { type LoadResult, loadApi, loadRadius } from './load.ts';
import { countersIn } from './people.ts';

type Result = { readonly count: number; readonly cpu: number; readonly wall: number; readonly lost?: number };
type Row = Result & { readonly what: string; readonly people: number; readonly round: number };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    people: { type: 'string', default: '10,10000,1000000' },
    out: { type: 'string', default: 'bench/.work/otp.json' },
  },
});
const sizes = values.people.split(',').map(Number);
const seconds = Number(values.seconds);

/** One closed loop inside a process of its own on core 0. */
function verifyIn(folder: string, people: number, factors: string): Result {
  const words = ['-c', '0', process.execPath, 'bench/otp/verify-server.ts', folder, String(people), factors];
  const text = execFileSync('taskset', [...words, String(seconds), '64'], { encoding: 'utf8' });
  return JSON.parse(text) as Result;
}

type House = {
  readonly folder: string;
  readonly people: number;
  readonly radius: number;
  readonly api: number;
  key: string;
};

async function prepare(root: string, people: number): Promise<House> {
  const folder = join(root, String(people));
  const [radius, gate, api] = [await freePort(), await freePort(), await freePort()];
  await makeHouse(folder, people, { radius, gate, api });
  const { house } = await openIn(folder);
  const by = { actor: 'cli', address: '', request: '' };
  const made = await addClient(house, 'bench', { app: '', scopes: ['verify'], networks: [], expiresAt: undefined }, by);
  await house.close();
  if (made.kind !== 'added') throw new Error('the key of the benchmark was refused');
  process.stderr.write(`${people} people are there\n`);
  return { folder, people, radius, api, key: made.key };
}

const print = (row: Row): void => {
  const perSecond = (row.count / row.wall).toFixed(0);
  const cost = (row.cpu / row.count).toFixed(0);
  process.stderr.write(
    `round ${row.round + 1}  ${row.what.padEnd(26)} ${String(row.people).padStart(8)} people  ${perSecond.padStart(6)}/s  ${cost.padStart(7)} µs CPU${row.lost ? `  ${row.lost} LOST` : ''}\n`,
  );
};

async function overTheWire(house: House, round: number, add: (row: Row) => void): Promise<void> {
  const child = startOn(0, process.execPath, ['bench/otp/server.ts', house.folder]);
  await untilListening(house.api);
  const load = { pid: child.pid ?? 0, seconds, inFlight: 64, people: Math.min(house.people, 100_000) };
  const from = countersIn(join(house.folder, 'data/sumun.db'));
  const note = (what: string, result: LoadResult): void => add({ what, people: house.people, round, ...result });
  const { radius, api, key } = house;
  await loadRadius({ ...load, port: radius, seconds: 2 }, RADIUS_SECRET, from, ({ code }) => code);
  note('RADIUS, PAP', await loadRadius({ ...load, port: radius }, RADIUS_SECRET, from, ({ code }) => code));
  await loadApi({ ...load, port: api, seconds: 2 }, key, from);
  note('POST /api/v1/verify', await loadApi({ ...load, port: api }, key, from));
  await stopAll();
}

async function yardstick(root: string, people: number, round: number, add: (row: Row) => void): Promise<void> {
  const port = await freePort();
  const pid = await startFreeRadius(join(root, 'freeradius'), port, RADIUS_SECRET, people);
  if (pid === undefined) return;
  const load = { pid, port, seconds, inFlight: 64, people };
  const passwordOf = ({ login }: { readonly login: string }): string => staticPasswordOf(login);
  await loadRadius({ ...load, seconds: 2 }, RADIUS_SECRET, new Map(), passwordOf);
  const result = await loadRadius(load, RADIUS_SECRET, new Map(), passwordOf);
  add({ what: 'FreeRADIUS, static users', people, round, ...result });
  await stopAll();
}

function render(rows: readonly Row[]): string {
  const keys = [...new Set(rows.map((row) => JSON.stringify([row.what, row.people])))];
  const median = (numbers: readonly number[]): number =>
    numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
  const lines = keys.map((key) => {
    const [what, people] = JSON.parse(key) as [string, number];
    const mine = rows.filter((row) => row.what === what && row.people === people);
    const perSecond = median(mine.map((row) => row.count / row.wall)).toFixed(0);
    const cost = median(mine.map((row) => row.cpu / row.count)).toFixed(0);
    return `| ${what} | ${people.toLocaleString('en')} | ${perSecond} | ${cost} |`;
  });
  return ['| | people | per second | CPU µs each |', '|---|---|---|---|', ...lines].join('\n');
}

async function main(): Promise<void> {
  if (process.platform !== 'linux' || cpus().length < 2 || spawnSync('which', ['taskset']).status !== 0) {
    console.log('skipped: it takes Linux, two cores and taskset (apt-get install util-linux)');
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'sumun-bench-otp-'));
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    print(row);
  };
  try {
    const houses: House[] = [];
    for (const people of sizes) houses.push(await prepare(root, people));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { folder, people } of round % 2 === 0 ? houses : houses.toReversed()) {
        add({ what: 'ID+OTP, in the process', people, round, ...verifyIn(folder, people, 'otp') });
      }
      const [first] = houses;
      if (first !== undefined) {
        for (const factors of ['pin+otp', 'pw+otp']) {
          const result = verifyIn(first.folder, first.people, factors);
          add({ what: `ID+${factors}, in the process`, people: first.people, round, ...result });
        }
      }
      for (const house of houses) await overTheWire(house, round, add);
      for (const people of [10, 10_000]) await yardstick(root, people, round, add);
      await wait(500);
    }
    console.log(`\n${render(rows)}`);
    mkdirSync(join(values.out, '..'), { recursive: true });
    writeFileSync(values.out, `${JSON.stringify({ cpu: cpus()[0]?.model, node: process.version, rows }, null, 2)}\n`);
  } finally {
    await stopAll();
    rmSync(root, { recursive: true, force: true });
  }
}

await main();

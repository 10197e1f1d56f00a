/**
 * The demo: an old application, a configuration that guards it, and people who can sign in. It is put together in three
 * steps around what the caller starts: the folder, then (with the house open) the people, then what to tell the visitor.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Policy } from '../core/policy.ts';
import { DEMO_ROUTES, demoConfig } from './demo-config.ts';
import { type DemoHouse, type DemoPerson, prepareDemoPeople, type ReadyPerson } from './demo-people.ts';
import { type LegacyApplication, startLegacy } from './legacy.ts';

/** A folder with a configuration in it and the old application running beside it. */
export type DemoFolder = {
  /** Absolute path of the `config.yaml` to load. */
  readonly config: string;
  readonly legacy: LegacyApplication;
  /** People remembered from an earlier run in the same folder. */
  readonly people: readonly DemoPerson[];
};

/** What `sumun demo --json` prints. */
export type DemoSummary = {
  readonly gateway: string;
  readonly console: string;
  readonly config: string;
  readonly users: readonly DemoPerson[];
  readonly admin: DemoPerson;
  readonly routes: Readonly<Record<string, string>>;
};

/** What the demo remembers between runs. Holds secrets of made-up people; mode 0600. */
type Memory = { readonly legacyPort: number; readonly people: readonly DemoPerson[] };

/**
 * Starts the old application and writes `config.yaml` into the folder. A configuration that is there already is kept,
 * edits included: only the addresses the demo itself wrote into it are brought up to date. Port 0 is any free one.
 * Throws for a folder whose `config.yaml` is somebody else's.
 */
export async function prepareDemoFolder(
  folder: string,
  ports: { readonly port: number; readonly consolePort: number },
): Promise<DemoFolder> {
  const data = resolve(folder);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const before = readMemory(data);
  const bound = { port: await freeUnless(ports.port), consolePort: await freeUnless(ports.consolePort) };
  const config = join(data, 'config.yaml');
  if (existsSync(config) && before === undefined) {
    throw new Error(`${config} was not written by the demo. Choose an empty folder for it.`);
  }
  const legacy = await startLegacy(before?.legacyPort ?? 0);
  const people = before?.people ?? [];
  writeMemory(data, { legacyPort: legacy.port, people });
  const text =
    before !== undefined && existsSync(config)
      ? readdress(readFileSync(config, 'utf8'), before, bound, legacy)
      : demoConfig({ ...bound, upstream: legacy.url });
  writeFileSync(config, text, { mode: 0o600 });
  return { config, legacy, people };
}

/** Makes the people ready in the open house and remembers them for the next run in the same folder. */
export async function prepareDemoHouse(
  demo: DemoFolder,
  house: DemoHouse,
  policy: Pick<Policy, 'otp'>,
): Promise<readonly ReadyPerson[]> {
  const ready = await prepareDemoPeople(house, policy.otp.foreignApps, demo.people);
  writeMemory(dirname(demo.config), { legacyPort: demo.legacy.port, people: ready.map(({ person }) => person) });
  return ready;
}

/** The summary for programs; `gateway` and `console` are the origins that were bound in the end. */
export function summariseDemo(
  demo: DemoFolder,
  ready: readonly ReadyPerson[],
  origins: { readonly gateway: string; readonly console: string },
): DemoSummary {
  const people = ready.map(({ person }) => person);
  const admin = people.find((person) => person.groups.includes('sumun-admins'));
  if (admin === undefined) throw new Error('the demo has no administrator');
  const users = people.filter((person) => person !== admin);
  return { ...origins, config: demo.config, users, admin, routes: DEMO_ROUTES };
}

function readdress(
  text: string,
  before: Memory,
  ports: { readonly port: number; readonly consolePort: number },
  legacy: LegacyApplication,
): string {
  return text
    .replace(/^server:\n {2}listen: "127\.0\.0\.1:\d+"/m, `server:\n  listen: "127.0.0.1:${ports.port}"`)
    .replace(/^console:\n {2}listen: "127\.0\.0\.1:\d+"/m, `console:\n  listen: "127.0.0.1:${ports.consolePort}"`)
    .replaceAll(`http://127.0.0.1:${before.legacyPort}`, legacy.url);
}

/** A free port is chosen before it is written down, so that a reload finds the listener where the file says it is. */
async function freeUnless(port: number): Promise<number> {
  if (port !== 0) return port;
  const probe = await startLegacy();
  await probe.close();
  return probe.port;
}

const memoryFile = (folder: string): string => join(folder, 'demo.json');

function writeMemory(folder: string, memory: Memory): void {
  const file = memoryFile(folder);
  writeFileSync(file, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

function readMemory(folder: string): Memory | undefined {
  const file = memoryFile(folder);
  // Written by this module and readable by nobody else, so its shape is known.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Memory) : undefined;
}

/**
 * The demo: an old application, a configuration that guards it, and people who can sign in. It is put together in three
 * steps around what the caller starts: the folder, then (with the house open) the people, then what to tell the visitor.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Policy } from '../core/policy.ts';
import { prepareDemoClient } from './demo-client.ts';
import { DEMO_ROUTES, demoConfig } from './demo-config.ts';
import { type DemoHouse, type DemoPerson, prepareDemoPeople, type ReadyPerson } from './demo-people.ts';
import { type DemoPorts, freePorts } from './demo-ports.ts';
import { type LegacyApplication, startLegacy } from './legacy.ts';

/** Where the RADIUS server listens and what its one client shares with it. */
type DemoRadius = { readonly port: number; readonly secret: string };

/** A folder with a configuration in it and the old application running beside it. */
export type DemoFolder = {
  /** Absolute path of the `config.yaml` to load. */
  readonly config: string;
  readonly legacy: LegacyApplication;
  readonly radius: DemoRadius;
  /** People and the key of the API remembered from an earlier run in the same folder. */
  readonly people: readonly DemoPerson[];
  readonly apiKey: string | undefined;
};

/** What was made in the open house. */
export type ReadyDemo = {
  readonly people: readonly ReadyPerson[];
  readonly apiKey: string;
  readonly radius: DemoRadius;
};

/** What `sumun demo --json` prints. */
export type DemoSummary = {
  readonly gateway: string;
  readonly console: string;
  readonly api: string;
  readonly apiKey: string;
  readonly radius: { readonly host: string; readonly port: number; readonly secret: string };
  readonly config: string;
  readonly users: readonly DemoPerson[];
  readonly admin: DemoPerson;
  readonly routes: Readonly<Record<string, string>>;
};

/** What the demo remembers between runs. Holds secrets of made-up people; mode 0600. */
type Memory = {
  readonly legacyPort: number;
  readonly radius?: DemoRadius;
  readonly apiKey?: string;
  readonly people: readonly DemoPerson[];
};

/**
 * Starts the old application and writes `config.yaml` into the folder. A configuration that is there already is kept,
 * edits included: only the addresses the demo itself wrote into it are brought up to date. Throws for a folder whose
 * `config.yaml` is somebody else's or of an earlier version's demo.
 */
export async function prepareDemoFolder(folder: string, ports: DemoPorts): Promise<DemoFolder> {
  const data = resolve(folder);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const before = readMemory(data);
  const config = join(data, 'config.yaml');
  if (existsSync(config) && before?.radius === undefined) {
    const whose = before === undefined ? 'was not written by the demo' : "is an earlier version's";
    throw new Error(`${config} ${whose}. Choose an empty folder for it.`);
  }
  const bound = await freePorts(ports);
  const secret = before?.radius?.secret ?? randomBytes(24).toString('base64url');
  const radius = { port: bound.radiusPort, secret };
  const legacy = await startLegacy(before?.legacyPort ?? 0);
  const memory = { ...before, legacyPort: legacy.port, radius, people: before?.people ?? [] };
  writeMemory(data, memory);
  const text =
    before !== undefined && existsSync(config)
      ? readdress(readFileSync(config, 'utf8'), before.legacyPort, { ...bound, radius }, legacy)
      : demoConfig({ ...bound, radius, upstream: legacy.url });
  writeFileSync(config, text, { mode: 0o600 });
  return { config, legacy, radius, people: memory.people, apiKey: before?.apiKey };
}

/** Makes people and a key of the API ready in the open house and remembers them for the next run in the same folder. */
export async function prepareDemoHouse(
  demo: DemoFolder,
  house: DemoHouse,
  policy: Pick<Policy, 'otp' | 'radius'>,
): Promise<ReadyDemo> {
  const people = await prepareDemoPeople(house, policy.otp.foreignApps, demo.people);
  const apiKey = await prepareDemoClient(house, demo.apiKey);
  writeMemory(dirname(demo.config), {
    legacyPort: demo.legacy.port,
    radius: demo.radius,
    apiKey,
    people: people.map(({ person }) => person),
  });
  // The file may have been edited since the demo wrote it.
  const written = policy.radius.clients.find(({ name }) => name === 'demo')?.secret.reveal();
  return { people, apiKey, radius: { ...demo.radius, secret: written ?? demo.radius.secret } };
}

/** The summary for programs. */
export function summariseDemo(
  demo: DemoFolder,
  ready: ReadyDemo,
  origins: { readonly gateway: string; readonly console: string },
): DemoSummary {
  const people = ready.people.map(({ person }) => person);
  const admin = people.find((person) => person.groups.includes('sumun-admins'));
  if (admin === undefined) throw new Error('the demo has no administrator');
  return {
    ...origins,
    api: `${origins.console}/api/v1`,
    apiKey: ready.apiKey,
    radius: { host: '127.0.0.1', ...ready.radius },
    config: demo.config,
    users: people.filter((person) => person !== admin),
    admin,
    routes: DEMO_ROUTES,
  };
}

function readdress(
  text: string,
  legacyPort: number,
  bound: { readonly port: number; readonly consolePort: number; readonly radius: DemoRadius },
  legacy: LegacyApplication,
): string {
  const ports = new Map([
    ['server', bound.port],
    ['console', bound.consolePort],
    ['radius', bound.radius.port],
  ]);
  return text
    .replace(
      /^(server|console|radius):\n {2}listen: "127\.0\.0\.1:\d+"/gm,
      (_whole, section: string) => `${section}:\n  listen: "127.0.0.1:${ports.get(section)}"`,
    )
    .replaceAll(`http://127.0.0.1:${legacyPort}`, legacy.url);
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

import { statfs } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Probe } from '../api/console.ts';
import type { ListenAddress, Policy } from '../core/policy.ts';
import type { LiveSessions } from '../flows/live-sessions.ts';
import { startSender } from '../messaging/sender.ts';
import type { House } from '../ports.ts';
import { startRadius } from '../radius/start.ts';
import { listenForConsole } from './console.ts';
import { dataFolder } from './house.ts';
import { openGate, openGateListeners } from './open-gate.ts';
import type { Served } from './serve.ts';
import type { Crew } from './workers/crew.ts';
import type { Totals } from './workers/totals.ts';

type Opening = {
  readonly house: House;
  readonly live: LiveSessions;
  readonly policy: () => Policy;
  /** Absent where this process carries the requests itself. */
  readonly crew: Crew | undefined;
};

type Open = Pick<Served, 'addresses' | 'origins' | 'radius'> & {
  close(): Promise<void>;
  /** Ends a `close` under way without waiting for requests in hand. */
  cut(): void;
};

/** Opens every listener, the console's last; rejects with nothing left open where one cannot be. */
export async function openListeners(opening: Opening): Promise<Open> {
  const { house, live, policy, crew } = opening;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const sender = startSender({ policy, house, log: house.log });
    closers.push(() => sender.close());
    const doors = await openDoors(opening);
    closers.push(() => doors.close());
    const radius = await startRadius({ policy, house });
    closers.push(() => radius.close());
    const probes = probesOf(house, policy(), crew);
    const radiusCounts = () => radius.counters();
    const console = await listenForConsole({
      house,
      live,
      policy,
      probes,
      radius: radiusCounts,
      gateway: doors.totals,
    });
    closers.push(() => closeServer(console));
    const scheme = policy().server.tls.length > 0 ? 'https' : 'http';
    const origins = {
      gateway: originOf(scheme, doors.addresses[0]?.port ?? 0),
      console: originOf('http', portOf(console)),
    };
    const addresses = [...doors.addresses.map((address) => urlOf(scheme, address)), origins.console];
    return { addresses, origins, radius: radius.addresses, close, cut: doors.cut };
  } catch (breakage) {
    await close();
    throw breakage;
  }
}

/** Where requests come in: in this process, or in the workers. */
type Doors = {
  readonly addresses: readonly ListenAddress[];
  /** What the processes that carry requests count; memory and processor time of this process are not in it. */
  readonly totals: () => Totals;
  close(): Promise<void>;
  cut(): void;
};

async function openDoors({ house, live, policy, crew }: Opening): Promise<Doors> {
  if (crew !== undefined) {
    const addresses = await crew.start();
    return { addresses, totals: () => crew.totals(), close: () => crew.close(), cut: () => crew.cut() };
  }
  const gate = openGate(policy, house, live);
  const listeners = await openGateListeners(gate);
  const { addresses } = listeners;
  const totals = (): Totals => ({ counters: gate.counters, residentBytes: 0, cpuSeconds: 0, workers: 1 });
  return { addresses, totals, close: () => listeners.close(), cut: () => listeners.cut?.() };
}

/** Stops accepting and ends what is left; callers that wait are told by the closed connection. */
function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}

/** Free space below which a commit may fail any moment. */
const LEAST_FREE = 16 * 1024 * 1024;

function probesOf(house: House, policy: Policy, crew: Crew | undefined): readonly Probe[] {
  const database = { name: 'database', check: async () => (await house.audit.read({ limit: 1 })).length >= 0 };
  const disk = {
    name: 'disk',
    check: async () => {
      const { bavail, bsize } = await statfs(dataFolder(policy));
      return bavail * bsize > LEAST_FREE;
    },
  };
  if (crew === undefined) return [database, disk];
  return [database, disk, { name: 'workers', check: async () => crew.listening > 0 }];
}

type Scheme = 'http' | 'https';

const originOf = (scheme: Scheme, port: number): string => `${scheme}://localhost:${port}`;

const urlOf = (scheme: Scheme, address: ListenAddress): string =>
  `${scheme}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}/`;

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

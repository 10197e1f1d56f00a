import { statfs } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Probe } from '../api/console.ts';
import type { Language, Policy } from '../core/policy.ts';
import { missingSecurityRelease } from '../core/runtime.ts';
import { MINUTE } from '../core/time.ts';
import { LiveSessions } from '../flows/live-sessions.ts';
import { auditEvent } from '../flows/origin.ts';
import { Gate } from '../gateway/gate.ts';
import { listen } from '../gateway/listener.ts';
import { createPages } from '../http/pages.ts';
import { startSender } from '../messaging/sender.ts';
import { createPortal } from '../portal/app.ts';
import type { House } from '../ports.ts';
import type { RadiusServer } from '../radius/server.ts';
import { startRadius } from '../radius/start.ts';
import { listenForConsole } from './console.ts';
import { dataFolder } from './house.ts';
import { holdPolicy } from './reload.ts';

/** A server that accepts requests. */
export type Served = {
  /** URLs people open, the console's listener last. */
  readonly addresses: readonly string[];
  readonly origins: { readonly gateway: string; readonly console: string };
  /** What the RADIUS server is bound to; empty where it does not listen. */
  readonly radius: RadiusServer['addresses'];
  readonly policy: () => Policy;
  reload(): Promise<'reloaded' | 'refused'>;
  /** Stops accepting, drains, closes the house. */
  stop(): Promise<void>;
  /** Settles when everything is closed; rejects if closing broke. */
  readonly stopped: Promise<void>;
};

export type ServeOptions = {
  readonly language: Language;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Closed after the house, such as the sample applications of the demo. */
  readonly alsoClose?: () => Promise<void>;
};

/** Starts every listener of a policy on an open house. The house belongs to the server from here on. */
export async function serve(first: Policy, house: House, options: ServeOptions): Promise<Served> {
  const holder = holdPolicy(first, house, options);
  const [newest] = await house.audit.read({ limit: 1, newestFirst: true });
  const live = new LiveSessions(house, holder.current, { notBefore: newest?.at ?? 0 });
  const pages = createPages(holder.current);
  const portal = createPortal({ policy: holder.current, house, live, pages });
  const gate = new Gate({ policy: holder.current, house, live, pages, portal });
  const open = await openListeners({ gate, house, live, policy: holder.current });
  const sweeper = setInterval(() => sweep(house, holder.current()), MINUTE).unref();
  const update = missingSecurityRelease(process.versions.node);
  if (update !== undefined) house.log.warn('runtime.outdated', { node: process.versions.node, update });
  await house.audit.append(
    auditEvent('server.started', house.clock.now(), SYSTEM, { detail: { digest: first.digest } }),
  );

  const { promise: stopped, resolve, reject } = Promise.withResolvers<void>();
  const close = async (): Promise<void> => {
    clearInterval(sweeper);
    holder.close();
    await open.close();
    await live.close();
    await house.audit.append(auditEvent('server.stopped', house.clock.now(), SYSTEM));
    await house.close();
    await options.alsoClose?.();
  };
  let stopping = false;
  return {
    ...open,
    policy: holder.current,
    reload: holder.reload,
    stopped,
    stop: () => {
      if (!stopping) close().then(resolve, reject);
      stopping = true;
      return stopped;
    },
  };
}

type Listeners = Pick<Served, 'addresses' | 'origins' | 'radius'> & { close(): Promise<void> };

type Opening = {
  readonly gate: Gate;
  readonly house: House;
  readonly live: LiveSessions;
  readonly policy: () => Policy;
};

/** Opens every listener, the console's last; rejects with nothing left open where one cannot be. */
async function openListeners({ gate, house, live, policy }: Opening): Promise<Listeners> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const sender = startSender({ policy, house, log: house.log });
    closers.push(() => sender.close());
    const listening = await listen(gate);
    closers.push(() => listening.close());
    const radius = await startRadius({ policy, house });
    closers.push(() => radius.close());
    const probes = probesOf(house, policy());
    const console = await listenForConsole({ house, live, policy, probes, radius: () => radius.counters() });
    closers.push(() => closeServer(console));
    const origins = { gateway: originOf(listening.addresses[0]?.port ?? 0), console: originOf(portOf(console)) };
    const addresses = [...listening.addresses.map((address) => urlOf(address)), origins.console];
    return { addresses, origins, radius: radius.addresses, close };
  } catch (breakage) {
    await close();
    throw breakage;
  }
}

/** Stops accepting and ends what is left; callers that wait are told by the closed connection. */
function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}

const SYSTEM = { actor: 'system', address: '', request: '' };

function sweep(house: House, policy: Policy): void {
  house.sessions
    .sweep(house.clock.now(), { idle: policy.sessions.idle, max: policy.sessions.max })
    .catch((breakage: unknown) => house.log.error('sweep', { error: String(breakage) }));
}

/** Free space below which a commit may fail any moment. */
const LEAST_FREE = 16 * 1024 * 1024;

const probesOf = (house: House, policy: Policy): readonly Probe[] => [
  { name: 'database', check: async () => (await house.audit.read({ limit: 1 })).length >= 0 },
  {
    name: 'disk',
    check: async () => {
      const { bavail, bsize } = await statfs(dataFolder(policy));
      return bavail * bsize > LEAST_FREE;
    },
  },
];

const originOf = (port: number): string => `http://localhost:${port}`;

const urlOf = (address: { readonly host: string; readonly port: number }): string =>
  `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}/`;

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

import { statfs } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Language, Policy } from '../core/policy.ts';
import { missingSecurityRelease } from '../core/runtime.ts';
import { MINUTE } from '../core/time.ts';
import { LiveSessions } from '../flows/live-sessions.ts';
import { auditEvent } from '../flows/origin.ts';
import { Gate } from '../gateway/gate.ts';
import { listen } from '../gateway/listener.ts';
import { createPages } from '../http/pages.ts';
import { createPortal } from '../portal/app.ts';
import type { House } from '../ports.ts';
import { listenForHealth, type Probe } from './health.ts';
import { dataFolder } from './house.ts';
import { holdPolicy } from './reload.ts';

/** A server that accepts requests. */
export type Served = {
  /** URLs people open, the health listener last. */
  readonly addresses: readonly string[];
  readonly origins: { readonly gateway: string; readonly console: string };
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
  const listening = await listen(gate);
  const health = await listenForHealth(first.console.listen, holder.current, probesOf(house, first)).catch(
    async (breakage: unknown) => {
      await listening.close();
      throw breakage;
    },
  );
  const sweeper = setInterval(() => sweep(house, holder.current()), MINUTE).unref();
  const origins = { gateway: originOf(listening.addresses[0]?.port ?? 0), console: originOf(portOf(health)) };
  const update = missingSecurityRelease(process.versions.node);
  if (update !== undefined) house.log.warn('runtime.outdated', { node: process.versions.node, update });
  await house.audit.append(
    auditEvent('server.started', house.clock.now(), SYSTEM, { detail: { digest: first.digest } }),
  );

  const { promise: stopped, resolve, reject } = Promise.withResolvers<void>();
  const close = async (): Promise<void> => {
    clearInterval(sweeper);
    holder.close();
    health.close();
    await listening.close();
    await live.close();
    await house.audit.append(auditEvent('server.stopped', house.clock.now(), SYSTEM));
    await house.close();
    await options.alsoClose?.();
  };
  let stopping = false;
  return {
    addresses: [...listening.addresses.map((address) => urlOf(address)), origins.console],
    origins,
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

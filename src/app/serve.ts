import { availableParallelism } from 'node:os';
import type { Language, Policy } from '../core/policy.ts';
import { missingSecurityRelease } from '../core/runtime.ts';
import { MINUTE } from '../core/time.ts';
import { type HashingPlaces, hashingPlaces } from '../crypto/password.ts';
import { auditEvent } from '../flows/origin.ts';
import type { House } from '../ports.ts';
import type { RadiusServer } from '../radius/server.ts';
import { openLive } from './open-gate.ts';
import { openListeners } from './open-listeners.ts';
import { holdPolicy } from './reload.ts';
import { Crew } from './workers/crew.ts';
import type { ConfigSource } from './workers/messages.ts';
import { openedOnce, sourceOf } from './workers/source.ts';

/** A server that accepts requests. */
export type Served = {
  /** URLs people open, the console's listener last. */
  readonly addresses: readonly string[];
  readonly origins: { readonly gateway: string; readonly console: string };
  /** What the RADIUS server is bound to; empty where it does not listen. */
  readonly radius: RadiusServer['addresses'];
  readonly policy: () => Policy;
  reload(): Promise<'reloaded' | 'refused'>;
  /** Stops accepting, drains, closes the house. Calling it again cuts what is left. */
  stop(): Promise<void>;
  /** Settles when everything is closed; rejects if closing broke. */
  readonly stopped: Promise<void>;
};

export type ServeOptions = {
  readonly language: Language;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Places for hashing that the house uses, so that workers share them. */
  readonly places?: HashingPlaces;
  /** Closed after the house, such as the sample applications of the demo. */
  readonly alsoClose?: () => Promise<void>;
};

/** Starts every listener of a policy on an open house. The house belongs to the server from here on. */
export async function serve(first: Policy, house: House, options: ServeOptions): Promise<Served> {
  // The crew reads the policy in force, and the holder has the crew follow: each is handed to the other when it is asked.
  const crew: Crew | undefined = crewOf(first, house, options, () => holder.current());
  const holder = holdPolicy(first, house, { ...options, followers: crew });
  const live = await openLive(holder.current, house);
  const open = await openListeners({ house, live, policy: holder.current, crew });
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
      if (stopping) open.cut();
      else close().then(resolve, reject);
      stopping = true;
      return stopped;
    },
  };
}

/** Processes that carry requests: as many as the policy says, or one for each core. */
const sizeOf = ({ server: { workers } }: Policy): number => (workers === 'auto' ? availableParallelism() : workers);

function crewOf(first: Policy, house: House, options: ServeOptions, policy: () => Policy): Crew | undefined {
  const size = sizeOf(first);
  if (size === 1) return undefined;
  const { language, places = hashingPlaces() } = options;
  return new Crew({ size, house, policy, places, language, opened: openedOnce(first) }, sourceOrThrow(first));
}

function sourceOrThrow(first: Policy): ConfigSource {
  const source = sourceOf(first);
  if (source === undefined) throw new Error(`${first.file} changed while the server started`);
  return source;
}

const SYSTEM = { actor: 'system', address: '', request: '' };

function sweep(house: House, policy: Policy): void {
  house.sessions
    .sweep(house.clock.now(), { idle: policy.sessions.idle, max: policy.sessions.max })
    .catch((breakage: unknown) => house.log.error('sweep', { error: String(breakage) }));
}

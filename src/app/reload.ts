import { loadPolicy } from '../config/load.ts';
import { watchFile } from '../config/watch.ts';
import type { Language, Policy } from '../core/policy.ts';
import { auditEvent } from '../flows/origin.ts';
import type { House } from '../ports.ts';
import type { ConfigSource } from './workers/messages.ts';
import { sourceOf } from './workers/source.ts';

/** The policy in force and how it is replaced. */
export type PolicyHolder = {
  current(): Policy;
  /** Reads the file again: all of it takes effect, or none. */
  reload(): Promise<'reloaded' | 'refused'>;
  close(): void;
};

/** The other processes that work by the same policy: all of them take a new one over, or none. */
export type Followers = {
  /** Has each of them read it without using it. Answers why one cannot, if so. */
  prepare(next: ConfigSource): Promise<string | undefined>;
  commit(next: ConfigSource): void;
};

/** What a reload cannot change because it is opened once: a restart does. */
const OPENED_ONCE = ['listen', 'workers', 'console', 'radius', 'storage', 'keys', 'sealing'] as const;

/**
 * Holds the policy and reloads it as a transaction, on demand and when the file changes. A file with an error is refused
 * whole: it is logged finding by finding, audited, and the running policy stays.
 */
export function holdPolicy(
  first: Policy,
  house: House,
  options: {
    readonly language: Language;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly followers?: Followers | undefined;
  },
): PolicyHolder {
  let policy = first;
  const load = async (): Promise<'reloaded' | 'refused'> => {
    const now = house.clock.now();
    const loaded = loadPolicy(policy.file, { ...options, now });
    if (!loaded.ok) {
      for (const finding of loaded.error) {
        const { code, line, column, message } = finding;
        house.log.error('config.refused', { code, at: `${finding.file}:${line}:${column}`, message });
      }
      await house.audit.append(
        auditEvent('config.refused', now, SYSTEM, { detail: { findings: loaded.error.length } }),
      );
      return 'refused';
    }
    const next = loaded.value.policy;
    if (next.digest === policy.digest) return 'reloaded';
    const fixed = changedButOpenedOnce(policy, next);
    if (fixed.length > 0) house.log.warn('config.needs-restart', { keys: fixed.join(', ') });
    if (!(await isFollowed(next, house, options.followers))) return 'refused';
    policy = next;
    house.log.info('config.loaded', { digest: next.digest, routes: next.routes.all.length });
    await house.audit.append(auditEvent('config.loaded', now, SYSTEM, { detail: { digest: next.digest } }));
    return 'reloaded';
  };

  let running = Promise.resolve<'reloaded' | 'refused'>('reloaded');
  const reload = (): Promise<'reloaded' | 'refused'> => {
    running = running.then(load, load);
    return running;
  };
  const watcher = watchFile(first.file, () => {
    reload().catch((breakage: unknown) => house.log.error('config.reload', { error: String(breakage) }));
  });
  return { current: () => policy, reload, close: () => watcher.close() };
}

/** Brings every follower to the next policy, or leaves all of them where they are. */
async function isFollowed(next: Policy, house: House, followers: Followers | undefined): Promise<boolean> {
  if (followers === undefined) return true;
  const source = sourceOf(next);
  const fault = source === undefined ? 'the file changed while it was read' : await followers.prepare(source);
  if (fault === undefined && source !== undefined) {
    followers.commit(source);
    return true;
  }
  house.log.error('config.refused', { code: 'worker', message: fault });
  const detail = { digest: next.digest, findings: 1 };
  await house.audit.append(auditEvent('config.refused', house.clock.now(), SYSTEM, { detail }));
  return false;
}

const SYSTEM = { actor: 'system', address: '', request: '' };

function changedButOpenedOnce(before: Policy, after: Policy): readonly string[] {
  const parts = (policy: Policy) => ({
    listen: [policy.server.listen, policy.server.redirectFrom, policy.forwardAuth.listen],
    workers: policy.server.workers,
    console: policy.console.listen,
    radius: [policy.radius.listen, policy.radius.tcp, policy.radius.tls?.listen],
    sealing: policy.otp.sealing,
    storage: policy.storage,
    keys: policy.keys,
  });
  return OPENED_ONCE.filter((key) => JSON.stringify(parts(before)[key]) !== JSON.stringify(parts(after)[key]));
}

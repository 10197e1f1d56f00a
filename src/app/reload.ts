import { loadPolicy } from '../config/load.ts';
import { watchFile } from '../config/watch.ts';
import type { Language, Policy } from '../core/policy.ts';
import { auditEvent } from '../flows/origin.ts';
import type { House } from '../ports.ts';

/** The policy in force and how it is replaced. */
export type PolicyHolder = {
  current(): Policy;
  /** Reads the file again: all of it takes effect, or none. */
  reload(): Promise<'reloaded' | 'refused'>;
  close(): void;
};

/** What a reload cannot change because it is opened once: a restart does. */
const OPENED_ONCE = ['listen', 'console', 'radius', 'storage', 'keys', 'sealing'] as const;

/**
 * Holds the policy and reloads it as a transaction, on demand and when the file changes. A file with an error is refused
 * whole: it is logged finding by finding, audited, and the running policy stays.
 */
export function holdPolicy(
  first: Policy,
  house: House,
  options: { readonly language: Language; readonly env: Readonly<Record<string, string | undefined>> },
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

const SYSTEM = { actor: 'system', address: '', request: '' };

function changedButOpenedOnce(before: Policy, after: Policy): readonly string[] {
  const parts = (policy: Policy) => ({
    listen: policy.server.listen,
    console: policy.console.listen,
    radius: [policy.radius.listen, policy.radius.tcp, policy.radius.tls?.listen],
    sealing: policy.otp.sealing,
    storage: policy.storage,
    keys: policy.keys,
  });
  return OPENED_ONCE.filter((key) => JSON.stringify(parts(before)[key]) !== JSON.stringify(parts(after)[key]));
}

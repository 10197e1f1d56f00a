import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { Policy } from '../core/policy.ts';
import { DAY, SECOND } from '../core/time.ts';
import type { House } from '../ports.ts';

/** What the RADIUS server counted since it started, by name: `accepts`, `unknown_client` … */
export type RadiusCounts = () => Readonly<Record<string, number>>;

export type MetricsParts = {
  readonly house: Pick<House, 'clock' | 'stats' | 'sessions' | 'messages' | 'clients'>;
  readonly policy: () => Policy;
  /** Absent where no RADIUS server runs. */
  readonly radius?: RadiusCounts;
  readonly version: string;
  /** What the process uses: `process.memoryUsage`, `process.cpuUsage`, `process.uptime` at the rim. */
  readonly usage: () => { readonly residentBytes: number; readonly cpuSeconds: number; readonly startedAt: number };
};

/** Answers a scrape. `contentType` belongs to what `render` answers. */
export type Metrics = { readonly contentType: string; render(): Promise<string> };

/**
 * The figures of a running house for Prometheus (text format 0.0.4). Decisions come from the same counters as the
 * statistics, so that they survive a restart and agree with the audit trail. Labels are names of the configuration and
 * closed lists: never a login, a number, an address or the name of a token.
 */
export function createMetrics(parts: MetricsParts): Metrics {
  const { house } = parts;
  const registry = new Registry();
  const figures = figuresIn(registry);
  figures.version.set({ version: parts.version }, 1);

  const collect = async (): Promise<void> => {
    const now = house.clock.now();
    const known = await knownApps(parts);
    figures.decisions.reset();
    for (const { app, method, channel, result, reason, count } of await house.stats.totals()) {
      figures.decisions.inc({ app: known.has(app) ? app : 'other', method, channel, result, reason }, count);
    }
    figures.sessions.set(await house.sessions.countLive(now));
    const messages = await house.messages.counts(now - DAY);
    for (const [state, count] of Object.entries(messages)) figures.messages.set({ state }, count);
    figures.packets.reset();
    for (const [outcome, count] of Object.entries(parts.radius?.() ?? {})) figures.packets.inc({ outcome }, count);
    const { residentBytes, cpuSeconds, startedAt } = parts.usage();
    figures.memory.set(residentBytes);
    figures.cpu.reset();
    figures.cpu.inc(cpuSeconds);
    figures.started.set(Math.floor(startedAt / SECOND));
  };
  return { contentType: registry.contentType, render: onePassAtATime(collect, () => registry.metrics()) };
}

/** Every metric, in a registry of its own. */
function figuresIn(registry: Registry) {
  const register = <M extends Metric>(metric: M): M => {
    registry.registerMetric(metric);
    return metric;
  };
  const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
    register(new Counter({ name, help, labelNames, registers: [] }));
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    register(new Gauge({ name, help, labelNames, registers: [] }));
  return {
    decisions: counter('sumun_decisions_total', 'Verifications that were decided.', LABELS),
    sessions: gauge('sumun_sessions', 'Live sign-ins.'),
    messages: gauge('sumun_sms_messages', 'Text messages asked for in the last 24 hours, by state.', ['state']),
    packets: counter('sumun_radius_packets_total', 'What became of RADIUS packets since the start.', ['outcome']),
    memory: gauge('process_resident_memory_bytes', 'Resident memory.'),
    cpu: counter('process_cpu_seconds_total', 'Processor time, user and system.'),
    started: gauge('process_start_time_seconds', 'Unix time of the start.'),
    version: gauge('sumun_info', 'The version, as a label.', ['version']),
  };
}

const LABELS = ['app', 'method', 'channel', 'result', 'reason'] as const;

/**
 * Names an administrator wrote. A caller of the API may name any other application: those are counted together, so that
 * neither the number of labels nor what is in them is in a caller's hand.
 */
async function knownApps({ house, policy }: MetricsParts): Promise<ReadonlySet<string>> {
  const { routes, radius } = policy();
  const clients = await house.clients.list();
  return new Set([
    '',
    ...routes.all.map(({ name }) => name),
    ...radius.clients.map(({ name }) => name),
    ...clients.flatMap(({ name, app }) => [name, app]),
  ]);
}

/** Scrapes that come while one is collected share it: nobody sees counters that were just set back. */
function onePassAtATime(collect: () => Promise<void>, text: () => Promise<string>): () => Promise<string> {
  let underWay: Promise<string> | undefined;
  return () => {
    underWay ??= collect()
      .then(text)
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
}

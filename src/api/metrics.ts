import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { Policy } from '../core/policy.ts';
import { DAY, SECOND } from '../core/time.ts';
import type { House } from '../ports.ts';

/** What the RADIUS server counted since it started, by name: `accepts`, `unknown_client` … */
export type RadiusCounts = () => Readonly<Record<string, number>>;

/** What the gateway counts, over all processes that carry requests. */
export type GatewayCounts = () => {
  readonly counters: Readonly<Record<'requests' | 'forwarded' | 'refused' | 'failed' | 'spoofed' | 'tunnels', number>>;
  /** Processes that accept requests. */
  readonly workers: number;
};

export type MetricsParts = {
  readonly house: Pick<House, 'clock' | 'stats' | 'sessions' | 'messages' | 'clients' | 'switches'>;
  readonly policy: () => Policy;
  /** Absent where no RADIUS server runs. */
  readonly radius?: RadiusCounts;
  /** Absent where no gateway runs. */
  readonly gateway?: GatewayCounts;
  readonly version: string;
  /** What all processes of the server use: read at the rim. */
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
    figures.openings.set((await house.switches.openings(now)).size);
    const messages = await house.messages.counts(now - DAY);
    for (const [state, count] of Object.entries(messages)) figures.messages.set({ state }, count);
    figures.packets.reset();
    for (const [outcome, count] of Object.entries(parts.radius?.() ?? {})) figures.packets.inc({ outcome }, count);
    if (parts.gateway !== undefined) setGateway(figures, parts.gateway());
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
    openings: gauge('sumun_break_glass_open_routes', 'Routes that a sealed code opened without sign-in.'),
    messages: gauge('sumun_sms_messages', 'Text messages asked for in the last 24 hours, by state.', ['state']),
    packets: counter('sumun_radius_packets_total', 'What became of RADIUS packets since the start.', ['outcome']),
    requests: counter('sumun_gateway_requests_total', 'Requests to the gateway since the start.'),
    outcomes: counter('sumun_gateway_outcomes_total', 'What became of requests to the gateway.', ['outcome']),
    spoofed: counter('sumun_gateway_spoofed_headers_total', 'Header fields that only the gateway may set, removed.'),
    tunnels: gauge('sumun_gateway_websockets', 'Open WebSockets.'),
    workers: gauge('sumun_workers', 'Processes that accept requests.'),
    memory: gauge('process_resident_memory_bytes', 'Resident memory.'),
    cpu: counter('process_cpu_seconds_total', 'Processor time, user and system.'),
    started: gauge('process_start_time_seconds', 'Unix time of the start.'),
    version: gauge('sumun_info', 'The version, as a label.', ['version']),
  };
}

/** Counted since the start by whoever counts: put in as it is. */
function setGateway(figures: ReturnType<typeof figuresIn>, { counters, workers }: ReturnType<GatewayCounts>): void {
  const { requests, forwarded, refused, failed, spoofed, tunnels } = counters;
  for (const counter of [figures.requests, figures.outcomes, figures.spoofed]) counter.reset();
  figures.requests.inc(requests);
  for (const [outcome, count] of Object.entries({ forwarded, refused, failed }))
    figures.outcomes.inc({ outcome }, count);
  figures.spoofed.inc(spoofed);
  figures.tunnels.set(tunnels);
  figures.workers.set(workers);
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

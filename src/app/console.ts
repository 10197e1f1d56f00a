import { createServer, type Server } from 'node:http';
import { createCompat } from '../api/compat.ts';
import { createConsoleHandler, type Probe } from '../api/console.ts';
import { createMetrics, type RadiusCounts } from '../api/metrics.ts';
import { openApiDocument } from '../api/openapi.ts';
import type { ApiParts } from '../api/operation.ts';
import { OPERATIONS } from '../api/operations.ts';
import { createApi } from '../api/router.ts';
import { SECOND } from '../core/time.ts';
import { usageOf } from './usage.ts';
import { packageVersion } from './version.ts';
import type { Totals } from './workers/totals.ts';

export type ConsoleListenerParts = ApiParts & {
  readonly probes: readonly Probe[];
  /** Counts of the RADIUS server. */
  readonly radius: RadiusCounts;
  /** What the processes that carry requests use and count. */
  readonly gateway: () => Totals;
};

/** How long a caller that waits for a challenge may be silent, with room. */
const LONGEST_WAIT = 65_000;

/** Starts the second listener: the API, its documentation, `/healthz`, `/readyz` and `/metrics`. */
export async function listenForConsole(parts: ConsoleListenerParts): Promise<Server> {
  const { house, policy } = parts;
  const version = packageVersion();
  const startedAt = house.clock.now() - process.uptime() * SECOND;
  const handler = createConsoleHandler({
    house,
    policy,
    probes: parts.probes,
    api: createApi(parts, OPERATIONS),
    compat: createCompat(parts, version),
    openapi: openApiDocument(OPERATIONS, version),
    metrics: createMetrics({
      house,
      policy,
      version,
      radius: parts.radius,
      gateway: parts.gateway,
      usage: () => {
        const [own, others] = [usageOf(process), parts.gateway()];
        const residentBytes = own.residentBytes + others.residentBytes;
        return { residentBytes, cpuSeconds: own.cpuSeconds + others.cpuSeconds, startedAt };
      },
    }),
  });
  const server = createServer({ maxHeaderSize: 16 * 1024, keepAliveTimeout: 75_000 }, handler);
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.timeout = LONGEST_WAIT;
  server.maxConnections = 1024;
  const { host, port } = policy().console.listen;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

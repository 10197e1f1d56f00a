import { createServer, type Server } from 'node:http';
import { containsAny, readAddress } from '../core/access/cidr.ts';
import type { ListenAddress, Policy } from '../core/policy.ts';

/** A dependency by name, and whether it answers. */
export type Probe = { readonly name: string; check(): Promise<boolean> };

/**
 * The listener for supervisors and load balancers: `/healthz` says the process is alive, `/readyz` that every dependency
 * answers (503 and the names of those that do not). Only peers in `console.networks` are answered; an empty list means
 * whoever reaches the address. It never proxies and knows no sign-in.
 */
export async function listenForHealth(
  address: ListenAddress,
  policy: () => Policy,
  probes: readonly Probe[],
): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      const text = `${JSON.stringify(body)}\n`;
      response.writeHead(status, {
        'content-type': status === 404 || status === 403 ? 'application/problem+json' : 'application/json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-length': Buffer.byteLength(text),
      });
      response.end(request.method === 'HEAD' ? '' : text);
    };
    const { networks } = policy().console;
    const peer = readAddress(request.socket.remoteAddress ?? '');
    if (networks.length > 0 && (peer === undefined || !containsAny(networks, peer))) {
      answer(403, {
        type: 'about:blank',
        title: 'This address is not in console.networks',
        status: 403,
        code: 'network',
      });
      return;
    }
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, { status: 'method not allowed' });
    else if (path === '/healthz') answer(200, { status: 'alive' });
    else if (path === '/readyz')
      void readiness(probes).then((failing) => answer(failing.length === 0 ? 200 : 503, reportOf(failing)));
    else answer(404, { type: 'about:blank', title: 'Nothing is here', status: 404, code: 'not-found' });
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return server;
}

const reportOf = (failing: readonly string[]) => ({ status: failing.length === 0 ? 'ready' : 'not ready', failing });

async function readiness(probes: readonly Probe[]): Promise<readonly string[]> {
  const answers = await Promise.all(probes.map((probe) => probe.check().catch(() => false)));
  return probes.filter((_, index) => answers[index] !== true).map((probe) => probe.name);
}

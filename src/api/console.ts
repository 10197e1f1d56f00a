import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express from 'express';
import type { Policy } from '../core/policy.ts';
import type { House } from '../ports.ts';
import { documentationFile } from './documentation.ts';
import { type ProblemCode, problem } from './problems.ts';
import { reachOf } from './reach.ts';
import { ALWAYS, sendProblem } from './respond.ts';
import type { ApiHandler } from './router.ts';
import { arrive } from './visit.ts';

/** A dependency by name, and whether it answers. */
export type Probe = { readonly name: string; check(): Promise<boolean> };

/** What answers behind the console's listener. */
export type ConsoleParts = {
  readonly house: Pick<House, 'clock' | 'random' | 'log' | 'switches'>;
  readonly policy: () => Policy;
  readonly probes: readonly Probe[];
  /** Everything below `/api/v1`. */
  readonly api: ApiHandler;
  /** Everything below `/validate`, while `server.api_compat` asks for it. */
  readonly compat: ApiHandler;
  /** The OpenAPI document. */
  readonly openapi: object;
  /** Figures for a scraper: `/metrics`. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
};

/**
 * Everything on the console's listener: `/healthz` (the process is alive, and which routes a sealed code opened), `/readyz` (every dependency answers, else 503
 * and the names of those that do not), `/metrics`, `/api/v1`, `/api/openapi.json`, `/api/docs` and `/api/problems`. It
 * never proxies and knows no sign-in of a browser.
 */
export function createConsoleHandler(parts: ConsoleParts): RequestListener {
  const openapi = json(parts.openapi);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', false);

  const refuse = (request: IncomingMessage, response: ServerResponse, code: ProblemCode, detail: string): void =>
    sendProblem(request, response, arrive(parts.house, request, response), problem(code, detail));

  app.use((request, response, next) => {
    const reach = reachOf(request, parts.policy().console);
    if (reach === 'network') refuse(request, response, 'network', 'this address is not in console.networks');
    else if (reach === 'host' && !isForSupervisors(request)) {
      refuse(request, response, 'host', 'without console.networks only IP addresses and localhost are answered');
    } else next();
  });
  app.use('/api/v1', (request, response) => parts.api(request, response));
  app.use('/validate', (request, response, next) => {
    if (parts.policy().apiCompat === 'privacyidea') parts.compat(request, response);
    else next();
  });
  app.use((request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') next();
    else
      sendText(request, response, 405, 'application/json', json({ status: 'method not allowed' }), {
        allow: 'GET, HEAD',
      });
  });
  app.get('/healthz', async (request, response) => {
    const open = await openedBy(parts.house);
    const body = open.length === 0 ? { status: 'alive' } : { status: 'alive', open_without_sign_in: open };
    sendText(request, response, 200, JSON_TYPE, json(body));
  });
  app.get('/readyz', async (request, response) => {
    const failing = await failingOf(parts.probes);
    const ready = failing.length === 0;
    const body = json({ status: ready ? 'ready' : 'not ready', failing });
    sendText(request, response, ready ? 200 : 503, JSON_TYPE, body);
  });
  app.get('/metrics', async (request, response) =>
    sendText(request, response, 200, parts.metrics.contentType, await parts.metrics.render()),
  );
  app.get('/api/openapi.json', (request, response) => sendText(request, response, 200, JSON_TYPE, openapi));
  app.use('/api', (request, response, next) => {
    const file = documentationFile(request.path);
    if (file === undefined) next();
    else
      sendText(request, response, 200, `${file.type}; charset=utf-8`, file.content, {
        'content-security-policy': file.csp,
      });
  });
  app.use((request, response) => refuse(request, response, 'not_found', 'there is no such address'));
  app.use((breakage: unknown, request: express.Request, response: express.Response, _: express.NextFunction) => {
    parts.house.log.error('console.failed', { error: breakage instanceof Error ? breakage.stack : String(breakage) });
    if (response.headersSent) response.destroy();
    else refuse(request, response, 'internal', 'something broke');
  });
  return (request, response) => {
    app(request, response);
  };
}

const JSON_TYPE = 'application/json';

const json = (body: object): string => `${JSON.stringify(body)}\n`;

/** Supervisors name a container or a service; what these two say is no secret. */
const isForSupervisors = (request: IncomingMessage): boolean => /^\/(?:healthz|readyz)(?:\?|$)/.test(request.url ?? '');

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  content: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  response.writeHead(status, { ...ALWAYS, 'content-type': type, 'content-length': bytes.length, ...headers });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Routes that a sealed code opened. A process whose database does not answer is alive all the same. */
const openedBy = async ({ clock, switches }: ConsoleParts['house']): Promise<readonly string[]> =>
  switches.openings(clock.now()).then(
    (open) => [...open.keys()],
    () => [],
  );

async function failingOf(probes: readonly Probe[]): Promise<readonly string[]> {
  const answers = await Promise.all(probes.map((probe) => probe.check().catch(() => false)));
  return probes.filter((_, index) => answers[index] !== true).map((probe) => probe.name);
}

/**
 * The auth server beside nginx's auth_request: the same work as the gateway's decision and nothing more. Cookie scan,
 * session look-up among 10,000, route match among 100, group check, two identity headers back. It keeps cookies in clear
 * and never asks whether a session has ended, which leans in the peer's favour.
 * Called as `node bench/auth-server.ts PORT LIST`, the list one cookie value a line. It understands the headers of nginx
 * (`X-Original-URL`) and those of Caddy and Traefik (`X-Forwarded-Host`, `X-Forwarded-Uri`).
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';

type Known = { readonly login: string; readonly groups: ReadonlySet<string>; readonly assertion: string };
type Route = { readonly prefix: string; readonly group: string };

function makeSessions(cookies: readonly string[]): ReadonlyMap<string, Known> {
  const assertion = randomBytes(300).toString('base64url');
  const groups = new Set(['staff']);
  return new Map(cookies.map((cookie, n) => [cookie, { login: `user${n}`, groups, assertion }]));
}

function makeRoutes(): ReadonlyMap<string, readonly Route[]> {
  const prefixes = Array.from({ length: 10 }, (_, i) => ({ prefix: `/app${i}/`, group: 'staff' }));
  return new Map(Array.from({ length: 10 }, (_, i) => [`host${i}.bench.example`, prefixes]));
}

function cookieOf(request: IncomingMessage): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split('; ')) if (pair.startsWith('sumun=')) return pair.slice(6);
  return undefined;
}

/** Host and path of the request that is asked about. */
function targetOf({ headers }: IncomingMessage): readonly [string, string] {
  if (headers['x-original-url'] === undefined) {
    return [String(headers['x-forwarded-host'] ?? ''), String(headers['x-forwarded-uri'] ?? '')];
  }
  const [, , host = '', ...rest] = String(headers['x-original-url']).split('/');
  return [host, `/${rest.join('/')}`];
}

const [port, list = ''] = process.argv.slice(2);
const sessions = makeSessions(readFileSync(list, 'utf8').trimEnd().split('\n'));
const routes = makeRoutes();

const server = createServer((request, response) => {
  const value = cookieOf(request);
  const known = value === undefined ? undefined : sessions.get(value);
  const [host, path] = targetOf(request);
  const route = routes.get(host)?.find(({ prefix }) => path.startsWith(prefix));
  const isAllowed = known !== undefined && route !== undefined && known.groups.has(route.group);
  if (!isAllowed) response.writeHead(known === undefined ? 401 : 403, { 'Content-Length': 0 }).end();
  else response.writeHead(200, { 'X-User': known.login, 'X-Assertion': known.assertion, 'Content-Length': 0 }).end();
});
server.keepAliveTimeout = 300_000;
server.listen(Number(port), '127.0.0.1');

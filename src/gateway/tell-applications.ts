import { outgoingHeaders, withoutCookies } from '../core/access/headers.ts';
import type { Route } from '../core/access/route.ts';
import { servesHost } from '../core/access/routes.ts';
import { canonicalise, type Target } from '../core/access/target.ts';
import { type Milliseconds, SECOND } from '../core/time.ts';
import type { Leaving, Told } from '../flows/leaving.ts';
import { goneCookies, namesIn } from './app-logout.ts';
import type { Gate, Running } from './gate.ts';
import { identityHeaders } from './identity.ts';
import { applicationPath } from './prefixes.ts';
import type { Exchange, ExchangeListener } from './upstream/exchange.ts';
import type { ChosenTarget, UpstreamPool } from './upstream/pool.ts';
import { fieldLines, type UpstreamRequest } from './upstream/request-head.ts';

/** Nobody waits longer for an application to hear that somebody left. */
const PATIENCE: Milliseconds = 3 * SECOND;

/**
 * Tells the applications of a host that somebody signed out here: asks each for its `app_logout.call` with the cookies the
 * browser sent, and takes its cookies away. Applications whose cookies did not come were not used and are not asked.
 * Never throws, and answers within three seconds.
 */
export async function tellApplications(gate: Gate, leaving: Leaving): Promise<Told> {
  const { running } = gate;
  const routes = running.policy.routes.all.filter(
    (route) => route.appLogout !== undefined && servesHost(route, leaving.host),
  );
  const cookies = routes.flatMap((route) => goneCookies(route, leaving, leaving.cookie, running.ownCookies));
  const others = withoutCookies(leaving.cookie ?? '', running.rules.ownCookies);
  const asked = routes.filter((route) => wasUsed(route, others));
  const heard = await Promise.all(asked.map((route) => tell(gate, running, route, leaving)));
  return { cookies: [...new Set(cookies)], untold: asked.filter((_, index) => heard[index] === false) };
}

/** True if the browser brought something that the application would know it by. */
function wasUsed({ appLogout, action }: Route, cookie: string): boolean {
  if (appLogout?.call === undefined || action.kind !== 'proxy' || cookie === '') return false;
  const { clearCookies } = appLogout;
  if (clearCookies.length === 0) return true;
  const sent = namesIn(cookie);
  return clearCookies.some((name) =>
    name.endsWith('*') ? sent.some((each) => each.startsWith(name.slice(0, -1))) : sent.includes(name),
  );
}

async function tell(gate: Gate, running: Running, route: Route, leaving: Leaving): Promise<boolean> {
  const { log } = gate.house;
  try {
    const status = await ask(gate, running, route, leaving);
    if (status !== undefined && status < 400) return true;
    log.error('app-logout.failed', { request: leaving.requestId, route: route.name, status });
  } catch (breakage) {
    log.error('app-logout.failed', { request: leaving.requestId, route: route.name, error: String(breakage) });
  }
  return false;
}

/** The status the application answered with, or undefined where it did not in time. */
async function ask(gate: Gate, running: Running, route: Route, leaving: Leaving): Promise<number | undefined> {
  const { action, appLogout } = route;
  const pool = action.kind === 'proxy' ? running.pools.get(action.upstream) : undefined;
  const read = canonicalise({
    method: 'GET',
    target: appLogout?.call ?? '/',
    hosts: [leaving.browserHost],
    scheme: leaving.scheme,
  });
  if (pool === undefined || !read.ok) return undefined;
  const chosen = pool.choose(leaving.session.id);
  const request = await requestFor(gate, running, route, leaving, read.value, chosen);
  return request === undefined ? undefined : statusOf(pool, request, chosen);
}

async function requestFor(
  gate: Gate,
  running: Running,
  route: Route,
  leaving: Leaving,
  target: Target,
  chosen: ChosenTarget,
): Promise<UpstreamRequest | undefined> {
  const { rewrite } = route;
  const own = rewrite.host === 'upstream' ? chosen.target.authority : rewrite.host;
  const host = rewrite.host === 'keep' ? leaving.browserHost : own;
  const path = applicationPath(target.path, rewrite) + target.query;
  const outgoing = outgoingHeaders(
    {
      rawHeaders: ['Accept', '*/*', 'Cookie', leaving.cookie ?? ''],
      isProxied: false,
      clientAddress: leaving.address.text,
      peerAddress: leaving.address.text,
      scheme: leaving.scheme,
      port: target.port,
      browserHost: leaving.browserHost,
    },
    running.rules,
  );
  if (!outgoing.ok) return undefined;
  const identity = await identityHeaders({
    gate,
    policy: running.policy,
    route,
    session: leaving.session,
    requestId: leaving.requestId,
    now: gate.house.clock.now(),
    browserTarget: target,
    method: 'GET',
    target: path,
    host,
  });
  return {
    method: 'GET',
    target: path,
    host,
    fields: fieldLines([...outgoing.value.headers, 'X-Request-Id', leaving.requestId, ...identity]),
    framing: { kind: 'none' },
    expectContinue: false,
    upgrade: false,
    owner: leaving.session.id,
    bodyIdle: PATIENCE,
    elsewhere: 'never',
  };
}

/** Sends a request and waits for the head of its answer, as long as patience lasts. The body goes nowhere. */
function statusOf(pool: UpstreamPool, request: UpstreamRequest, chosen: ChosenTarget): Promise<number | undefined> {
  return new Promise((resolve) => {
    let exchange: Exchange | undefined;
    const timer = setTimeout(() => {
      exchange?.abort();
      resolve(undefined);
    }, PATIENCE);
    const done = (status: number | undefined): void => {
      resolve(status);
      clearTimeout(timer);
    };
    const listener: ExchangeListener = {
      onReady: () => undefined,
      onContinue: () => undefined,
      onHead: ({ status }) => resolve(status),
      onBody: (_, last) => {
        if (last) clearTimeout(timer);
        return true;
      },
      onDrain: () => undefined,
      onPause: () => undefined,
      onFault: () => done(undefined),
    };
    exchange = pool.request(request, listener, chosen);
  });
}

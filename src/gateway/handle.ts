import { decideAccess } from '../core/access/decide.ts';
import type { Route } from '../core/access/route.ts';
import { isServed, matchRoute } from '../core/access/routes.ts';
import { canonicalise, type Target } from '../core/access/target.ts';
import type { Policy } from '../core/policy.ts';
import { readCookie } from '../core/session/cookies.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import { act } from './act.ts';
import type { Incoming, Outgoing } from './front/message.ts';
import type { Gate } from './gate.ts';
import { serveOwnPage } from './own-pages.ts';
import { fieldOf, readFraming } from './read-fields.ts';
import { auditVisit } from './record.ts';
import { bodyLimit } from './relay.ts';
import { failVisit, respondPage } from './respond.ts';
import { type Admitted, arrive, cookiesOf, type Visit } from './visit.ts';
import { handshakeFault } from './websocket.ts';

/** Fields of one request, at most. Browsers send around thirty. */
const FIELDS_MAX = 200;

/**
 * The way of every request, upgrades included: one canonical target, one route, at most one session look-up, one
 * decision, and exactly what was decided on goes on. Every exception ends in a refusal.
 */
export function handle(gate: Gate, req: Incoming, res: Outgoing): void {
  const visit = arrive(gate, req, res);
  try {
    receive(visit);
  } catch (breakage) {
    failVisit(visit, breakage);
  }
}

function receive(visit: Visit): void {
  const { req, running, client, fields } = visit;
  const framing = readFraming(req, fields);
  if (typeof framing === 'string') {
    refuse(visit, framing);
    return;
  }
  visit.framing = framing;
  if (req.rawHeaders.length > FIELDS_MAX * 2) {
    const options = { outcome: 'limit header-fields', close: true };
    respondPage(visit, 431, { kind: 'bad-request', code: 'header-fields' }, options);
    return;
  }
  const hosts = fields.hosts.length === 1 ? [visit.browserHost] : fields.hosts;
  const target = canonicalise({ method: req.method, target: req.url, hosts, scheme: client.scheme });
  if (!target.ok) {
    refuse(visit, target.error.code);
    return;
  }
  visit.target = target.value;
  const own = ownPath(running.policy.server.reservedPath, target.value);
  if (own !== 'no') receiveOwn(visit, target.value, own);
  else receiveForRoute(visit, target.value);
}

function receiveForRoute(visit: Visit, target: Target): void {
  const { req, running } = visit;
  const match = matchRoute(running.policy.routes, target, req.method);
  switch (match.kind) {
    case 'unknown-host':
      if (isPortal(running.policy, target)) respondPage(visit, 404, NO_ROUTE, { outcome: 'no-route' });
      else respondPage(visit, 421, { kind: 'unknown-host' }, { outcome: 'unknown-host' });
      return;
    case 'no-route':
      respondPage(visit, 404, NO_ROUTE, { outcome: 'no-route' });
      return;
    case 'ambiguous':
      refuse(visit, match.tolerance);
      return;
    case 'route':
      visit.route = match.route;
      // Another proxy has this application and asks about it elsewhere; nothing of it is served here.
      if (match.route.action.kind === 'forward_auth') {
        respondPage(visit, 404, { kind: 'no-route', session: undefined }, { outcome: 'forward-auth route' });
        return;
      }
      admit(visit as Admitted); // target and route are set
  }
}

/** Limits and session, then the decision. A route without sign-in asks for no session at all. */
function admit(visit: Admitted): void {
  const { gate, running, route, framing, target, now } = visit;
  const fault = visit.req.upgradeHead === undefined ? undefined : handshakeFault(visit);
  if (fault !== undefined) {
    refuse(visit, fault);
    return;
  }
  const max = bodyLimit(route.limits.body, running.policy.server.limits.body);
  if (framing.kind === 'length' && framing.bytes > max) {
    respondPage(visit, 413, { kind: 'too-large', max }, { outcome: 'limit body' });
    return;
  }
  const cookie = cookieFor(visit, route);
  if (cookie === undefined) {
    decide(visit, undefined);
    return;
  }
  const client = bindingOf(visit);
  const known = gate.live.peek(cookie, target.host, now, client);
  if (known !== 'unknown') {
    decide(visit, known);
    return;
  }
  const look = async (): Promise<void> => decide(visit, await gate.live.find(cookie, target.host, now, client));
  look().catch((breakage: unknown) => failVisit(visit, breakage));
}

function decide(visit: Admitted, session: Session | undefined): void {
  const { running, route, client, now, res } = visit;
  if (res.destroyed) return;
  visit.session = session;
  const who = session === undefined ? client.address.text : session.account.id;
  const retryAt = running.rates.take(route, who, now);
  if (retryAt instanceof Promise) {
    // Counted by several processes together: the answer is on its way.
    const wait = async (): Promise<void> => decideInTurn(visit, await retryAt);
    wait().catch((breakage: unknown) => failVisit(visit, breakage));
  } else decideInTurn(visit, retryAt);
}

function decideInTurn(visit: Admitted, retryAt: Instant | undefined): void {
  const { route, target, client, now, req, res, session } = visit;
  if (res.destroyed) return;
  if (retryAt !== undefined) {
    respondPage(visit, 429, { kind: 'too-many', retryAt }, { outcome: 'limit rate' });
    return;
  }
  const opened = visit.gate.openings.until(route.name, now);
  const facts = { route, target, method: req.method, session, address: client.address, now, opened };
  act(visit, decideAccess(facts));
}

function cookieFor(visit: Visit, route: Route): string | undefined {
  if (route.auth.kind !== 'sign-in') return undefined;
  const { fields } = visit;
  const name = cookiesOf(visit).session;
  if (fields.session?.name !== name) fields.session = { name, value: readCookie(fields.cookie, name) };
  return fields.session.value;
}

/** What a session may be bound to, where the policy binds it to anything. */
function bindingOf({ running, client, req }: Visit): { address: string; userAgent: string } | undefined {
  if (running.policy.sessions.bindTo.length === 0) return undefined;
  return { address: client.address.text, userAgent: fieldOf(req.rawHeaders, 'user-agent') ?? '' };
}

/** A message with more than one reading, or none: the connection ends with it. */
function refuse(visit: Visit, code: string): void {
  auditVisit(visit, 'request.refused', code);
  const options = { outcome: `fault ${code}`, close: true };
  if (code === 'method-refused') respondPage(visit, 405, { kind: code }, { ...options, headers: ALLOW });
  else respondPage(visit, 400, { kind: 'bad-request', code }, options);
}

const ALLOW = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'];

const NO_ROUTE = { kind: 'no-route', session: undefined } as const;

/** The portal is ours without any route: it has the pages of the reserved path. */
const isPortal = ({ server }: Policy, target: Target): boolean => server.portal?.host === target.host;

type OwnPath = 'yes' | 'no' | 'disguised';

/** Whether a path is below the reserved one, in its own spelling or only in another reading of it. */
function ownPath(reserved: string, { path, readings }: Target): OwnPath {
  const isOwn = (text: string): boolean => text === reserved || text.startsWith(`${reserved}/`);
  if (isOwn(path)) return 'yes';
  return readings.some(isOwn) ? 'disguised' : 'no';
}

/** Hands a request below the reserved path to the pages. */
function receiveOwn(visit: Visit, target: Target, own: Exclude<OwnPath, 'no'>): void {
  const { running, req } = visit;
  const { policy } = running;
  if (own === 'disguised' || target.needs.length > 0) {
    refuse(visit, 'reserved-path');
    return;
  }
  if (!isServed(policy.routes, target.host) && !isPortal(policy, target)) {
    respondPage(visit, 421, { kind: 'unknown-host' }, { outcome: 'unknown-host' });
    return;
  }
  if (req.upgradeHead !== undefined) {
    respondPage(visit, 404, NO_ROUTE, { outcome: 'no-route', close: true });
    return;
  }
  serveOwnPage(visit, target);
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { decideAccess } from '../core/access/decide.ts';
import type { Route } from '../core/access/route.ts';
import { isServed, matchRoute } from '../core/access/routes.ts';
import { canonicalise, type Target } from '../core/access/target.ts';
import { readCookie } from '../core/session/cookies.ts';
import type { Session } from '../core/session/session.ts';
import { act } from './act.ts';
import type { Gate } from './gate.ts';
import { fieldOf, readFraming } from './read-fields.ts';
import { auditVisit, logVisit } from './record.ts';
import { bodyLimit } from './relay.ts';
import { failVisit, isClosing, noteResponse, respondPage } from './respond.ts';
import { type Admitted, type Arrival, arrive, cookiesOf, type Visit } from './visit.ts';
import { handshakeFault } from './websocket.ts';

/** Fields of one request, at most. Browsers send around thirty. */
const FIELDS_MAX = 200;

/**
 * The way of every request, upgrades included: one canonical target, one route, at most one session look-up, one
 * decision, and exactly what was decided on goes on. Every exception ends in a refusal.
 */
export function handle(gate: Gate, req: IncomingMessage, res: ServerResponse, arrival: Arrival = {}): void {
  // What stands behind a message that was refused is not a request.
  if (isClosing(req.socket)) return;
  noteResponse(req.socket, res);
  const visit = arrive(gate, req, res, arrival);
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
  const target = canonicalise({ method: req.method ?? '', target: req.url ?? '', hosts, scheme: client.scheme });
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
  const match = matchRoute(running.policy.routes, target, req.method ?? '');
  switch (match.kind) {
    case 'unknown-host':
      respondPage(visit, 421, { kind: 'unknown-host' }, { outcome: 'unknown-host' });
      return;
    case 'no-route':
      respondPage(visit, 404, { kind: 'no-route', session: undefined }, { outcome: 'no-route' });
      return;
    case 'ambiguous':
      refuse(visit, match.tolerance);
      return;
    case 'route':
      visit.route = match.route;
      admit(visit as Admitted); // target and route are set
  }
}

/** Limits and session, then the decision. A route without sign-in asks for no session at all. */
function admit(visit: Admitted): void {
  const { gate, running, route, framing, target, now } = visit;
  const fault = visit.upgradeHead === undefined ? undefined : handshakeFault(visit);
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
  const { running, route, target, client, now, req, res } = visit;
  if (res.destroyed) return;
  visit.session = session;
  const who = session === undefined ? client.address.text : session.account.id;
  const retryAt = running.rates.take(route, who, now);
  if (retryAt !== undefined) {
    respondPage(visit, 429, { kind: 'too-many', retryAt }, { outcome: 'limit rate' });
    return;
  }
  const facts = { route, target, method: req.method ?? '', session, address: client.address, now };
  act(visit, decideAccess(facts));
}

const cookieFor = (visit: Visit, route: Route): string | undefined =>
  route.auth.kind === 'sign-in' ? readCookie(visit.fields.cookie, cookiesOf(visit).session) : undefined;

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

type OwnPath = 'yes' | 'no' | 'disguised';

/** Whether a path is below the reserved one, in its own spelling or only in another reading of it. */
function ownPath(reserved: string, { path, readings }: Target): OwnPath {
  const isOwn = (text: string): boolean => text === reserved || text.startsWith(`${reserved}/`);
  if (isOwn(path)) return 'yes';
  return readings.some(isOwn) ? 'disguised' : 'no';
}

/** Hands a request below the reserved path to the pages. */
function receiveOwn(visit: Visit, target: Target, own: Exclude<OwnPath, 'no'>): void {
  const { gate, running, req, res, id, client } = visit;
  const { policy } = running;
  if (own === 'disguised' || target.needs.length > 0) {
    refuse(visit, 'reserved-path');
    return;
  }
  if (!isServed(policy.routes, target.host)) {
    respondPage(visit, 421, { kind: 'unknown-host' }, { outcome: 'unknown-host' });
    return;
  }
  if (visit.upgradeHead !== undefined) {
    respondPage(visit, 404, { kind: 'no-route', session: undefined }, { outcome: 'no-route', close: true });
    return;
  }
  if (gate.draining) res.shouldKeepAlive = false;
  req.setTimeout(policy.server.limits.idle, () => res.destroy());
  res.once('finish', () => logVisit(visit, res.statusCode, 'own'));
  if (visit.expectsContinue) res.writeContinue();
  const { address, scheme, isProxied } = client;
  gate.portal(req, res, { requestId: id, host: target.host, scheme, address, peerTrusted: isProxied });
}

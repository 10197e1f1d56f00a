import { outgoingHeaders } from '../core/access/headers.ts';
import type { RouteAction } from '../core/access/route.ts';
import type { Running } from './gate.ts';
import { identityHeaders } from './identity.ts';
import { applicationPath } from './prefixes.ts';
import { auditVisit, type Recorded } from './record.ts';
import { type OtherBody, Relay } from './relay.ts';
import { failVisit, respondPage } from './respond.ts';
import type { ChosenTarget } from './upstream/pool.ts';
import { fieldLines, type RequestFraming, type UpstreamRequest } from './upstream/request-head.ts';
import type { Admitted } from './visit.ts';

/**
 * Sends an admitted request to its application: exactly the target that was decided on, the header list built from an
 * empty one, identity last.
 */
export function forward(visit: Admitted, action: Extract<RouteAction, { kind: 'proxy' }>, other?: OtherBody): void {
  const { running, gate, target, route, session } = visit;
  const pool = running.pools.get(action.upstream);
  if (pool === undefined) throw new Error(`no upstream named ${action.upstream}`);
  const chosen = pool.choose(session?.id ?? visit.client.address.text);
  const host = hostFor(visit, chosen);
  const outgoing = outgoingFields(visit, other);
  if (outgoing === 'bad-nomination') {
    auditVisit(visit, 'request.refused', outgoing);
    const options = { outcome: `fault ${outgoing}`, close: true };
    respondPage(visit, 400, { kind: 'bad-request', code: outgoing }, options);
    return;
  }
  const { lines, spoofed } = outgoing;
  if (session !== undefined) gate.live.touch(session, visit.now);
  if (spoofed.length > 0) noteSpoofed(visit, spoofed);
  const path = pathFor(visit);
  const send = (identity: readonly string[]): void => {
    if (visit.res.destroyed) return;
    const fields = `${lines}X-Request-Id: ${visit.id}\r\n${fieldLines(identity)}`;
    gate.counters.forwarded += 1;
    new Relay(visit, pool, host, other).start(requestFor(visit, path, host, fields, other), chosen);
  };
  if (session === undefined) {
    send([]);
    return;
  }
  const { policy } = running;
  const identity = identityHeaders({
    gate,
    policy,
    route,
    session,
    requestId: visit.id,
    now: visit.now,
    browserTarget: target,
    method: visit.req.method,
    target: path,
    host,
  });
  if (identity instanceof Promise) identity.then(send).catch((breakage: unknown) => failVisit(visit, breakage));
  else send(identity);
}

function requestFor(
  visit: Admitted,
  path: string,
  host: string,
  fields: string,
  other: OtherBody | undefined,
): UpstreamRequest {
  const framing: RequestFraming = other === undefined ? visit.framing : { kind: 'length', bytes: other.bytes.length };
  const upgrade = visit.req.upgradeHead !== undefined;
  return {
    method: visit.req.method,
    target: path,
    host,
    fields,
    framing,
    expectContinue: visit.req.expectsContinue && other === undefined,
    upgrade,
    owner: visit.session?.id ?? '',
    bodyIdle: upgrade ? visit.route.websocket.idle : visit.running.policy.server.limits.idle,
    elsewhere: elsewhereFor(visit),
  };
}

/** What becomes of the head where another target gets it: a signature over Host holds for the first one alone. */
function elsewhereFor({ route, running }: Admitted): UpstreamRequest['elsewhere'] {
  if (route.rewrite.host !== 'upstream') return undefined;
  const profile = route.identity === undefined ? undefined : running.policy.identity.profiles.get(route.identity);
  return profile?.hmac === undefined ? 'renamed' : 'never';
}

/** The Host field for the application: what the browser sent, the upstream's own, or what the route says. */
function hostFor(visit: Admitted, { target }: ChosenTarget): string {
  const { host } = visit.route.rewrite;
  if (host === 'keep') return visit.browserHost;
  return host === 'upstream' ? target.authority : host;
}

/** Path and query for the application: the decided ones, with the route's prefixes taken off and put on. */
const pathFor = ({ target, route }: Admitted): string => applicationPath(target.path, route.rewrite) + target.query;

/** Notes headers that spoke in our name: each counted, once a minute for each address in log and trail. */
export function noteSpoofed(visit: Recorded, spoofed: readonly string[]): void {
  visit.gate.counters.spoofed += spoofed.length;
  if (!visit.gate.spoofs.maySpeak(visit.client.address.text, visit.now)) return;
  const names = [...new Set(spoofed)].slice(0, 8).join(' ').slice(0, 256);
  visit.gate.house.log.warn('header.spoofed', { request: visit.id, address: visit.client.address.text, names });
  auditVisit(visit, 'header.spoofed', 'reserved-header', { names, count: spoofed.length });
}

/** The client's own fields as an application gets them, with what we say about the client. */
export type OutgoingFields = {
  readonly rawHeaders: readonly string[];
  readonly running: Running;
  readonly lines: string;
  readonly spoofed: readonly string[];
};

/**
 * What goes out of a header section. It depends on the connection, the configuration and the section alone, so a section
 * that came before is not gone through again.
 */
function outgoingFields(visit: Admitted, other: OtherBody | undefined): OutgoingFields | 'bad-nomination' {
  const { req, running, client, target } = visit;
  const { connection, rawHeaders } = req;
  const known = connection.outgoing;
  if (other === undefined && known?.rawHeaders === rawHeaders && known.running === running) return known;
  const outgoing = outgoingHeaders(
    {
      rawHeaders,
      isProxied: client.isProxied,
      clientAddress: client.address.text,
      peerAddress: visit.peer.text,
      scheme: target.scheme,
      port: target.port,
      browserHost: visit.browserHost,
    },
    running.rules,
  );
  if (!outgoing.ok) return outgoing.error;
  const { headers, spoofed } = outgoing.value;
  if (other !== undefined) replaceContentType(headers, other.contentType);
  const fields = { rawHeaders, running, lines: fieldLines(headers), spoofed };
  if (other === undefined) connection.outgoing = fields;
  return fields;
}

function replaceContentType(headers: string[], contentType: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    const name = headers[index]?.toLowerCase();
    if (name === 'content-type' || name === 'content-encoding') headers.splice(index, 2);
  }
  headers.push('Content-Type', contentType);
}

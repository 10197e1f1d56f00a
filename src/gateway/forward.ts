import { outgoingHeaders } from '../core/access/headers.ts';
import type { RouteAction } from '../core/access/route.ts';
import { identityHeaders } from './identity.ts';
import { auditVisit } from './record.ts';
import { type OtherBody, Relay } from './relay.ts';
import { failVisit, respondPage } from './respond.ts';
import { isBelow } from './response-headers.ts';
import type { UpstreamPool } from './upstream/pool.ts';
import type { RequestFraming, UpstreamRequest } from './upstream/request-head.ts';
import { type Admitted, authorityOf } from './visit.ts';

/**
 * Sends an admitted request to its application: exactly the target that was decided on, the header list built from an
 * empty one, identity last.
 */
export function forward(visit: Admitted, action: Extract<RouteAction, { kind: 'proxy' }>, other?: OtherBody): void {
  const { running, gate, target, route, session } = visit;
  const pool = running.pools.get(action.upstream);
  if (pool === undefined) throw new Error(`no upstream named ${action.upstream}`);
  const host = hostFor(visit, pool);
  const outgoing = outgoingHeaders(
    {
      rawHeaders: visit.req.rawHeaders,
      isProxied: visit.client.isProxied,
      clientAddress: visit.client.address.text,
      peerAddress: visit.peer.text,
      scheme: target.scheme,
      port: target.port,
      browserHost: visit.browserHost,
      upstreamHost: host,
      requestId: visit.id,
    },
    running.rules,
  );
  if (!outgoing.ok) {
    auditVisit(visit, 'request.refused', outgoing.error);
    const outcome = `fault ${outgoing.error}`;
    respondPage(visit, 400, { kind: 'bad-request', code: outgoing.error }, { outcome, close: true });
    return;
  }
  const { headers, spoofed } = outgoing.value;
  if (session !== undefined) gate.live.touch(session, visit.now);
  if (spoofed.length > 0) noteSpoofed(visit, spoofed);
  if (other !== undefined) replaceContentType(headers, other.contentType);
  const path = pathFor(visit);
  const send = (identity: readonly string[]): void => {
    if (visit.res.destroyed) return;
    for (const text of identity) headers.push(text);
    const request = requestFor(visit, path, headers, other);
    gate.counters.forwarded += 1;
    new Relay(visit, pool, host, other).start(request);
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
    method: visit.req.method ?? '',
    target: path,
    host,
  });
  if (identity instanceof Promise) identity.then(send).catch((breakage: unknown) => failVisit(visit, breakage));
  else send(identity);
}

function requestFor(
  visit: Admitted,
  path: string,
  headers: readonly string[],
  other: OtherBody | undefined,
): UpstreamRequest {
  const framing: RequestFraming = other === undefined ? visit.framing : { kind: 'length', bytes: other.bytes.length };
  const upgrade = visit.upgradeHead !== undefined;
  return {
    method: visit.req.method ?? '',
    target: path,
    headers,
    framing,
    expectContinue: visit.expectsContinue && other === undefined,
    upgrade,
    owner: visit.session?.id ?? '',
    bodyIdle: upgrade ? visit.route.websocket.idle : visit.running.policy.server.limits.idle,
  };
}

/** The Host field for the application: what the browser sent, the upstream's own, or what the route says. */
function hostFor(visit: Admitted, { upstream }: UpstreamPool): string {
  const { host } = visit.route.rewrite;
  if (host === 'keep') return visit.browserHost;
  return host === 'upstream' ? authorityOf(upstream.host, upstream.port) : host;
}

/** Path and query for the application: the decided ones, with the route's prefixes taken off and put on. */
function pathFor({ target, route }: Admitted): string {
  const { stripPrefix, addPrefix } = route.rewrite;
  if (stripPrefix === '' && addPrefix === '') return target.path + target.query;
  const stripped =
    stripPrefix !== '' && isBelow(target.path, stripPrefix) ? target.path.slice(stripPrefix.length) : target.path;
  const path = `${addPrefix.replace(/\/$/, '')}/${stripped.replace(/^\//, '')}`;
  return path + target.query;
}

function noteSpoofed(visit: Admitted, spoofed: readonly string[]): void {
  visit.gate.counters.spoofed += spoofed.length;
  if (!visit.gate.spoofs.maySpeak(visit.client.address.text, visit.now)) return;
  const names = [...new Set(spoofed)].slice(0, 8).join(' ').slice(0, 256);
  visit.gate.house.log.warn('header.spoofed', { request: visit.id, address: visit.client.address.text, names });
  auditVisit(visit, 'header.spoofed', 'reserved-header', { names, count: spoofed.length });
}

function replaceContentType(headers: string[], contentType: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    const name = headers[index]?.toLowerCase();
    if (name === 'content-type' || name === 'content-encoding') headers.splice(index, 2);
  }
  headers.push('Content-Type', contentType);
}

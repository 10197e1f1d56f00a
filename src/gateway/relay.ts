import type { Session } from '../core/session/session.ts';
import type { UnderOpening } from '../flows/openings.ts';
import type { Watcher } from '../flows/session-watch.ts';
import type { Page } from '../ports.ts';
import { signOutWithApplication } from './app-logout.ts';
import { END_MAX } from './front/message.ts';
import { freeWhenSent, lendCopy } from './lent-buffers.ts';
import { auditVisit, logVisit, recordVisit } from './record.ts';
import { DRAIN_MAX, respondPage, unreadBytes } from './respond.ts';
import { type BrowserFields, responseHeaders } from './response-headers.ts';
import { acceptsTunnel, Tunnel } from './tunnel.ts';
import type { Exchange, ExchangeListener, UpstreamFault } from './upstream/exchange.ts';
import type { ChosenTarget, UpstreamPool } from './upstream/pool.ts';
import type { UpstreamRequest } from './upstream/request-head.ts';
import type { ResponseHead } from './upstream/response-head.ts';
import type { Admitted } from './visit.ts';

/** A body that takes the place of the request's own: a kept form post on its way at last. */
export type OtherBody = {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Added to the answer: the cookie that named the post is gone with it. */
  readonly headers: readonly string[];
};

/**
 * Carries one admitted request to its upstream and the response back. Nothing is held: each side flows as fast as the
 * other takes it. Whoever goes away takes the other side along, and so does the end of the session.
 */
export class Relay implements ExchangeListener, Watcher, UnderOpening {
  place = -1;
  watched: Session | undefined;
  readonly #visit: Admitted;
  readonly #pool: UpstreamPool;
  readonly #host: string;
  readonly #other: OtherBody | undefined;
  #exchange: Exchange | undefined;
  #tunnel: Tunnel | undefined;
  #received = 0;
  #headHeld = false;

  constructor(visit: Admitted, pool: UpstreamPool, host: string, other: OtherBody | undefined) {
    this.#visit = visit;
    this.#pool = pool;
    this.#host = host;
    this.#other = other;
  }

  start(request: UpstreamRequest, chosen: ChosenTarget): void {
    const { res, session, gate, route } = this.#visit;
    res.listen(this);
    if (session !== undefined) gate.live.watch(session.id, this);
    else if (route.auth.kind === 'sign-in') gate.openings.watch(route.name, this);
    this.#exchange = this.#pool.request(request, this, chosen);
  }

  onReady(exchange: Exchange): void {
    const { req, framing } = this.#visit;
    this.#exchange = exchange;
    if (this.#other !== undefined) {
      exchange.write(this.#other.bytes);
      exchange.end();
      return;
    }
    if (framing.kind === 'none' || exchange.requestSent || req.upgradeHead !== undefined) return;
    req.read({ onData: (bytes) => this.#send(exchange, bytes), onEnd: () => exchange.end() });
  }

  onContinue(): void {
    this.#visit.res.writeContinue();
  }

  onHead(head: ResponseHead): void {
    const { res, gate } = this.#visit;
    if (head.status === 101) {
      this.#openTunnel(head);
      return;
    }
    const { headers, lines } = this.#headersOf(head);
    if (this.#other !== undefined) headers.push(...this.#other.headers);
    if (this.#visit.route.appLogout !== undefined) headers.push(...signOutWithApplication(this.#visit, this));
    if (unreadBytes(this.#visit) > DRAIN_MAX || gate.draining) res.keepAlive = false;
    res.writeHead(head.status, head.reason, headers, lines);
    this.#headHeld = true;
  }

  onBody(bytes: Buffer, last: boolean): boolean {
    if (this.#tunnel !== undefined) return this.#tunnel.onBody(bytes, last);
    const { res } = this.#visit;
    if (last) {
      this.#finish(bytes);
      return true;
    }
    this.#headHeld = false;
    // The bytes lie in the buffer of the connection, which the next read overwrites.
    const { copy, giveBack } = lendCopy(bytes);
    return res.write(copy, giveBack);
  }

  /** The browser takes bytes again. */
  drain(): void {
    this.#exchange?.resume();
  }

  onPause(): void {
    if (!this.#headHeld) return;
    this.#headHeld = false;
    this.#visit.res.flushHeaders();
  }

  onDrain(): void {
    if (this.#tunnel === undefined) this.#visit.req.resume();
    else this.#tunnel.resume();
  }

  onFault(fault: UpstreamFault): void {
    const { res, gate, id, route } = this.#visit;
    if (this.#tunnel !== undefined) {
      this.#tunnel.destroy();
      return;
    }
    gate.counters.failed += 1;
    gate.house.log.warn('upstream.failed', {
      request: id,
      route: route.name,
      upstream: this.#pool.upstream.name,
      target: this.#exchange?.target.authority,
      fault,
      reason: this.#exchange?.reason,
    });
    if (res.headersSent || this.#headHeld) {
      logVisit(this.#visit, res.status, `upstream ${fault}`);
      res.destroy();
      return;
    }
    this.#respondFault(fault);
  }

  #send(exchange: Exchange, bytes: Buffer): void {
    const { req, route, running } = this.#visit;
    this.#received += bytes.length;
    const max = bodyLimit(route.limits.body, running.policy.server.limits.body);
    if (this.#received > max) {
      exchange.abort();
      if (this.#visit.res.headersSent) this.#visit.res.destroy();
      else respondPage(this.#visit, 413, { kind: 'too-large', max }, { outcome: 'limit body', close: true });
      return;
    }
    if (!exchange.write(bytes, freeWhenSent(bytes))) req.pause();
  }

  #finish(last: Buffer): void {
    const { res } = this.#visit;
    logVisit(this.#visit, res.status, 'forward');
    this.#headHeld = false;
    // A long end goes the way of all parts: through memory that comes back.
    if (last.length > END_MAX) this.onBody(last, false);
    res.end(last.length > END_MAX ? undefined : last);
  }

  #headersOf(head: ResponseHead): BrowserFields {
    const { running, route, target, id } = this.#visit;
    const { upstream } = this.#pool;
    return responseHeaders(head, {
      route,
      target,
      upstreamHosts: () => [...upstream.targets.map(({ authority }) => authority), this.#host],
      ownCookies: running.ownCookies,
      requestId: id,
      isPersonal: route.auth.kind === 'sign-in',
      status: head.status,
    });
  }

  #openTunnel(head: ResponseHead): void {
    const { gate } = this.#visit;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (!acceptsTunnel(this.#visit, head)) {
      exchange.abort();
      this.onFault('malformed');
      return;
    }
    logVisit(this.#visit, 101, 'forward');
    this.#tunnel = new Tunnel(this.#visit, exchange, head, this.#headersOf(head), () => {
      gate.live.unwatch(this);
      gate.openings.unwatch(this);
    });
  }

  #respondFault(fault: UpstreamFault): void {
    const { route, session, req } = this.#visit;
    const options = { outcome: `upstream ${fault}` };
    if (fault === 'request-stalled') {
      respondPage(this.#visit, 408, { kind: 'bad-request', code: fault }, { ...options, close: true });
      return;
    }
    if (fault === 'busy') {
      respondPage(this.#visit, 503, { kind: 'unavailable' }, { ...options, headers: ['Retry-After', '1'] });
      return;
    }
    const isLate = fault === 'connect-timeout' || fault === 'first-byte-timeout' || fault === 'idle-timeout';
    const isSafe = req.method === 'GET' || req.method === 'HEAD';
    const page: Page = {
      kind: 'upstream',
      route,
      cause: isLate ? 'timeout' : fault === 'unreachable' ? 'unreachable' : 'broken',
      signedIn: session !== undefined,
      retry: isSafe ? 'link' : 'resubmit',
    };
    respondPage(this.#visit, isLate ? 504 : 502, page, options);
  }

  /** The session ended while its request was under way. */
  onSessionEnd(): void {
    const { res, route } = this.#visit;
    auditVisit(this.#visit, 'access.denied', 'session-ended', { open: true, name: route.name });
    recordVisit(this.#visit, res.headersSent ? res.status : 401, 'cut session-ended');
    this.#cut();
  }

  /** The opening of the route, under which it passed without a session, ended. */
  onOpeningEnd(): void {
    const { res } = this.#visit;
    recordVisit(this.#visit, res.headersSent ? res.status : 401, 'cut opening-ended');
    this.#cut();
  }

  #cut(): void {
    this.#exchange?.abort();
    this.#tunnel?.destroy();
    this.#visit.res.destroy();
  }

  /** The response left whole, or the browser is gone. */
  close(): void {
    if (this.#tunnel !== undefined) return;
    this.#visit.gate.live.unwatch(this);
    this.#visit.gate.openings.unwatch(this);
    this.#exchange?.abort();
  }
}

/** The smaller of two limits where 0 means none. */
export function bodyLimit(route: number, server: number): number {
  if (route === 0) return server === 0 ? Number.POSITIVE_INFINITY : server;
  return server === 0 ? route : Math.min(route, server);
}

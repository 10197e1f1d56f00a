import type { ServerResponse } from 'node:http';
import type { Session } from '../core/session/session.ts';
import type { Watcher } from '../flows/session-watch.ts';
import type { Page } from '../ports.ts';
import { freeWhenSent, lendCopy } from './lent-buffers.ts';
import { auditVisit, logVisit, recordVisit } from './record.ts';
import { DRAIN_MAX, endLater, respondPage, unreadBytes } from './respond.ts';
import { responseHeaders } from './response-headers.ts';
import { acceptsTunnel, Tunnel } from './tunnel.ts';
import type { Exchange, ExchangeListener, UpstreamFault } from './upstream/exchange.ts';
import type { UpstreamPool } from './upstream/pool.ts';
import type { UpstreamRequest } from './upstream/request-head.ts';
import type { ResponseHead } from './upstream/response-head.ts';
import { type Admitted, authorityOf } from './visit.ts';

/** A body that takes the place of the request's own: a kept form post on its way at last. */
export type OtherBody = {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Added to the answer: the cookie that named the post is gone with it. */
  readonly headers: readonly string[];
};

const NOTHING = Buffer.alloc(0);

/** A body up to this length that came with its head leaves with it as one text: one write, nothing gathered. */
const ONE_WRITE_MAX = 16 * 1024;

/**
 * Carries one admitted request to its upstream and the response back. Nothing is held: each side flows as fast as the
 * other takes it. Whoever goes away takes the other side along, and so does the end of the session.
 */
export class Relay implements ExchangeListener, Watcher {
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
  #closing = false;
  #continued = false;

  constructor(visit: Admitted, pool: UpstreamPool, host: string, other: OtherBody | undefined) {
    this.#visit = visit;
    this.#pool = pool;
    this.#host = host;
    this.#other = other;
  }

  start(request: UpstreamRequest): void {
    const { res, session, gate } = this.#visit;
    res.on('close', () => this.#onClose());
    if (session !== undefined) gate.live.watch(session.id, this);
    this.#exchange = this.#pool.request(request, this);
  }

  onReady(exchange: Exchange): void {
    const { req, framing } = this.#visit;
    this.#exchange = exchange;
    if (this.#other !== undefined) {
      exchange.write(this.#other.bytes);
      exchange.end();
      return;
    }
    if (framing.kind === 'none' || exchange.requestSent || this.#visit.upgradeHead !== undefined) return;
    req.on('data', (bytes: Buffer) => this.#send(exchange, bytes));
    req.once('end', () => exchange.end());
  }

  onContinue(): void {
    this.#continued = true;
    this.#visit.res.writeContinue();
  }

  onHead(head: ResponseHead): void {
    const { res, gate } = this.#visit;
    if (head.status === 101) {
      this.#openTunnel(head);
      return;
    }
    const headers = this.#headersOf(head);
    if (this.#other !== undefined) headers.push(...this.#other.headers);
    this.#closing = unreadBytes(this.#visit) > DRAIN_MAX;
    if (this.#closing || gate.draining) headers.push('Connection', 'close');
    res.writeHead(head.status, head.reason, headers);
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
    const flows = giveBack === undefined ? res.write(copy) : res.write(copy, giveBack);
    if (!flows) res.once('drain', () => this.#exchange?.resume());
    return flows;
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
      fault,
    });
    if (res.headersSent || this.#headHeld) {
      logVisit(this.#visit, res.statusCode, `upstream ${fault}`);
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
    const { res, req, expectsContinue } = this.#visit;
    logVisit(this.#visit, res.statusCode, 'forward');
    const isWhole = this.#headHeld && last.length > 0 && last.length <= ONE_WRITE_MAX && !res.chunkedEncoding;
    this.#headHeld = false;
    const isArriving = !req.complete && (!expectsContinue || this.#continued);
    if (this.#closing && isArriving) endLater(this.#visit, Buffer.from(last));
    else if (isWhole) writeWhole(res, last);
    else res.end(last.length === 0 ? NOTHING : Buffer.from(last));
  }

  #headersOf(head: ResponseHead): string[] {
    const { running, route, target, session, id } = this.#visit;
    const { upstream } = this.#pool;
    return responseHeaders(head.rawHeaders, {
      route,
      target,
      upstreamHosts: () => [authorityOf(upstream.host, upstream.port), this.#host],
      ownCookies: running.ownCookies,
      requestId: id,
      isPersonal: session !== undefined,
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
    this.#tunnel = new Tunnel(this.#visit, exchange, head, this.#headersOf(head), () => gate.live.unwatch(this));
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
    recordVisit(this.#visit, res.headersSent ? res.statusCode : 401, 'cut session-ended');
    this.#exchange?.abort();
    this.#tunnel?.destroy();
    res.destroy();
  }

  #onClose(): void {
    if (this.#tunnel !== undefined) return;
    this.#visit.gate.live.unwatch(this);
    this.#exchange?.abort();
  }
}

/**
 * Head and body in one plain write. `end` with a body would queue an empty write behind it, and both would leave through
 * the slower gathering call.
 */
function writeWhole(res: ServerResponse, body: Buffer): void {
  res.write(body.toString('latin1'), 'latin1');
  res.socket?.uncork();
  res.end();
}

/** The smaller of two limits where 0 means none. */
export function bodyLimit(route: number, server: number): number {
  if (route === 0) return server === 0 ? Number.POSITIVE_INFINITY : server;
  return server === 0 ? route : Math.min(route, server);
}

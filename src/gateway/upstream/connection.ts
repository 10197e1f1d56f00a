import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Upstream } from '../../core/policy.ts';
import type { Carrier, Exchange, Sent, UpstreamFault } from './exchange.ts';
import type { ResponseHead } from './response-head.ts';
import { type Progress, ResponseParser, type ResponseSink } from './response-parser.ts';
import { isSilent } from './silence.ts';
import type { Ticker } from './ticker.ts';

/** Read buffer of one connection. Pages that small responses never touch are never backed by memory. */
const BUFFER = 64 * 1024;

/** How long an upstream may ignore `Expect: 100-continue` before the body is sent anyway (RFC 9110 §10.1.1). */
const CONTINUE_WAIT = 1000;

/** For so long after a response nothing is looked for: octets that cross with a request on the wire look the same. */
const FRESH = 1;

/** What a connection tells its pool. */
export type ConnectionOwner = {
  /** The response is complete and the connection may carry another request. */
  onFree(connection: Connection): void;
  /** The connection became a tunnel: it no longer counts against the pool. */
  onTunnel(connection: Connection): void;
  /** The connection is gone; `unread` is an exchange of which the upstream read nothing we know of. */
  onGone(connection: Connection, unread: Exchange | undefined): void;
};

/** One connection to an upstream. One exchange at a time; any byte outside an exchange destroys it. */
export class Connection implements Carrier, ResponseSink {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #upstream: Upstream;
  readonly #ticker: Ticker;
  readonly #parser = new ResponseParser();
  #exchange: Exchange | undefined;
  #flowing = true;
  #connected = false;
  #used = false;
  #answered = false;
  #gone = false;
  #deadline = 0;
  #freeSince = 0;
  #lastOwner = '';
  #late: UpstreamFault | 'continue' | 'unused' = 'connect-timeout';

  constructor(upstream: Upstream, ticker: Ticker, owner: ConnectionOwner) {
    this.#upstream = upstream;
    this.#ticker = ticker;
    this.#owner = owner;
    const onread = {
      buffer: Buffer.allocUnsafeSlow(BUFFER),
      callback: (count: number, buffer: Uint8Array): boolean => this.#onRead(count, buffer as Buffer), // the one above
    };
    this.#socket = connect({ host: upstream.host, port: upstream.port, noDelay: true, onread });
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('drain', () => this.#exchange?.listener.onDrain());
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('error', () => this.#lose(this.#connected ? 'closed' : 'unreachable'));
    this.#socket.on('close', () => this.#lose('closed'));
    this.#expect('connect-timeout', upstream.timeouts.connect);
  }

  /**
   * False for an idle connection on which something waits that nobody asked for; it is only good for `destroy`. Looking
   * costs a system call, so it is done where it matters: before somebody else's request than the last one.
   */
  isSilentFor(owner: string): boolean {
    if (owner !== '' && owner === this.#lastOwner) return true;
    return performance.now() - this.#freeSince < FRESH || isSilent(this.#socket);
  }

  /** Carries the exchange. Its head is written at once, even while the connection is being made. */
  start(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#lastOwner = exchange.request.owner;
    this.#answered = false;
    exchange.connection = this;
    this.#parser.begin(exchange.request.method, exchange.request.upgrade);
    const socket = this.#socket;
    if (exchange.requestSent || exchange.request.expectContinue || exchange.request.upgrade) {
      socket.write(exchange.head, 'latin1');
    } else {
      // The first bytes of the body are mostly there already and leave with the head.
      socket.cork();
      socket.write(exchange.head, 'latin1');
      process.nextTick(() => process.nextTick(() => socket.uncork()));
    }
    if (this.#connected) this.#expectResponse(exchange);
    if (!exchange.request.expectContinue) exchange.listener.onReady(exchange);
  }

  /** Part of a body, in the framing of the request. */
  send(exchange: Exchange, bytes: Buffer, sent?: Sent): boolean {
    if (this.#exchange !== exchange || bytes.length === 0) return true;
    this.#expectProgress(exchange);
    const socket = this.#socket;
    if (exchange.request.framing.kind !== 'chunked') return socket.write(bytes, sent);
    socket.cork();
    socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    socket.write(bytes, sent);
    const flowing = socket.write('\r\n', 'latin1');
    socket.uncork();
    return flowing;
  }

  sendEnd(exchange: Exchange): void {
    if (this.#exchange !== exchange || exchange.requestSent) return;
    exchange.requestSent = true;
    if (exchange.request.framing.kind === 'chunked') this.#socket.write('0\r\n\r\n', 'latin1');
    if (exchange.request.upgrade) this.#socket.end();
    else if (this.#connected) this.#expectResponse(exchange);
  }

  resume(exchange: Exchange): void {
    if (this.#exchange !== exchange || this.#flowing) return;
    this.#flowing = true;
    this.#expectProgress(exchange);
    this.#socket.resume();
  }

  destroy(): void {
    this.#lose('closed');
  }

  /** Compares the deadline with the coarse clock. */
  tick(now: number): void {
    if (now < this.#deadline) return;
    const late = this.#late;
    if (late === 'continue') this.#goOn();
    else if (late === 'unused') this.#lose('closed');
    // It is the upstream that stalls while it takes none of the body.
    else this.#lose(late === 'request-stalled' && this.#socket.writableNeedDrain ? 'first-byte-timeout' : late);
  }

  onInformational(head: ResponseHead): void {
    if (head.status === 100) this.#goOn();
  }

  onHead(head: ResponseHead): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.headReceived = true;
    this.#expectProgress(exchange);
    if (head.status === 101) this.#owner.onTunnel(this);
    exchange.listener.onHead(head);
  }

  onBody(bytes: Buffer, last: boolean): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.over) return;
    exchange.over = last;
    this.#expectProgress(exchange);
    if (!exchange.listener.onBody(bytes, last) && !last) this.#flowing = false;
  }

  #onConnect(): void {
    this.#connected = true;
    if (this.#exchange === undefined) this.#expect('unused', this.#upstream.pool.idle);
    else this.#expectResponse(this.#exchange);
  }

  /** False stops reading. */
  #onRead(count: number, buffer: Buffer): boolean {
    if (this.#exchange === undefined) {
      this.destroy();
      return false;
    }
    this.#answered = true;
    const progress = this.#parser.feed(buffer, count, this);
    if (progress === 'open') {
      if (this.#exchange?.headReceived === true) this.#exchange.listener.onPause();
      return this.#flowing;
    }
    this.#finish(progress);
    return !this.#gone;
  }

  #onEnd(): void {
    if (this.#exchange !== undefined && this.#parser.finish(this) === 'complete') this.#finish('complete');
    else this.#lose('closed');
  }

  #finish(progress: Progress): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return; // aborted from within its own callback
    if (progress === 'malformed') {
      this.#lose('malformed');
      return;
    }
    const reusable = progress === 'complete' && this.#parser.keepAlive && exchange.requestSent;
    this.#exchange = undefined;
    exchange.connection = undefined;
    this.#flowing = true;
    this.#used = true;
    if (!reusable) {
      this.destroy();
      return;
    }
    this.#expect('unused', this.#upstream.pool.idle);
    this.#freeSince = performance.now();
    this.#owner.onFree(this);
  }

  /** The peer wants the body, or said nothing for long enough. */
  #goOn(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || !exchange.request.expectContinue || this.#late !== 'continue') return;
    this.#expectResponse(exchange, true);
    exchange.listener.onContinue();
    exchange.listener.onReady(exchange);
  }

  #lose(fault: UpstreamFault): void {
    if (this.#gone) return;
    this.#gone = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    if (exchange !== undefined) exchange.connection = undefined;
    const unread = fault === 'closed' && this.#used && !this.#answered && exchange?.over === false;
    const again = unread && exchange.repeatable ? exchange : undefined;
    this.#owner.onGone(this, again);
    if (again === undefined) exchange?.fail(fault);
  }

  #expectResponse(exchange: Exchange, continued = false): void {
    const { timeouts } = this.#upstream;
    if (exchange.headReceived) this.#expect('idle-timeout', timeouts.idle);
    else if (exchange.requestSent) this.#expect('first-byte-timeout', timeouts.firstByte);
    else if (exchange.request.expectContinue && !continued) this.#expect('continue', CONTINUE_WAIT);
    else if (exchange.request.upgrade) this.#expect('first-byte-timeout', timeouts.firstByte);
    else this.#expect('request-stalled', exchange.request.bodyIdle);
  }

  /** Something moved, in either direction. */
  #expectProgress(exchange: Exchange): void {
    if (exchange.headReceived) this.#deadline = this.#ticker.now + this.#idle(exchange);
    else if (this.#late === 'request-stalled') this.#deadline = this.#ticker.now + exchange.request.bodyIdle;
    if (exchange.headReceived) this.#late = 'idle-timeout';
  }

  #idle(exchange: Exchange): number {
    return exchange.request.upgrade ? exchange.request.bodyIdle : this.#upstream.timeouts.idle;
  }

  #expect(what: UpstreamFault | 'continue' | 'unused', within: number): void {
    this.#late = what;
    this.#deadline = this.#ticker.now + within;
  }
}

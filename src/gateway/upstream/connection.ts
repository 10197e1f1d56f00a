import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ConnectionOwner } from './connection-owner.ts';
import { Deadline, type Limits } from './deadline.ts';
import { type Dialer, isOfTls } from './dialer.ts';
import type { Carrier, Exchange, Sent, UpstreamFault } from './exchange.ts';
import type { ResponseHead } from './response-head.ts';
import { type Progress, ResponseParser, type ResponseSink } from './response-parser.ts';
import { bytesBelow, isSilent } from './silence.ts';
import type { Ticker } from './ticker.ts';

/** Read buffer of one connection. Pages that small responses never touch are never backed by memory. */
const BUFFER = 64 * 1024;

/** For so long after a response nothing is looked for: octets that cross with a request on the wire look the same. */
const FRESH = 1;

/** One connection to a target. One exchange at a time; any byte outside an exchange destroys it. */
export class Connection implements Carrier, ResponseSink {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #isSecure: boolean;
  readonly #deadline: Deadline;
  readonly #parser = new ResponseParser();
  #exchange: Exchange | undefined;
  #flowing = true;
  #reached = false;
  #connected = false;
  #used = false;
  #written = false;
  #answered = false;
  #gone = false;
  #freeSince = 0;
  #bytesBelow = 0;
  #lastOwner = '';

  constructor(dialer: Dialer, limits: Limits, ticker: Ticker, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#isSecure = dialer.isSecure;
    this.#deadline = new Deadline(limits, ticker);
    const onread = {
      buffer: Buffer.allocUnsafeSlow(BUFFER),
      callback: (count: number, buffer: Uint8Array): boolean => this.#onRead(count, buffer as Buffer), // the one above
    };
    const socket = dialer.open(onread, ticker.now);
    this.#socket = socket;
    // With TLS a connection stands only when the certificate was checked: before that not one octet may be written.
    socket.on('connect', () => {
      this.#reached = true;
      if (!this.#isSecure) this.#onConnect();
    });
    if (this.#isSecure) {
      socket.on('secureConnect', () => this.#onConnect());
      socket.on('session', () => {
        this.#bytesBelow = bytesBelow(socket);
      });
    }
    socket.on('drain', () => this.#exchange?.listener.onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#lose(this.#faultOf(error.code), error.code ?? error.message),
    );
    socket.on('close', () => this.#lose('closed'));
  }

  /**
   * False for an idle connection on which something waits that nobody asked for; it is only good for `destroy`. Looking
   * costs a system call, so it is done where it matters: before somebody else's request than the last one.
   */
  isSilentFor(owner: string): boolean {
    if (owner !== '' && owner === this.#lastOwner) return true;
    if (this.#isSecure && bytesBelow(this.#socket) !== this.#bytesBelow) return false;
    return performance.now() - this.#freeSince < FRESH || isSilent(this.#socket);
  }

  /** Carries the exchange: at once, or as soon as the connection stands. */
  start(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#lastOwner = exchange.request.owner;
    this.#written = false;
    this.#answered = false;
    exchange.connection = this;
    if (this.#connected) this.#begin(exchange);
  }

  /** Part of a body, in the framing of the request. */
  send(exchange: Exchange, bytes: Buffer, sent?: Sent): boolean {
    if (this.#exchange !== exchange || bytes.length === 0) return true;
    const socket = this.#socket;
    this.#deadline.expectProgress(exchange);
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
    else this.#deadline.expectResponse(exchange);
  }

  resume(exchange: Exchange): void {
    if (this.#exchange !== exchange || this.#flowing) return;
    this.#flowing = true;
    this.#deadline.expectProgress(exchange);
    this.#socket.resume();
  }

  destroy(): void {
    this.#lose('closed');
  }

  /** Compares the deadline with the coarse clock. */
  tick(now: number): void {
    if (!this.#deadline.isPast(now)) return;
    const { what } = this.#deadline;
    if (what === 'continue') this.#goOn();
    else if (what === 'unused') this.#lose('closed');
    // It is the upstream that stalls while it takes none of the body.
    else this.#lose(what === 'request-stalled' && this.#socket.writableNeedDrain ? 'first-byte-timeout' : what);
  }

  onInformational(head: ResponseHead): void {
    if (head.status === 100) this.#goOn();
  }

  onHead(head: ResponseHead): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.headReceived = true;
    this.#deadline.expectProgress(exchange);
    this.#owner.onAnswer(!this.#used);
    if (head.status === 101) this.#owner.onTunnel(this);
    exchange.listener.onHead(head);
  }

  onBody(bytes: Buffer, last: boolean): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.over) return;
    exchange.over = last;
    this.#deadline.expectProgress(exchange);
    if (!exchange.listener.onBody(bytes, last) && !last) this.#flowing = false;
  }

  #onConnect(): void {
    if (this.#gone) return;
    this.#connected = true;
    if (this.#exchange === undefined) this.#deadline.expectUse();
    else this.#begin(this.#exchange);
  }

  #begin(exchange: Exchange): void {
    const { request } = exchange;
    const socket = this.#socket;
    this.#written = true;
    this.#parser.begin(request.method, request.upgrade);
    if (exchange.requestSent || request.expectContinue || request.upgrade) {
      socket.write(exchange.head, 'latin1');
    } else {
      // The first bytes of the body are mostly there already and leave with the head.
      socket.cork();
      socket.write(exchange.head, 'latin1');
      process.nextTick(() => process.nextTick(() => socket.uncork()));
    }
    this.#deadline.expectResponse(exchange);
    if (request.expectContinue) return;
    exchange.ready = true;
    exchange.listener.onReady(exchange);
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
    if (progress === 'malformed') return void this.#lose('malformed');
    this.#detach(exchange);
    if (progress === 'surplus' || !this.#parser.keepAlive || !exchange.requestSent) this.destroy();
    // One read may hold several TLS records, told of one by one: what is behind the response must not meet the next.
    else if (this.#isSecure) setImmediate(() => this.#release());
    else this.#release();
  }

  #detach(exchange: Exchange): void {
    this.#exchange = undefined;
    exchange.connection = undefined;
    this.#flowing = true;
    this.#used = true;
    this.#deadline.expectUse();
  }

  #release(): void {
    if (this.#gone) return;
    this.#freeSince = performance.now();
    if (this.#isSecure) this.#bytesBelow = bytesBelow(this.#socket);
    this.#owner.onFree(this);
  }

  /** The peer wants the body, or said nothing for long enough. */
  #goOn(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || !exchange.request.expectContinue || this.#deadline.what !== 'continue') return;
    this.#deadline.expectResponse(exchange, true);
    exchange.ready = true;
    exchange.listener.onContinue();
    exchange.listener.onReady(exchange);
  }

  #faultOf(code: string | undefined): UpstreamFault {
    if (this.#isSecure && isOfTls(code, this.#reached && !this.#connected)) return 'tls-failure';
    return this.#connected ? 'closed' : 'unreachable';
  }

  #lose(fault: UpstreamFault, reason?: string): void {
    if (this.#gone) return;
    this.#gone = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    if (exchange !== undefined) exchange.connection = undefined;
    const isLost = exchange !== undefined && !exchange.over;
    const seen = { used: this.#used, written: this.#written, answered: this.#answered };
    this.#owner.onGone(this, isLost ? { exchange, fault, reason, ...seen } : undefined);
  }
}

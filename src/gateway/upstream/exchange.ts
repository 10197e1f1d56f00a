import type { UpstreamTarget } from '../../core/policy.ts';
import { encodeRequestHead, hasBody, renameHost, type UpstreamRequest } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/**
 * Why there is no (whole) response. `busy`: the waiting line of the pool is full. `tls-failure`: the target has no
 * certificate that can be trusted, or no TLS that both sides speak; `Exchange.reason` says which.
 */
export type UpstreamFault =
  | 'busy'
  | 'unreachable'
  | 'tls-failure'
  | 'connect-timeout'
  | 'request-stalled'
  | 'first-byte-timeout'
  | 'idle-timeout'
  | 'closed'
  | 'malformed';

/** What the asking side is told, in the order of the wire. After `onBody(…, true)` or `onFault` nothing more comes. */
export type ExchangeListener = {
  /** A connection is there; the body may be sent. */
  onReady(exchange: Exchange): void;
  /** 100 Continue, or the peer's silence was taken for it. */
  onContinue(): void;
  onHead(head: ResponseHead): void;
  /** Bytes are valid during the call only. False stops the flow until `resume()`. */
  onBody(bytes: Buffer, last: boolean): boolean;
  /** The body may flow on after `write` said false. */
  onDrain(): void;
  /** All that has come so far was told, and more is to come: what is held back may go out. */
  onPause(): void;
  onFault(fault: UpstreamFault): void;
};

/** Called when bytes have left, or with the error that kept them. */
export type Sent = (error?: Error | null) => void;

/** The connection that carries an exchange, as the exchange sees it. */
export type Carrier = {
  send(exchange: Exchange, bytes: Buffer, sent?: Sent): boolean;
  sendEnd(exchange: Exchange): void;
  resume(exchange: Exchange): void;
  destroy(): void;
};

/** One request and its response. It may outlive a connection: what nobody has read may be sent once more. */
export class Exchange {
  readonly request: UpstreamRequest;
  readonly listener: ExchangeListener;
  /** The target it was given to, the last one if it was repeated. */
  target: UpstreamTarget;
  /** The head as it goes on the wire, kept for a repetition. */
  head: string;
  requestSent: boolean;
  headReceived = false;
  /** The listener was told to send the body: parts of it may be gone. */
  ready = false;
  /** It met a connection that was closed before it came, and was sent once more. */
  retried = false;
  /** Repetitions besides that one. */
  repetitions = 0;
  /** Targets where it failed; undefined until it did. */
  tried: readonly UpstreamTarget[] | undefined;
  /** Code of the system or of OpenSSL for the last fault, where there is one: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. */
  reason: string | undefined;
  /** Ended, failed or aborted: nothing more is told. */
  over = false;
  /** On the pool's monotonic clock, while it waits for a connection. */
  waitUntil = 0;
  connection: Carrier | undefined;

  constructor(request: UpstreamRequest, listener: ExchangeListener, target: UpstreamTarget) {
    this.request = request;
    this.listener = listener;
    this.target = target;
    this.head = encodeRequestHead(request);
    this.requestSent = !hasBody(request) && !request.upgrade;
  }

  /** Turns to another target for the repetition. */
  moveTo(target: UpstreamTarget): void {
    if (target === this.target) return;
    this.target = target;
    if (this.request.elsewhere === 'renamed') this.head = encodeRequestHead(renameHost(this.request, target.authority));
  }

  /** Sends a part of the body, or of a tunnel. False: wait for `onDrain`. */
  write(bytes: Buffer, sent?: Sent): boolean {
    return this.over || this.connection === undefined || this.connection.send(this, bytes, sent);
  }

  /** The body is complete. */
  end(): void {
    this.connection?.sendEnd(this);
  }

  /** Takes up the flow of the response again. */
  resume(): void {
    this.connection?.resume(this);
  }

  /** The asking side is gone: the connection is destroyed and nothing more is told. */
  abort(): void {
    if (this.over) return;
    this.over = true;
    this.connection?.destroy();
  }

  /** Tells the listener that there will be no (whole) response; once. */
  fail(fault: UpstreamFault, reason?: string): void {
    if (this.over) return;
    this.over = true;
    this.reason = reason;
    this.listener.onFault(fault);
  }
}

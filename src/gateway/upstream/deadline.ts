import type { Upstream } from '../../core/policy.ts';
import type { Exchange, UpstreamFault } from './exchange.ts';
import type { Ticker } from './ticker.ts';

/** How long an upstream may ignore `Expect: 100-continue` before the body is sent anyway (RFC 9110 §10.1.1). */
const CONTINUE_WAIT = 1000;

/** What a connection may wait for: besides faults, the 100 that a peer need not send, and somebody to use it. */
export type Awaited = UpstreamFault | 'continue' | 'unused';

export type Limits = Pick<Upstream, 'timeouts' | 'pool'>;

/** Until when something has to happen on a connection, on the coarse clock, and what it means if it does not. */
export class Deadline {
  what: Awaited = 'connect-timeout';
  #at: number;
  readonly #limits: Limits;
  readonly #ticker: Ticker;

  constructor(limits: Limits, ticker: Ticker) {
    this.#limits = limits;
    this.#ticker = ticker;
    this.#at = ticker.now + limits.timeouts.connect;
  }

  isPast(now: number): boolean {
    return now >= this.#at;
  }

  /** There is no exchange: somebody has to use the connection. */
  expectUse(): void {
    this.#expect('unused', this.#limits.pool.idle);
  }

  /** The connection stands, or the request has gone out: what has to come next. */
  expectResponse(exchange: Exchange, continued = false): void {
    const { timeouts } = this.#limits;
    if (exchange.headReceived) this.#expect('idle-timeout', timeouts.idle);
    else if (exchange.requestSent) this.#expect('first-byte-timeout', timeouts.firstByte);
    else if (exchange.request.expectContinue && !continued) this.#expect('continue', CONTINUE_WAIT);
    else if (exchange.request.upgrade) this.#expect('first-byte-timeout', timeouts.firstByte);
    else this.#expect('request-stalled', exchange.request.bodyIdle);
  }

  /** Something moved, in either direction. */
  expectProgress({ headReceived, request }: Exchange): void {
    if (headReceived) this.#expect('idle-timeout', request.upgrade ? request.bodyIdle : this.#limits.timeouts.idle);
    else if (this.what === 'request-stalled') this.#expect('request-stalled', request.bodyIdle);
  }

  #expect(what: Awaited, within: number): void {
    this.what = what;
    this.#at = this.#ticker.now + within;
  }
}

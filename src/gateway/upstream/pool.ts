import type { Upstream } from '../../core/policy.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { Exchange, type ExchangeListener } from './exchange.ts';
import type { UpstreamRequest } from './request-head.ts';
import type { Ticker } from './ticker.ts';

/** Waiting requests for each connection of the pool; more are refused at once. */
const WAITING_PER_CONNECTION = 8;

/** Connections to one upstream: at most `pool.max`, the one used last is used first, requests beyond that wait in line. */
export class UpstreamPool implements ConnectionOwner {
  readonly upstream: Upstream;
  readonly #ticker: Ticker;
  readonly #stopTicking: () => void;
  readonly #open = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #tunnels = new Set<Connection>();
  #waiting: Exchange[] = [];
  #closed = false;

  constructor(upstream: Upstream, ticker: Ticker) {
    this.upstream = upstream;
    this.#ticker = ticker;
    this.#stopTicking = ticker.onTick(() => this.#tick());
  }

  /** Sends the request over the pool. Throws only for a head that may not be written; everything else is told. */
  request(request: UpstreamRequest, listener: ExchangeListener): Exchange {
    const exchange = new Exchange(request, listener);
    this.#assign(exchange);
    return exchange;
  }

  /** How many connections there are, how many of them idle, and how many requests wait. */
  get counts(): { readonly open: number; readonly free: number; readonly waiting: number } {
    return { open: this.#open.size, free: this.#free.length, waiting: this.#waiting.length };
  }

  /** Idle connections are closed now, the others when their exchange ends. Requests in hand are finished. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#free]) connection.destroy();
    this.#stopWhenEmpty();
  }

  onFree(connection: Connection): void {
    const next = this.#nextWaiting();
    if (next !== undefined) connection.start(next);
    else if (this.#closed) connection.destroy();
    else this.#free.push(connection);
  }

  onTunnel(connection: Connection): void {
    this.#open.delete(connection);
    this.#tunnels.add(connection);
    const next = this.#nextWaiting();
    if (next !== undefined) this.#connect(next);
  }

  onGone(connection: Connection, unread: Exchange | undefined): void {
    this.#open.delete(connection);
    this.#tunnels.delete(connection);
    const index = this.#free.lastIndexOf(connection);
    if (index >= 0) this.#free.splice(index, 1);
    if (unread !== undefined) {
      unread.retried = true;
      this.#connectOrWait(unread);
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined && this.#open.size < this.upstream.pool.max) this.#connect(next);
    else this.#stopWhenEmpty();
  }

  #assign(exchange: Exchange): void {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      if (free.isSilentFor(exchange.request.owner)) {
        free.start(exchange);
        return;
      }
      free.destroy();
    }
    this.#connectOrWait(exchange);
  }

  #connectOrWait(exchange: Exchange): void {
    if (this.#open.size < this.upstream.pool.max) this.#connect(exchange);
    else this.#wait(exchange);
  }

  #connect(exchange: Exchange): void {
    const connection = new Connection(this.upstream, this.#ticker, this);
    this.#open.add(connection);
    connection.start(exchange);
  }

  #wait(exchange: Exchange): void {
    this.#waiting = this.#waiting.filter((other) => !other.over);
    if (this.#waiting.length >= this.upstream.pool.max * WAITING_PER_CONNECTION) {
      exchange.fail('busy');
      return;
    }
    exchange.waitUntil = this.#ticker.now + this.upstream.timeouts.firstByte;
    this.#waiting.push(exchange);
  }

  #stopWhenEmpty(): void {
    if (this.#closed && this.#open.size + this.#tunnels.size === 0) this.#stopTicking();
  }

  #nextWaiting(): Exchange | undefined {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.over) return next;
    }
    return undefined;
  }

  #tick(): void {
    const { now } = this.#ticker;
    for (const connection of this.#open) connection.tick(now);
    for (const connection of this.#tunnels) connection.tick(now);
    while (this.#waiting[0] !== undefined && (this.#waiting[0].over || this.#waiting[0].waitUntil <= now)) {
      this.#waiting.shift()?.fail('first-byte-timeout');
    }
  }
}

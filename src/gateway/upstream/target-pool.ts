import type { Upstream, UpstreamTarget } from '../../core/policy.ts';
import { type Candidate, hash } from './balance.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import { Dialer } from './dialer.ts';
import type { Exchange, UpstreamFault } from './exchange.ts';
import type { Loss } from './retry.ts';
import { Standing } from './standing.ts';
import type { Ticker } from './ticker.ts';

/** Waiting requests for each connection of the pool; more are refused at once. */
const WAITING_PER_CONNECTION = 8;

/** Faults that say something about the target; what a single request did to itself says nothing. */
const FAULTS_OF_TARGET: readonly UpstreamFault[] = [
  'unreachable',
  'connect-timeout',
  'tls-failure',
  'first-byte-timeout',
];

/** What a pool tells of its target. */
export type TargetOwner = {
  /** A request failed in a way that is the target's doing. Told before `onLoss`. */
  onFailure(pool: TargetPool, loss: Loss): void;
  /** The exchange has to be failed or given to somebody. */
  onLoss(pool: TargetPool, loss: Loss): void;
};

/** Connections to one target: at most `pool.max`, the one used last is used first, requests beyond that wait in line. */
export class TargetPool implements ConnectionOwner, Candidate {
  readonly target: UpstreamTarget;
  readonly standing = new Standing();
  readonly dialer: Dialer;
  readonly seed: number;
  readonly #upstream: Upstream;
  readonly #owner: TargetOwner;
  readonly #ticker: Ticker;
  readonly #open = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #tunnels = new Set<Connection>();
  #waiting: Exchange[] = [];
  #stopTicking: (() => void) | undefined;
  #closed = false;

  constructor(upstream: Upstream, target: UpstreamTarget, ticker: Ticker, owner: TargetOwner) {
    this.target = target;
    this.dialer = new Dialer(target, upstream.tls);
    this.seed = hash(target.kind === 'unix' ? target.path : `${target.host}:${target.port}`);
    this.#upstream = upstream;
    this.#owner = owner;
    this.#ticker = ticker;
  }

  /** How many connections there are, how many of them idle, and how many requests wait. */
  get counts(): { readonly open: number; readonly free: number; readonly waiting: number } {
    return { open: this.#open.size, free: this.#free.length, waiting: this.#waiting.length };
  }

  get busy(): number {
    return this.#open.size - this.#free.length + this.#tunnels.size + this.#waiting.length;
  }

  get hasRoom(): boolean {
    return this.#free.length > 0 || this.#open.size < this.#upstream.pool.max;
  }

  isOut(now: number): boolean {
    return this.standing.isOut(now);
  }

  /** Takes the exchange over: on an idle connection, a new one, or in line. */
  take(exchange: Exchange): void {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      if (free.isSilentFor(exchange.request.owner)) {
        free.start(exchange);
        return;
      }
      free.destroy();
    }
    this.takeAnew(exchange);
  }

  /** Takes the exchange over, on a connection that had nobody before. */
  takeAnew(exchange: Exchange): void {
    if (this.#open.size < this.#upstream.pool.max) this.#connect(exchange);
    else this.#wait(exchange);
  }

  /** Idle connections are closed now, the others when their exchange ends. Requests in hand are finished. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#free]) connection.destroy();
    this.#stopWhenEmpty();
  }

  onAnswer(isFirst: boolean): void {
    this.standing.succeed(isFirst);
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
    this.#serveNext();
  }

  onGone(connection: Connection, loss: Loss | undefined): void {
    this.#open.delete(connection);
    this.#tunnels.delete(connection);
    const index = this.#free.lastIndexOf(connection);
    if (index >= 0) this.#free.splice(index, 1);
    if (loss !== undefined) {
      if (FAULTS_OF_TARGET.includes(loss.fault)) this.#owner.onFailure(this, loss);
      this.#owner.onLoss(this, loss);
    }
    this.#serveNext();
    this.#stopWhenEmpty();
  }

  #serveNext(): void {
    if (this.#open.size >= this.#upstream.pool.max) return;
    const next = this.#nextWaiting();
    if (next !== undefined) this.#connect(next);
  }

  #connect(exchange: Exchange): void {
    this.#keepTicking();
    const connection = new Connection(this.dialer, this.#upstream, this.#ticker, this);
    this.#open.add(connection);
    connection.start(exchange);
  }

  #wait(exchange: Exchange): void {
    const max = this.#upstream.pool.max * WAITING_PER_CONNECTION;
    if (this.#waiting.length >= max) this.#waiting = this.#waiting.filter((other) => !other.over);
    if (this.#waiting.length >= max) {
      exchange.fail('busy');
      return;
    }
    this.#keepTicking();
    exchange.waitUntil = this.#ticker.now + this.#upstream.timeouts.firstByte;
    this.#waiting.push(exchange);
  }

  #keepTicking(): void {
    this.#stopTicking ??= this.#ticker.onTick(() => this.#tick());
  }

  #stopWhenEmpty(): void {
    if (!this.#closed || this.#open.size + this.#tunnels.size > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
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

import type { Upstream, UpstreamTarget } from '../../core/policy.ts';
import type { Log } from '../../ports.ts';
import { Balance } from './balance.ts';
import { Exchange, type ExchangeListener } from './exchange.ts';
import { HealthCheck } from './health-check.ts';
import type { UpstreamRequest } from './request-head.ts';
import { type Loss, repetitionOf } from './retry.ts';
import type { TargetState } from './standing.ts';
import { type TargetOwner, TargetPool } from './target-pool.ts';
import type { Ticker } from './ticker.ts';

/** What a pool has from the rest of the program. */
export type PoolParts = {
  readonly ticker: Ticker;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn'>;
  /** A number from 0 up to 1, another one each time. */
  readonly jitter: () => number;
};

/** A target that was chosen for a request, and may be given the request that says so. */
export type ChosenTarget = Pick<TargetPool, 'target'>;

/** What is known of one target. */
export type TargetStatus = {
  readonly authority: string;
  readonly state: TargetState;
  readonly open: number;
  readonly free: number;
  readonly waiting: number;
  /** Requests that failed in a row. */
  readonly failures: number;
};

/**
 * One application: spreads its requests over the targets, leaves out those that are not well, and sends again what may be
 * sent again. Everything it knows is known to this process alone.
 */
export class UpstreamPool implements TargetOwner {
  readonly upstream: Upstream;
  readonly #parts: PoolParts;
  readonly #targets: readonly [TargetPool, ...TargetPool[]];
  readonly #balance: Balance<TargetPool>;
  readonly #checks: readonly HealthCheck[];

  constructor(upstream: Upstream, parts: PoolParts) {
    this.upstream = upstream;
    this.#parts = parts;
    const [first, ...others] = upstream.targets;
    const poolOf = (target: UpstreamTarget) => new TargetPool(upstream, target, parts.ticker, this);
    this.#targets = [poolOf(first), ...others.map(poolOf)];
    this.#balance = new Balance(upstream.balance, this.#targets);
    this.#checks = upstream.health === undefined ? [] : this.#targets.map((pool) => this.#checkOf(pool));
  }

  /** The target for the next request. `key` is whose it is, a session or an address; only `sticky` looks at it. */
  choose(key: string | undefined): ChosenTarget {
    return this.#targets.length === 1 ? this.#targets[0] : this.#balance.choose(key, this.#parts.ticker.now);
  }

  /** Sends the request to the chosen target. Throws only for a head that may not be written; everything else is told. */
  request(
    request: UpstreamRequest,
    listener: ExchangeListener,
    chosen: ChosenTarget = this.choose(request.owner),
  ): Exchange {
    const exchange = new Exchange(request, listener, chosen.target);
    const pool = chosen instanceof TargetPool ? chosen : this.#targets[0];
    pool.take(exchange);
    return exchange;
  }

  /** How many connections there are, how many of them idle, and how many requests wait. */
  get counts(): { readonly open: number; readonly free: number; readonly waiting: number } {
    const sum = { open: 0, free: 0, waiting: 0 };
    for (const { counts } of this.#targets) {
      sum.open += counts.open;
      sum.free += counts.free;
      sum.waiting += counts.waiting;
    }
    return sum;
  }

  /** Every target in the order of the configuration. */
  status(): readonly TargetStatus[] {
    const { now } = this.#parts.ticker;
    return this.#targets.map(({ target, standing, counts }) => ({
      authority: nameOf(target),
      state: standing.state(now),
      ...counts,
      failures: standing.failures,
    }));
  }

  /** Idle connections are closed now, the others when their exchange ends. Requests in hand are finished. */
  close(): void {
    for (const check of this.#checks) check.stop();
    for (const pool of this.#targets) pool.close();
  }

  onFailure(pool: TargetPool, { fault, reason }: Loss): void {
    const { ticker, log } = this.#parts;
    const isSpare = this.#targets.some((other) => other !== pool && !other.isOut(ticker.now));
    const time = pool.standing.fail(ticker.now, isSpare);
    if (time === 0) return;
    log.warn('upstream.ejected', { ...this.#fieldsOf(pool), reason: reason ?? fault, seconds: time / 1000 });
  }

  onLoss(pool: TargetPool, loss: Loss): void {
    const { exchange, fault, reason } = loss;
    const repetition = repetitionOf(loss, this.upstream.retry);
    if (repetition === 'renew') {
      exchange.retried = true;
      pool.takeAnew(exchange);
      return;
    }
    const next = repetition === 'fail' ? undefined : this.#next(pool, exchange, repetition === 'again');
    if (next === undefined) {
      exchange.fail(fault, reason);
      return;
    }
    exchange.repetitions += 1;
    this.#parts.log.debug('upstream.repeated', { ...this.#fieldsOf(pool), reason: reason ?? fault });
    if (next === pool) pool.takeAnew(exchange);
    else {
      exchange.moveTo(next.target);
      next.take(exchange);
    }
  }

  /** Where a repetition goes: a target that was not tried, else the same one where that is any use. */
  #next(pool: TargetPool, exchange: Exchange, maySame: boolean): TargetPool | undefined {
    const same = maySame ? pool : undefined;
    if (this.#targets.length === 1 || exchange.request.elsewhere === 'never') return same;
    const tried = [...(exchange.tried ?? []), pool.target];
    exchange.tried = tried;
    const avoided = this.#targets.filter(({ target }) => tried.includes(target));
    const next = this.#balance.choose(exchange.request.owner, this.#parts.ticker.now, avoided);
    return avoided.includes(next) ? same : next;
  }

  #checkOf(pool: TargetPool): HealthCheck {
    const { ticker, log, jitter } = this.#parts;
    const { health } = this.upstream;
    if (health === undefined) throw new Error(`no health check for ${this.upstream.name}`);
    const { target, dialer, standing } = pool;
    const onVerdict = (isHealthy: boolean, reason: string): void => {
      const change = standing.check(isHealthy, health);
      if (change === 'down') log.warn('upstream.down', { ...this.#fieldsOf(pool), reason });
      if (change === 'up') log.info('upstream.up', this.#fieldsOf(pool));
    };
    return new HealthCheck({ health, target, dialer, ticker, jitter: jitter(), onVerdict });
  }

  #fieldsOf({ target }: TargetPool) {
    return { upstream: this.upstream.name, target: nameOf(target) };
  }
}

/** A target as logs and status name it. */
const nameOf = (target: UpstreamTarget): string => (target.kind === 'unix' ? `unix:${target.path}` : target.authority);

/** True if a pool made for one serves the other as well: connections may stay when the configuration is read again. */
export const isSameUpstream = (left: Upstream, right: Upstream): boolean =>
  JSON.stringify(left) === JSON.stringify(right) && keyOf(left) === keyOf(right);

/** Secrets do not show in JSON. */
const keyOf = ({ tls }: Upstream): string | undefined => tls?.clientCert?.key.reveal();

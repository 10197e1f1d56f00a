import type { Upstream, UpstreamTarget } from '../../core/policy.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import type { Dialer } from './dialer.ts';
import { Exchange, type ExchangeListener } from './exchange.ts';
import { fieldLines, type UpstreamRequest } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import type { Loss } from './retry.ts';
import type { Ticker } from './ticker.ts';

/** The first check of a target comes at a random moment of this time, so that not all are asked at once. */
const FIRST_WITHIN = 1000;

export type Health = NonNullable<Upstream['health']>;

export type HealthCheckParts = {
  readonly health: Health;
  readonly target: UpstreamTarget;
  readonly dialer: Dialer;
  readonly ticker: Ticker;
  /** A number from 0 up to 1, different in every process. */
  readonly jitter: number;
  /** Told after every check; the reason is a status or a fault. */
  readonly onVerdict: (isHealthy: boolean, reason: string) => void;
};

/**
 * Asks a target for its health path every so often, each time on a connection of its own, with the TLS of the upstream.
 * Statuses 200 to 399 are healthy; everything else is not, and so is what does not begin within the timeout.
 */
export class HealthCheck {
  readonly #parts: HealthCheckParts;
  #timer: NodeJS.Timeout;
  #stop: () => void = () => {};
  #stopped = false;

  constructor(parts: HealthCheckParts) {
    this.#parts = parts;
    this.#timer = setTimeout(() => this.#check(), parts.jitter * Math.min(FIRST_WITHIN, parts.health.every)).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  #check(): void {
    const { health } = this.#parts;
    const probe = new Probe(this.#parts, (isHealthy, reason) => {
      clearTimeout(this.#timer);
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.#check(), health.every).unref();
      this.#parts.onVerdict(isHealthy, reason);
    });
    this.#stop = () => probe.end(false, 'stopped');
    this.#timer = setTimeout(() => probe.end(false, 'timeout'), health.timeout).unref();
  }
}

/** One check. Tells its verdict once, and nothing is left open after that. */
class Probe implements ConnectionOwner, ExchangeListener {
  readonly #tell: (isHealthy: boolean, reason: string) => void;
  readonly #exchange: Exchange;
  #told = false;

  constructor(
    { health, target, dialer, ticker }: HealthCheckParts,
    tell: (isHealthy: boolean, reason: string) => void,
  ) {
    this.#tell = tell;
    const { timeout } = health;
    const limits = {
      timeouts: { connect: timeout, firstByte: timeout, idle: timeout },
      pool: { max: 1, idle: timeout },
    };
    this.#exchange = new Exchange(requestFor(health.path, target.authority), this, target);
    new Connection(dialer, limits, ticker, this).start(this.#exchange);
  }

  end(isHealthy: boolean, reason: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#exchange.abort();
    this.#tell(isHealthy, reason);
  }

  onHead({ status }: ResponseHead): void {
    this.end(status >= 200 && status < 400, `status ${status}`);
  }

  onGone(_: Connection, loss: Loss | undefined): void {
    if (loss !== undefined) this.end(false, loss.reason ?? loss.fault);
  }

  onBody(): boolean {
    return true;
  }

  onAnswer(): void {}
  onFree(): void {}
  onTunnel(): void {}
  onReady(): void {}
  onContinue(): void {}
  onDrain(): void {}
  onPause(): void {}
  onFault(): void {}
}

const requestFor = (path: string, authority: string): UpstreamRequest => ({
  method: 'GET',
  target: path,
  host: authority,
  fields: fieldLines(['User-Agent', 'sumun-health', 'Accept', '*/*', 'Connection', 'close']),
  framing: { kind: 'none' },
  expectContinue: false,
  upgrade: false,
  owner: '',
  bodyIdle: 0,
});

import type { Upstream, UpstreamTarget } from '../../../src/core/policy.ts';
import type { Exchange, ExchangeListener, UpstreamFault } from '../../../src/gateway/upstream/exchange.ts';
import { type ChosenTarget, UpstreamPool } from '../../../src/gateway/upstream/pool.ts';
import type { UpstreamRequest } from '../../../src/gateway/upstream/request-head.ts';
import { Ticker } from '../../../src/gateway/upstream/ticker.ts';

/** An application on loopback. */
export const tcp = (port: number, scheme: 'http' | 'https' = 'http', host = '127.0.0.1'): UpstreamTarget => ({
  kind: 'tcp',
  scheme,
  host,
  port,
  authority: `${host}:${port}`,
});

export const unix = (path: string): UpstreamTarget => ({ kind: 'unix', scheme: 'http', path, authority: 'localhost' });

/** One line of the log. */
export type Logged = { readonly event: string } & Readonly<Record<string, unknown>>;

/** A pool over some targets, with the defaults of the configuration and short times. */
export function poolOf(targets: readonly UpstreamTarget[], more: Partial<Upstream> = {}) {
  const [first, ...others] = targets;
  if (first === undefined) throw new Error('no target');
  const logged: Logged[] = [];
  const note = (event: string, fields?: Readonly<Record<string, unknown>>): void => {
    logged.push({ event, ...fields });
  };
  const upstream: Upstream = {
    name: 'app',
    targets: [first, ...others],
    balance: 'round_robin',
    health: undefined,
    timeouts: { connect: 1000, firstByte: 2000, idle: 2000 },
    retry: { times: 1, methods: ['GET', 'HEAD'] },
    tls: undefined,
    pool: { max: 32, idle: 5000 },
    ...more,
  };
  const pool = new UpstreamPool(upstream, {
    ticker: new Ticker(),
    log: { debug: note, info: note, warn: note },
    jitter: () => 0,
  });
  return { pool, logged };
}

/** What the asking side was told. */
export type Answer = {
  readonly status: number | undefined;
  readonly body: string;
  readonly fault: UpstreamFault | undefined;
  readonly reason: string | undefined;
  readonly exchange: Exchange;
};

export type Asked = Partial<UpstreamRequest> & {
  /** Parts of a body, sent when the pool is ready for it. */
  readonly parts?: readonly string[];
  /** False leaves the body open. */
  readonly end?: boolean;
  readonly chosen?: ChosenTarget;
  readonly onStart?: (exchange: Exchange) => void;
  readonly onHead?: (exchange: Exchange) => void;
};

/** Sends one request over the pool and waits for the end of it. */
export function ask(pool: UpstreamPool, asked: Asked = {}): Promise<Answer> {
  const { parts = [], end = true, chosen, onStart, onHead, ...request } = asked;
  return new Promise((resolve) => {
    let status: number | undefined;
    let body = '';
    const settle = (fault?: UpstreamFault): void => resolve({ status, body, fault, reason: exchange.reason, exchange });
    const listener: ExchangeListener = {
      onReady: (ready) => {
        for (const part of parts) ready.write(Buffer.from(part));
        if (end) ready.end();
      },
      onContinue: () => {},
      onHead: (head) => {
        status = head.status;
        onHead?.(exchange);
      },
      onBody: (bytes, last) => {
        body += bytes.toString('latin1');
        if (last) settle();
        return true;
      },
      onDrain: () => {},
      onPause: () => {},
      onFault: (fault) => queueMicrotask(() => settle(fault)),
    };
    const whole: UpstreamRequest = {
      method: 'GET',
      target: '/',
      host: 'app.example',
      fields: '',
      framing: { kind: 'none' },
      expectContinue: false,
      upgrade: false,
      owner: '',
      bodyIdle: 2000,
      ...request,
    };
    const exchange = pool.request(whole, listener, chosen);
    onStart?.(exchange);
  });
}

/** Waits until something is so. */
export async function eventually(condition: () => boolean, within = 4000): Promise<void> {
  const deadline = Date.now() + within;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still not so: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

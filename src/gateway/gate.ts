import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Address } from '../core/access/cidr.ts';
import { type HeaderRules, headerRules } from '../core/access/headers.ts';
import type { Policy } from '../core/policy.ts';
import { type CookieNames, cookieNames } from '../core/session/cookies.ts';
import type { LiveSessions } from '../flows/live-sessions.ts';
import { Openings } from '../flows/openings.ts';
import type { House, Pages } from '../ports.ts';
import { AuditQueue } from './audit-queue.ts';
import type { ConnectionCensus } from './connection-caps.ts';
import { OnceAMinute } from './once-a-minute.ts';
import { OwnPages } from './own-pages.ts';
import { RateLimits, type Rates } from './rate.ts';
import { UlidSource } from './request-id.ts';
import { isSameUpstream, type PoolParts, UpstreamPool } from './upstream/pool.ts';
import { Ticker } from './upstream/ticker.ts';

/** What the portal is told of a request besides the request itself. */
export type PortalContext = {
  readonly requestId: string;
  /** Host of the canonical target. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** Origin of this host as the browser sees it. */
  readonly origin: string;
  /** Address of the browser, as far as it may be believed. */
  readonly address: Address;
  /** True if the request came through a trusted proxy. */
  readonly peerTrusted: boolean;
};

/** What answers below the reserved path. */
export type PortalHandler = (req: IncomingMessage, res: ServerResponse, context: PortalContext) => void;

/** What the gateway counts since it started. */
export type Counters = {
  requests: number;
  forwarded: number;
  refused: number;
  failed: number;
  tunnels: number;
  spoofed: number;
};

/** One configuration made ready for requests. A request sees one of these from its beginning to its end. */
export type Running = {
  readonly policy: Policy;
  readonly cookies: { readonly http: CookieNames; readonly https: CookieNames };
  readonly rules: HeaderRules;
  readonly ownCookies: ReadonlySet<string>;
  readonly pools: ReadonlyMap<string, UpstreamPool>;
  readonly rates: Rates;
};

export type GateParts = {
  /** The configuration in force; a reload puts another in its place. */
  readonly policy: () => Policy;
  readonly house: Pick<
    House,
    | 'clock'
    | 'random'
    | 'log'
    | 'digests'
    | 'signer'
    | 'browsers'
    | 'expired'
    | 'audit'
    | 'requests'
    | 'sessions'
    | 'switches'
    | 'changes'
  >;
  readonly live: LiveSessions;
  readonly pages: Pages;
  readonly portal: PortalHandler;
  /** Buckets and connections counted over several processes; absent where this one is alone. */
  readonly rates?: Rates;
  readonly census?: ConnectionCensus;
};

/** Everything the gateway path works with. */
export class Gate {
  readonly house: GateParts['house'];
  readonly live: LiveSessions;
  readonly pages: Pages;
  readonly ownPages: OwnPages;
  readonly audit: AuditQueue;
  readonly ids: UlidSource;
  /** Headers in our name by address, and what `report_only` lets pass by person and reason. */
  readonly spoofs = new OnceAMinute();
  readonly reports = new OnceAMinute();
  /** Requests that pass because a sealed code opened their route, by route and address. */
  readonly opened = new OnceAMinute();
  readonly openings: Openings;
  /** Bytes of form posts being read to be kept, of all requests together. */
  keeping = 0;
  readonly ticker = new Ticker();
  readonly counters: Counters = { requests: 0, forwarded: 0, refused: 0, failed: 0, tunnels: 0, spoofed: 0 };
  /** Connections counted over several processes; undefined where this one is alone. */
  readonly census: ConnectionCensus | undefined;
  /** Set while the listeners drain: answers say that the connection ends. */
  draining = false;
  readonly #policy: () => Policy;
  readonly #poolParts: PoolParts;
  readonly #rates: Rates | undefined;
  #running: Running;

  constructor(parts: GateParts) {
    this.house = parts.house;
    this.live = parts.live;
    this.pages = parts.pages;
    this.ownPages = new OwnPages(parts.portal);
    this.audit = new AuditQueue(parts.house);
    this.openings = new Openings(parts.house);
    this.ids = new UlidSource(parts.house.random);
    this.#policy = parts.policy;
    const { log, random } = parts.house;
    this.#poolParts = { ticker: this.ticker, log, jitter: () => (random.bytes(1)[0] ?? 0) / 256 };
    this.#rates = parts.rates;
    this.census = parts.census;
    this.#running = this.#prepare(parts.policy(), undefined);
  }

  /** The configuration in force, made ready. Pools of upstreams that did not change stay. */
  get running(): Running {
    const policy = this.#policy();
    if (policy !== this.#running.policy) this.#running = this.#prepare(policy, this.#running);
    return this.#running;
  }

  #prepare(policy: Policy, before: Running | undefined): Running {
    return prepare(policy, this.#poolParts, before, this.#rates ?? new RateLimits());
  }

  /** Closes the pools once their exchanges have ended, and writes what the audit trail still waits for. */
  async close(): Promise<void> {
    this.openings.close();
    for (const pool of this.#running.pools.values()) pool.close();
    await this.audit.close();
  }
}

function prepare(policy: Policy, parts: PoolParts, before: Running | undefined, rates: Rates): Running {
  const cookies = {
    http: cookieNames(policy.sessions.cookieName, 'http'),
    https: cookieNames(policy.sessions.cookieName, 'https'),
  };
  const ownCookies = [...Object.values(cookies.http), ...Object.values(cookies.https)];
  const pools = new Map<string, UpstreamPool>();
  for (const [name, upstream] of policy.upstreams) {
    const present = before?.pools.get(name);
    pools.set(
      name,
      present !== undefined && isSameUpstream(present.upstream, upstream) ? present : new UpstreamPool(upstream, parts),
    );
  }
  for (const [name, pool] of before?.pools ?? []) if (pools.get(name) !== pool) pool.close();
  return {
    policy,
    cookies,
    rules: headerRules(reservedHeaders(policy), ownCookies),
    ownCookies: new Set(ownCookies),
    pools,
    rates,
  };
}

/** Every header that a profile may set, and what the configuration removes besides (contract §6). */
function reservedHeaders({ identity }: Policy): string[] {
  const profiles = [...identity.profiles.values()].flatMap((profile) => [
    ...profile.headers.map((header) => header.name),
    ...(profile.jwt === undefined ? [] : [profile.jwt.header]),
    ...(profile.hmac === undefined ? [] : [profile.hmac.header]),
    ...(profile.basicAuth === undefined ? [] : ['Authorization']),
  ]);
  return [...profiles, ...identity.remove];
}

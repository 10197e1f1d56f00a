import type { Route } from '../core/access/route.ts';
import type { Instant } from '../core/time.ts';

type Bucket = { tokens: number; at: Instant };

/** Buckets of one route; when there are more, those that have filled up again are forgotten. */
const BUCKETS_MAX = 100_000;

/** What a route grants: `count` requests in `per` milliseconds. */
export type Rate = NonNullable<Route['limits']['rate']>;

/**
 * Where requests take their token: from the buckets of this process, or from those that several processes share, which
 * answer later. A route without a rate is answered at once, by both.
 */
export type Rates = {
  take(route: Route, who: string, now: Instant): Instant | undefined | Promise<Instant | undefined>;
};

/** Token buckets: `count` requests in a period for each person, or each address where nobody signed in, and route. */
export class RateLimits implements Rates {
  readonly #routes = new Map<string, Map<string, Bucket>>();

  /** Takes one request from the bucket. Answers undefined if it may pass, else when the next one may. */
  take(route: Route, who: string, now: Instant): Instant | undefined {
    const { rate } = route.limits;
    return rate === undefined ? undefined : this.takeFrom(route.name, rate, who, now);
  }

  /** As `take`, of a route that is known by its name and its rate only. */
  takeFrom(route: string, rate: Rate, who: string, now: Instant): Instant | undefined {
    const buckets = this.#bucketsOf(route);
    const perToken = rate.per / rate.count;
    const found = buckets.get(who);
    if (found === undefined && buckets.size >= BUCKETS_MAX) forgetFull(buckets, rate.per, now);
    const bucket = found ?? { tokens: rate.count, at: now };
    // A clock that went back gives nothing and takes nothing.
    bucket.tokens = Math.min(rate.count, bucket.tokens + Math.max(0, now - bucket.at) / perToken);
    bucket.at = now;
    if (found === undefined) buckets.set(who, bucket);
    if (bucket.tokens < 1) return now + Math.ceil((1 - bucket.tokens) * perToken);
    bucket.tokens -= 1;
    return undefined;
  }

  #bucketsOf(route: string): Map<string, Bucket> {
    const found = this.#routes.get(route) ?? new Map<string, Bucket>();
    this.#routes.set(route, found);
    return found;
  }
}

function forgetFull(buckets: Map<string, Bucket>, per: number, now: Instant): void {
  for (const [who, bucket] of buckets) if (now - bucket.at >= per) buckets.delete(who);
}

import { type Instant, SECOND } from '../core/time.ts';

type Bucket = { tokens: number; at: Instant };

const BUCKETS_MAX = 50_000;

/** Token buckets: so many a second for each name, and a second's worth at once. */
export class Rates {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one from the bucket; false where it is empty. */
  take(name: string, perSecond: number, now: Instant): boolean {
    const found = this.#buckets.get(name);
    if (found === undefined && this.#buckets.size >= BUCKETS_MAX) this.#forgetFull(now);
    const most = Math.max(1, perSecond);
    const bucket = found ?? { tokens: most, at: now };
    // A clock that went back gives nothing and takes nothing.
    bucket.tokens = Math.min(most, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / SECOND);
    bucket.at = now;
    if (found === undefined) this.#buckets.set(name, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** After a minute every bucket is full again, unless its rate is below one a minute; then it is forgiven. */
  #forgetFull(now: Instant): void {
    for (const [name, bucket] of this.#buckets) if (now - bucket.at >= 60 * SECOND) this.#buckets.delete(name);
    if (this.#buckets.size >= BUCKETS_MAX) this.#buckets.clear();
  }
}

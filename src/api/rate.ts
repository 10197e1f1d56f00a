import type { Instant } from '../core/time.ts';
import { problem } from './problems.ts';

/** Calls of one key a second, on average and at once: far above what an application does, below what a loop does. */
const PER_SECOND = 2_000;
const AT_ONCE = 4_000;

type Bucket = { tokens: number; at: Instant };

/** A token bucket for each key of this process. */
export class CallRate {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one call; throws 429 where there is none left. A clock that went back fills nothing. */
  take(keyId: string, now: Instant): void {
    const bucket = this.#buckets.get(keyId) ?? { tokens: AT_ONCE, at: now };
    const gained = (Math.max(0, now - bucket.at) * PER_SECOND) / 1000;
    bucket.tokens = Math.min(AT_ONCE, bucket.tokens + gained);
    bucket.at = now;
    this.#buckets.set(keyId, bucket);
    if (bucket.tokens < 1) throw problem('rate_limited', 'this key calls too often', { retry_after: 1 });
    bucket.tokens -= 1;
  }
}

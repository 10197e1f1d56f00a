import { type Instant, type Milliseconds, SECOND } from '../core/time.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Failures in a row that open a breaker. */
export const FAILURES_TO_OPEN = 5;

/** How long it stays open the first, the second … time in a row; the last one repeats. */
export const OPEN_FOR: readonly Milliseconds[] = [5 * SECOND, 15 * SECOND, 30 * SECOND, 60 * SECOND];

/**
 * Keeps messages away from a provider that fails, so that the next one in the list is tried at once. After a while one
 * message is let through as a probe: it closes the breaker or opens it for longer.
 */
export class Breaker {
  state: BreakerState = 'closed';
  /** Failures in a row. */
  failures = 0;
  /** When it was opened: the moment of the next probe. */
  until: Instant = 0;
  #opened = 0;

  /** True if a message may be tried now. Half open, one caller at a time hears true. */
  admit(now: Instant): boolean {
    if (this.state === 'closed') return true;
    if (this.state === 'half-open' || now < this.until) return false;
    this.state = 'half-open';
    return true;
  }

  /** The provider answered, whatever it said about the message. */
  worked(): void {
    this.state = 'closed';
    this.failures = 0;
    this.#opened = 0;
  }

  /** The provider did not do its work. */
  failed(now: Instant): void {
    this.failures += 1;
    if (this.state === 'closed' && this.failures < FAILURES_TO_OPEN) return;
    // Messages that were under way when it opened say nothing new.
    if (this.state === 'open') return;
    this.state = 'open';
    this.until = now + (OPEN_FOR[Math.min(this.#opened, OPEN_FOR.length - 1)] ?? 0);
    this.#opened += 1;
  }
}

import { createHmac } from 'node:crypto';
import type { Instant, Milliseconds } from '../core/time.ts';

const REMEMBERED_MAX = 10_000;

type Entry<T> = { readonly at: Instant; readonly decision: Promise<T> };

/**
 * Decisions of the last moments by what was asked, for clients that send a retransmission with another identifier or
 * Request Authenticator: the same person, code and State of the same client get the decision that was made for the first.
 * A decision that broke is not kept. What was typed is kept only as a digest under a key of this process.
 */
export class SoftDuplicates<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The decision of the same question within `life`, else that of `decide`. With a life of 0 nothing is remembered. */
  once(question: readonly string[], now: Instant, life: Milliseconds, decide: () => Promise<T>): Promise<T> {
    if (life <= 0) return decide();
    const name = createHmac('sha256', this.#key).update(JSON.stringify(question)).digest('base64');
    const found = this.#entries.get(name);
    if (found !== undefined && now - found.at < life) return found.decision;
    if (this.#entries.size >= REMEMBERED_MAX) this.#entries.clear();
    const entry = { at: now, decision: decide() };
    this.#entries.set(name, entry);
    entry.decision.catch(() => {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
    });
    return entry.decision;
  }
}

import { type Instant, MINUTE } from '../core/time.ts';

/** Keys remembered at once; when there are more, all are forgotten and speak again. */
const KEYS_MAX = 10_000;

/** Says when something that may happen with every request is worth a line again: once a minute for each key. */
export class OnceAMinute {
  readonly #last = new Map<string, Instant>();

  maySpeak(key: string, now: Instant): boolean {
    const last = this.#last.get(key);
    if (last !== undefined && now >= last && now - last < MINUTE) return false;
    if (this.#last.size >= KEYS_MAX) this.#last.clear();
    this.#last.set(key, now);
    return true;
  }
}

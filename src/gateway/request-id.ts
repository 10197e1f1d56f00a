import { encodeUlid } from '../core/request-number.ts';
import type { Instant } from '../core/time.ts';
import type { Random } from '../ports.ts';

/** Random bytes of one request number. */
const BYTES = 10;

/** Request numbers drawn at once: asking the operating system for each would cost more than the number. */
const BATCH = 128;

/** Makes request identifiers (ULID). */
export class UlidSource {
  readonly #random: Random;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(now: Instant): string {
    if (this.#at >= this.#bytes.length) {
      this.#bytes = this.#random.bytes(BYTES * BATCH);
      this.#at = 0;
    }
    this.#at += BYTES;
    return encodeUlid(now, this.#bytes.subarray(this.#at - BYTES, this.#at));
  }
}

import type { Instant } from '../core/time.ts';
import type { Random } from '../ports.ts';

/** Crockford base32, as octets. */
const ALPHABET = Buffer.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 'latin1');

/** Characters of a ULID: 10 of time, 16 of chance. */
const TIME = 10;
const LENGTH = 26;

/** Random octets drawn at once: asking the operating system for each number would cost more than the number. */
const BATCH = 16 * 128;

/** Makes request identifiers (ULID) without making anything else: one is made for every request. */
export class UlidSource {
  readonly #random: Random;
  readonly #text = Buffer.alloc(LENGTH);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #time: Instant = -1;

  constructor(random: Random) {
    this.#random = random;
  }

  next(now: Instant): string {
    if (now !== this.#time) this.#writeTime(now);
    if (this.#at >= this.#bytes.length) {
      this.#bytes = this.#random.bytes(BATCH);
      this.#at = 0;
    }
    for (let index = TIME; index < LENGTH; index++) {
      this.#text[index] = ALPHABET[(this.#bytes[this.#at++] ?? 0) & 31] ?? 0;
    }
    return this.#text.toString('latin1');
  }

  #writeTime(now: Instant): void {
    this.#time = now;
    let rest = now;
    for (let index = TIME - 1; index >= 0; index--) {
      this.#text[index] = ALPHABET[rest % 32] ?? 0;
      rest = Math.floor(rest / 32);
    }
  }
}

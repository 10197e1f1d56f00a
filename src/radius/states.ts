import type { Instant } from '../core/time.ts';

const STATE_LENGTH = 16;
const TRANSACTION = /^tx_[A-Za-z0-9_-]{22}$/;
const SPENT_MAX = 100_000;

/**
 * The State of a verification under way (RFC 2865 §5.24): the 16 random octets of its identifier, so that it outlives a
 * restart and needs no table of its own. Throws where the identifier is not of that form.
 */
export function stateOf(transaction: string): Buffer {
  if (!TRANSACTION.test(transaction)) throw new Error('a verification under way has an identifier of 128 bits');
  return Buffer.from(transaction.slice(3), 'base64url');
}

/** The identifier that a State stands for; undefined where it cannot be one of ours. */
export const transactionOf = (state: Buffer): string | undefined =>
  state.length === STATE_LENGTH ? `tx_${state.toString('base64url')}` : undefined;

/** States that were answered: each is good for one answer, right or wrong. */
export class SpentStates {
  readonly #spent = new Map<string, Instant>();

  /** True for exactly one caller until it is given back. `until` is when the State ends by itself. */
  spend(transaction: string, until: Instant, now: Instant): boolean {
    if (this.#spent.has(transaction)) return false;
    if (this.#spent.size >= SPENT_MAX) this.#forgetEnded(now);
    this.#spent.set(transaction, until);
    return true;
  }

  /** The State goes on: it was sent again with another Access-Challenge, or nothing was decided. */
  giveBack(transaction: string): void {
    this.#spent.delete(transaction);
  }

  #forgetEnded(now: Instant): void {
    for (const [transaction, until] of this.#spent) if (until <= now) this.#spent.delete(transaction);
    // Beyond this the verifications themselves still end: by use, by time and by their number of tries.
    if (this.#spent.size >= SPENT_MAX) this.#spent.clear();
  }
}

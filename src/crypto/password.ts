import { availableParallelism } from 'node:os';
import { type Algorithm, hash, hashSync, verify } from '@node-rs/argon2';
import { Busy, type Random, type SecretHasher } from '../ports.ts';

/** Argon2id with the first choice of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** How many callers may wait before the rest is sent away. */
const QUEUE = 256;

export type HasherOptions = { readonly concurrency?: number; readonly queue?: number };

/**
 * Argon2id in a bounded pool: half the cores by default, so that a flood of sign-ins leaves the rest of them to
 * requests that are already signed in. Beyond the queue callers get `Busy` before anything is computed.
 */
export function createHasher(random: Random, options: HasherOptions = {}): SecretHasher {
  const pool = new Pool(
    options.concurrency ?? Math.max(1, Math.floor(availableParallelism() / 2)),
    options.queue ?? QUEUE,
  );
  const dummy = hashSync(random.bytes(32), PARAMETERS);
  return {
    hash: (secret) => pool.run(() => hash(secret, PARAMETERS)),
    verify: (stored, secret) =>
      pool.run(async () => {
        const matches = await verify(stored ?? dummy, secret);
        return matches && stored !== undefined;
      }),
  };
}

/** Runs at most `concurrency` jobs at a time and lets at most `bound` wait, first come first served. */
class Pool {
  readonly #waiting: (() => void)[] = [];
  readonly #concurrency: number;
  readonly #bound: number;
  #running = 0;

  constructor(concurrency: number, bound: number) {
    this.#concurrency = concurrency;
    this.#bound = bound;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#bound) throw new Busy('too many passwords are being checked');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await job();
    } finally {
      // The place passes straight to the next in the queue, so that nobody can slip in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

import { availableParallelism } from 'node:os';
import { type Algorithm, hash, hashSync, verify } from '@node-rs/argon2';
import { Busy, type Random, type SecretHasher } from '../ports.ts';

/** Argon2id with the first choice of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** How many callers may wait before the rest is sent away. */
const QUEUE = 256;

/** Places for hashing. `take` answers when one is free, with what gives it back; throws `Busy` when too many wait. */
export type HashingPlaces = { take(): Promise<() => void> };

export type HasherOptions = { readonly concurrency?: number; readonly queue?: number; readonly places?: HashingPlaces };

/**
 * Half the cores by default, so that a flood of sign-ins leaves the rest of them to requests that are already signed in,
 * and a bounded queue, first come first served.
 */
export const hashingPlaces = ({ concurrency, queue }: Omit<HasherOptions, 'places'> = {}): HashingPlaces =>
  new Pool(concurrency ?? Math.max(1, Math.floor(availableParallelism() / 2)), queue ?? QUEUE);

/** Argon2id in a bounded pool. Beyond the queue callers get `Busy` before anything is computed. */
export function createHasher(random: Random, options: HasherOptions = {}): SecretHasher {
  const places = options.places ?? hashingPlaces(options);
  const dummy = hashSync(random.bytes(32), PARAMETERS);
  const run = async <T>(job: () => Promise<T>): Promise<T> => {
    const leave = await places.take();
    try {
      return await job();
    } finally {
      leave();
    }
  };
  return {
    hash: (secret) => run(() => hash(secret, PARAMETERS)),
    verify: (stored, secret) =>
      run(async () => {
        const matches = await verify(stored ?? dummy, secret);
        return matches && stored !== undefined;
      }),
  };
}

/** At most `concurrency` places are taken at a time and at most `bound` callers wait. */
class Pool implements HashingPlaces {
  readonly #waiting: (() => void)[] = [];
  readonly #concurrency: number;
  readonly #bound: number;
  #taken = 0;

  constructor(concurrency: number, bound: number) {
    this.#concurrency = concurrency;
    this.#bound = bound;
  }

  async take(): Promise<() => void> {
    if (this.#taken < this.#concurrency) this.#taken += 1;
    else if (this.#waiting.length >= this.#bound) throw new Busy('too many passwords are being checked');
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isMine = true;
    return () => {
      if (isMine) this.#leave();
      isMine = false;
    };
  }

  /** The place passes straight to the next in the queue, so that nobody can slip in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}

import { performance } from 'node:perf_hooks';

/** How often deadlines are compared. Every upstream and tunnel timeout is exact to this much. */
const TICK = 100;

/**
 * A coarse monotonic clock with one timer for all deadlines of the gateway: a timer of its own for each request would
 * cost more than the comparison it saves.
 */
export class Ticker {
  /** Milliseconds of a monotonic clock, as of the last tick. */
  now = performance.now();
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** Calls the listener at every tick until the returned function is called. The timer keeps no process alive. */
  onTick(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined) {
      this.now = performance.now();
      this.#timer = setInterval(() => this.#tick(), TICK).unref();
    }
    return () => this.#remove(listener);
  }

  #tick(): void {
    this.now = performance.now();
    for (const listener of this.#listeners) listener();
  }

  #remove(listener: () => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

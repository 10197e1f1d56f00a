/** Octets a second that a body must bring on average, over each time that a connection may be silent. */
const SLOWEST = 100;

/** After its last octet a connection gives the peer this long to read it and to stop sending, in milliseconds. */
const LINGER = 1000;

/**
 * What a connection waits for, each with its own deadline: the first head or the rest of one, the next request, a body
 * that somebody reads, one that nobody reads, the end after our side was closed. Nothing while only we are at work.
 */
export type Awaited = 'head' | 'next' | 'body' | 'rest' | 'close' | 'nothing';

/** What a connection is like when its deadlines are looked at. */
export type Standing = {
  readonly limits: { readonly idle: number };
  /** How long octets may stay unread by the peer. */
  readonly quiet: number;
  readonly unsent: boolean;
  /** Everything we had to say has left. */
  readonly finished: boolean;
  /** We stopped reading, or have begun to answer: the pace is no longer the peer's alone. */
  readonly unhurried: boolean;
};

/** The deadlines of one connection, on a coarse clock. */
export class Deadlines {
  awaited: Awaited = 'nothing';
  #at = 0;
  #octets = 0;
  #unsentUntil = 0;

  /** Waits for something, so many milliseconds. */
  expect(what: Awaited, now: number, within: number): void {
    this.awaited = what;
    this.#at = now + within;
    this.#octets = 0;
  }

  /** Our side was closed. */
  expectClose(now: number): void {
    this.expect('close', now, LINGER);
  }

  nothing(): void {
    this.awaited = 'nothing';
  }

  /** Octets of a body came. One that nobody reads only has to go on. */
  onBody(octets: number, now: number, idle: number): void {
    this.#octets += octets;
    if (this.awaited === 'rest') this.#at = now + idle;
  }

  onDrain(): void {
    this.#unsentUntil = 0;
  }

  /** True if the connection has waited long enough. */
  isOver(now: number, { limits, quiet, unsent, finished, unhurried }: Standing): boolean {
    if (!unsent) this.#unsentUntil = 0;
    else if (this.#unsentUntil === 0) this.#unsentUntil = now + quiet;
    else if (now >= this.#unsentUntil) return true;
    if (this.awaited === 'nothing' || now < this.#at) return false;
    if (this.awaited === 'close' && !finished) {
      this.#at = now + LINGER;
      return false;
    }
    if (this.awaited !== 'body') return true;
    const isSlow = this.#octets < (SLOWEST * limits.idle) / 1000;
    this.expect('body', now, limits.idle);
    return isSlow && !unhurried;
  }
}

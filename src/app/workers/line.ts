/** One end of the pipe between the primary process and a worker. `send` throws or fails once the other end is gone. */
export type Pipe = { send(words: unknown, taken: () => void): unknown };

/**
 * Says things to the other end. What is said in one turn of the event loop travels as one message: under load that is
 * what keeps a word about every connection cheap. What is said to an end that is gone is lost with it.
 */
export class Line<T> {
  readonly #pipe: Pipe;
  #waiting: T[] = [];

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
  }

  say(word: T): void {
    this.#waiting.push(word);
    if (this.#waiting.length === 1) setImmediate(() => this.flush());
  }

  /** Sends what was said so far; `taken` is called when the pipe has taken it or is broken. */
  flush(taken: () => void = () => undefined): void {
    const words = this.#waiting;
    this.#waiting = [];
    try {
      this.#pipe.send(words, taken);
    } catch {
      // The pipe is closed: whoever watches the process hears of it by itself.
      taken();
    }
  }
}

import type { Instant, Milliseconds } from '../../core/time.ts';
import type { Line } from './line.ts';
import type { Answer, Question, ToPrimary } from './messages.ts';

/** A question of the request path that is not answered by then fails, and with it the request: 503. */
const PATIENCE: Milliseconds = 2000;

type Waiting = { readonly since: Instant; resolve(answer: Answer): void; reject(error: Error): void };

/** Asks the primary process and waits for its answers, in any order. */
export class Asker {
  readonly #line: Line<ToPrimary>;
  readonly #now: () => Instant;
  readonly #hasty = new Map<number, Waiting>();
  readonly #patient = new Map<number, Waiting>();
  readonly #timer: NodeJS.Timeout;
  #last = 0;

  constructor(line: Line<ToPrimary>, now: () => Instant) {
    this.#line = line;
    this.#now = now;
    this.#timer = setInterval(() => this.#giveUp(), PATIENCE / 4).unref();
  }

  /** Rejects when no answer came in time; a place for hashing is waited for in a bounded queue instead. */
  ask(question: Question): Promise<Answer> {
    const id = ++this.#last;
    const waiting = question.kind === 'place' ? this.#patient : this.#hasty;
    return new Promise((resolve, reject) => {
      waiting.set(id, { since: this.#now(), resolve, reject });
      this.#line.say({ kind: 'ask', id, question });
    });
  }

  onAnswer(id: number, answer: Answer): void {
    for (const waiting of [this.#hasty, this.#patient]) {
      waiting.get(id)?.resolve(answer);
      waiting.delete(id);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Asked in turn, so the oldest come first. */
  #giveUp(): void {
    const now = this.#now();
    for (const [id, waiting] of this.#hasty) {
      if (now - waiting.since < PATIENCE) return;
      this.#hasty.delete(id);
      waiting.reject(new Error('the primary process did not answer in time'));
    }
  }
}

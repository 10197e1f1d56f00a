import type { Worker as ClusterWorker } from 'node:cluster';
import { type Milliseconds, SECOND } from '../../core/time.ts';
import { followHandOvers } from './handed-over.ts';
import { Line } from './line.ts';
import type { Report, ToPrimary, ToWorker } from './messages.ts';

/** A worker that dies at once is started again after this long, and after twice as long each time, up to the second. */
const FIRST_PAUSE: Milliseconds = 50;
const LONGEST_PAUSE: Milliseconds = 5 * SECOND;

/** Lived this long, a worker's death is not a consequence of its start. */
const SETTLED: Milliseconds = 10 * SECOND;

/** How a process ended. */
export type Exit = { readonly code: number | null; readonly signal: string | null };

export type MemberEvents = {
  heard(word: ToPrimary, member: Member): void;
  lost(exit: Exit, member: Member): void;
};

/** One place among the workers and the process that fills it at present. */
export class Member {
  readonly slot: number;
  readonly worker: ClusterWorker;
  readonly startedAt: number;
  readonly #line: Line<ToWorker>;
  /** True once its listeners accept. */
  isUp = false;
  report: Report | undefined;
  /** Gives back the places for hashing that it holds. */
  readonly places: (() => void)[] = [];
  isGone = false;

  constructor(slot: number, worker: ClusterWorker, now: number, events: MemberEvents) {
    this.slot = slot;
    this.worker = worker;
    this.startedAt = now;
    this.#line = new Line<ToWorker>({ send: (words, taken) => worker.process.send(words as object, taken) });
    const closeHandedOver = followHandOvers(worker.process);
    worker.on('message', (words: readonly ToPrimary[]) => {
      for (const word of words) events.heard(word, this);
    });
    // Writing to a process that is just dying; its end is heard of below.
    worker.on('error', () => undefined);
    worker.once('exit', (code: number | null, signal: string | null) => {
      this.isGone = true;
      this.isUp = false;
      closeHandedOver();
      for (const leave of this.places.splice(0)) leave();
      events.lost({ code, signal }, this);
    });
  }

  say(word: ToWorker): void {
    if (!this.isGone) this.#line.say(word);
  }

  kill(): void {
    this.worker.process.kill('SIGKILL');
  }
}

/** How long after the death of a worker the next one is started; `deaths` counts those that follow each other closely. */
export const pauseBefore = (deaths: number): Milliseconds => Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (deaths - 1));

/** How many deaths have followed each other closely, after one more. */
export const deathsAfter = (before: number, lived: Milliseconds): number => (lived >= SETTLED ? 1 : before + 1);

import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/** When something last happened on one way through a gateway: client, gateway and application share a process. */
export class Activity {
  changed = true;
  #turns = 0;
  #since = performance.now();

  note(): void {
    this.changed = true;
    this.#turns = 0;
    this.#since = performance.now();
  }

  /** One more turn of the event loop in which nothing happened. */
  pass(): void {
    this.#turns += 1;
  }

  /** Nothing for so long that nothing is on its way: every hop takes a turn of the same event loop. */
  isQuiet(patience: number): boolean {
    return this.#turns >= 40 && performance.now() - this.#since >= patience;
  }
}

/** Settles when the condition holds, or when nothing has happened for a while. */
export async function settle(activity: Activity, done: () => boolean, patience: number): Promise<'done' | 'quiet'> {
  activity.note();
  for (;;) {
    if (activity.changed) {
      activity.changed = false;
      if (done()) return 'done';
    }
    if (activity.isQuiet(patience)) return 'quiet';
    activity.pass();
    await turn();
  }
}

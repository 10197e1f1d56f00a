import type { ServerSettings } from '../../core/policy.ts';
import type { ConnectionCensus, TurnedAway } from '../../gateway/connection-caps.ts';
import type { Line } from './line.ts';
import type { ToPrimary } from './messages.ts';

/** Every connection of every worker, in the primary process: holds the limits over all of them together. */
export class Census {
  readonly #limits: () => ServerSettings['limits'];
  readonly #byWorker = new Map<number, Map<number, string>>();
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(limits: () => ServerSettings['limits']) {
    this.#limits = limits;
  }

  /**
   * Counts a connection of a worker (`address` empty: not counted for an address). Answers the status it is turned away
   * with where it is one too many: then it is not counted.
   */
  opened(worker: number, id: number, address: string): TurnedAway | undefined {
    const { connections, perAddress } = this.#limits();
    const held = this.#byAddress.get(address) ?? 0;
    if (this.#open >= connections) return 503;
    if (address !== '' && held >= perAddress) return 429;
    this.#open += 1;
    if (address !== '') this.#byAddress.set(address, held + 1);
    const own = this.#byWorker.get(worker) ?? new Map<number, string>();
    this.#byWorker.set(worker, own);
    own.set(id, address);
    return undefined;
  }

  closed(worker: number, id: number): void {
    const own = this.#byWorker.get(worker);
    const address = own?.get(id);
    if (address === undefined) return;
    own?.delete(id);
    this.#release(address);
  }

  /** Every connection of a worker ended with it. */
  lost(worker: number): void {
    for (const address of this.#byWorker.get(worker)?.values() ?? []) this.#release(address);
    this.#byWorker.delete(worker);
  }

  #release(address: string): void {
    this.#open -= 1;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

/** A worker's side of the census: tells of its connections, and turns away the one it is told to. */
export class CensusLine implements ConnectionCensus {
  readonly #line: Line<ToPrimary>;
  readonly #open = new Map<number, (status: TurnedAway) => void>();
  #last = 0;

  constructor(line: Line<ToPrimary>) {
    this.#line = line;
  }

  note(address: string, turnAway: (status: TurnedAway) => void): () => void {
    const id = ++this.#last;
    this.#open.set(id, turnAway);
    this.#line.say({ kind: 'opened', id, address });
    return () => {
      this.#open.delete(id);
      this.#line.say({ kind: 'closed', id });
    };
  }

  onTurnAway(id: number, status: TurnedAway): void {
    this.#open.get(id)?.(status);
  }
}

import type { Policy } from '../../core/policy.ts';
import { SECOND } from '../../core/time.ts';
import type { LiveSessions } from '../../flows/live-sessions.ts';
import type { Gate } from '../../gateway/gate.ts';
import type { Listeners } from '../../gateway/listener.ts';
import { Busy, type Clock, type House } from '../../ports.ts';
import { openHouse } from '../house.ts';
import { createLog, type LogSink } from '../log.ts';
import { openGate, openGateListeners, openLive } from '../open-gate.ts';
import { Asker } from './asker.ts';
import { CensusLine } from './census.ts';
import type { Line } from './line.ts';
import type { ConfigSource, Report, ToPrimary, ToWorker } from './messages.ts';
import { SharedRates } from './shared-rates.ts';
import { policyOf } from './source.ts';

/** What a worker is given by its process. */
export type WorkerRim = {
  readonly line: Line<ToPrimary>;
  readonly clock: Clock;
  readonly sink: LogSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the process uses. */
  readonly usage: () => Pick<Report, 'residentBytes' | 'cpuSeconds'>;
  /** Ends the process. */
  readonly exit: (code: number) => void;
};

type Begin = Extract<ToWorker, { readonly kind: 'begin' }>;

type Open = { readonly house: House; readonly live: LiveSessions; readonly gate: Gate; readonly listeners: Listeners };

/** One worker: carries requests on the listeners that all workers share, and does what the primary process says. */
export class Worker {
  readonly #rim: WorkerRim;
  readonly #asker: Asker;
  readonly #census: CensusLine;
  #begin: Begin | undefined;
  #policy: Policy | undefined;
  /** Made ready by a reload that has not been decided yet. */
  #next: Policy | undefined;
  #opening: Promise<Open> | undefined;
  #listeners: Listeners | undefined;
  #stopping = false;

  constructor(rim: WorkerRim) {
    this.#rim = rim;
    this.#asker = new Asker(rim.line, () => rim.clock.now());
    this.#census = new CensusLine(rim.line);
  }

  hear(word: ToWorker): void {
    switch (word.kind) {
      case 'begin':
        this.#start(word).catch((breakage: unknown) => this.#fail(breakage));
        return;
      case 'prepare':
        this.#prepare(word.source);
        return;
      case 'commit':
        this.#commit(word.source);
        return;
      case 'abandon':
        this.#next = undefined;
        return;
      case 'answer':
        this.#asker.onAnswer(word.id, word.answer);
        return;
      case 'turn-away':
        this.#census.onTurnAway(word.id, word.status);
        return;
      case 'stop':
        this.#stop().catch((breakage: unknown) => this.#fail(breakage));
        return;
      case 'cut':
        this.#listeners?.cut?.();
    }
  }

  async #start(begin: Begin): Promise<void> {
    this.#begin = begin;
    const loaded = this.#load(begin.source);
    if (typeof loaded === 'string') throw new Error(loaded);
    this.#policy = loaded;
    this.#opening = this.#open(loaded, begin.slot);
    const { gate, listeners } = await this.#opening;
    this.#listeners = listeners;
    this.#report(gate);
    setInterval(() => this.#report(gate), SECOND).unref();
    this.#rim.line.say({ kind: 'up', addresses: listeners.addresses });
  }

  async #open(first: Policy, slot: number): Promise<Open> {
    const { clock, sink } = this.#rim;
    const log = createLog(first.log, sink, { worker: slot });
    const house = await openHouse(first, clock, log, { places: { take: () => this.#takePlace() } });
    const policy = (): Policy => this.#policy ?? first;
    const live = await openLive(policy, house);
    const gate = openGate(policy, house, live, { rates: new SharedRates(this.#asker), census: this.#census });
    const listeners = await openGateListeners(gate);
    return { house, live, gate, listeners };
  }

  /** Hashing shares its places with every other process, so that their sum stays bounded. */
  async #takePlace(): Promise<() => void> {
    if ((await this.#asker.ask({ kind: 'place' })) === 'busy') throw new Busy('too many passwords are being checked');
    return () => this.#rim.line.say({ kind: 'leave-place' });
  }

  #prepare(source: ConfigSource): void {
    const loaded = this.#load(source);
    this.#next = typeof loaded === 'string' ? undefined : loaded;
    const fault = typeof loaded === 'string' ? loaded : undefined;
    this.#rim.line.say({ kind: 'prepared', digest: source.digest, fault });
  }

  /** A worker that was started while the others prepared reads it now; where it cannot, it is replaced by one that can. */
  #commit(source: ConfigSource): void {
    const next = this.#next?.digest === source.digest ? this.#next : this.#load(source);
    this.#next = undefined;
    if (typeof next === 'string') this.#fail(next);
    else this.#policy = next;
  }

  #load(source: ConfigSource): Policy | string {
    if (this.#begin === undefined) return 'the worker has not begun';
    const { language, opened } = this.#begin;
    const { clock, env } = this.#rim;
    const loaded = policyOf(source, opened, { language, env, now: clock.now() });
    return loaded.ok ? loaded.value : loaded.error;
  }

  #report({ counters }: Gate): void {
    this.#rim.line.say({ kind: 'report', report: { counters: { ...counters }, ...this.#rim.usage() } });
  }

  /** Drains, writes what is unwritten, and ends. */
  async #stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const open = await this.#opening;
    await open?.listeners.close();
    await open?.live.close();
    await open?.house.close();
    this.#asker.close();
    this.#rim.line.flush(() => this.#rim.exit(0));
  }

  #fail(breakage: unknown): void {
    const message = breakage instanceof Error ? breakage.message : String(breakage);
    this.#rim.line.say({ kind: 'failed', message });
    this.#rim.line.flush(() => this.#rim.exit(1));
  }
}

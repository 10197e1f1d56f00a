import { type Instant, type Milliseconds, SECOND } from '../core/time.ts';
import type { House } from '../ports.ts';

type OpeningPorts = Pick<House, 'clock' | 'log' | 'switches' | 'changes'>;

/** How often openings are read again although no change was heard. The list is short and the table small. */
const REREAD: Milliseconds = SECOND;

/** What goes on under an opening and ends with it: a stream, a tunnel. */
export type UnderOpening = { onOpeningEnd(): void };

/**
 * Routes that a sealed code opened, as far as this process knows: read at once when something changed anywhere, so that an
 * opening and its end hold in every process within a second. Asking costs nothing while nothing is open.
 */
export class Openings {
  readonly #ports: OpeningPorts;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #under = new Map<UnderOpening, string>();
  #open: ReadonlyMap<string, Instant> = new Map();
  #readAt: Instant;
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(ports: OpeningPorts) {
    this.#ports = ports;
    this.#readAt = ports.clock.now();
    this.#unsubscribe = ports.changes.onChange(() => void this.refresh());
    this.#timer = setInterval(() => this.#tick(), SECOND / 2).unref();
    void this.refresh();
  }

  /** Until when a route is open without sign-in; undefined if it is not. */
  until(route: string, now: Instant): Instant | undefined {
    if (this.#open.size === 0) return undefined;
    const until = this.#open.get(route);
    return until !== undefined && now < until ? until : undefined;
  }

  /** Tells it once when the opening of a route ends. */
  watch(route: string, under: UnderOpening): void {
    this.#under.set(under, route);
  }

  unwatch(under: UnderOpening): void {
    this.#under.delete(under);
  }

  /** Reads anew. A failure leaves what is known until it runs out, and is logged. */
  refresh(): Promise<void> {
    this.#again = this.#reading !== undefined;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
      if (this.#again) void this.refresh();
    });
    return this.#reading;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.#under.clear();
  }

  async #read(): Promise<void> {
    const { clock, log, switches } = this.#ports;
    this.#readAt = clock.now();
    try {
      this.#open = await switches.openings(this.#readAt);
    } catch (breakage) {
      log.error('break-glass.unread', { error: String(breakage) });
    }
    this.#endPast();
  }

  #tick(): void {
    if (Math.abs(this.#ports.clock.now() - this.#readAt) >= REREAD) void this.refresh();
    else this.#endPast();
  }

  #endPast(): void {
    if (this.#under.size === 0) return;
    const now = this.#ports.clock.now();
    for (const [under, route] of this.#under) {
      if (this.until(route, now) !== undefined) continue;
      this.#under.delete(under);
      under.onOpeningEnd();
    }
  }
}

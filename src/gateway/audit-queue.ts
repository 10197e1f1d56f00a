import type { AuditEvent } from '../core/audit.ts';
import type { House } from '../ports.ts';

/** Events that may wait for the trail at once. */
const CAPACITY = 4096;

/**
 * Refusals on their way into the audit trail. An answer never waits for it. Under a flood that the disk cannot keep up
 * with, events are counted instead of kept, and the next one that is written says how many.
 */
export class AuditQueue {
  readonly #house: Pick<House, 'audit' | 'log'>;
  #waiting: AuditEvent[] = [];
  #unrecorded = 0;
  #writing: Promise<void> | undefined;

  constructor(house: Pick<House, 'audit' | 'log'>) {
    this.#house = house;
  }

  add(event: AuditEvent): void {
    if (this.#waiting.length >= CAPACITY) {
      this.#unrecorded += 1;
      return;
    }
    this.#waiting.push(event);
    this.#writing ??= this.#write();
  }

  /** Settles when everything added so far is written or given up with an error in the log. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const event of batch) await this.#append(event);
    }
    this.#writing = undefined;
  }

  async #append(event: AuditEvent): Promise<void> {
    const unrecorded = this.#unrecorded;
    this.#unrecorded = 0;
    if (unrecorded > 0) this.#house.log.warn('audit.unrecorded', { count: unrecorded });
    try {
      await this.#house.audit.append(unrecorded === 0 ? event : { ...event, detail: { ...event.detail, unrecorded } });
    } catch (breakage) {
      this.#unrecorded += unrecorded + 1;
      this.#house.log.error('audit.append', { error: String(breakage), kind: event.kind, request: event.request });
    }
  }
}

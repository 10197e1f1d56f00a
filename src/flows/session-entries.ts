import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';

/** What `sessions.bindTo` compares with the request that signed in. */
export type Client = { readonly address: string; readonly userAgent: string };

/** The session of a cache entry. One object while nothing but `lastSeen` changes, so that what is kept with it stays. */
export type Held = { -readonly [K in keyof Session]: Session[K] };

/** What the cache knows of one cookie. */
export type Entry = {
  session: Held;
  /** Origin of the sign-in, read only where the policy binds sessions to it. */
  client: Client | undefined;
  generation: number;
  readAt: Instant;
  used: boolean;
  /** The next cookie of the same sign-in: there is one for each host it was handed over to. */
  next: Entry | undefined;
};

/** Entries by the sign-in they belong to, without garbage for the many that have one cookie. */
export class SessionEntries {
  readonly #first = new Map<string, Entry>();

  add(entry: Entry): void {
    entry.next = this.#first.get(entry.session.id);
    this.#first.set(entry.session.id, entry);
  }

  remove(entry: Entry): void {
    const { id } = entry.session;
    const first = this.#first.get(id);
    if (first === entry && entry.next === undefined) this.#first.delete(id);
    else if (first === entry && entry.next !== undefined) this.#first.set(id, entry.next);
    else for (let each = first; each !== undefined; each = each.next) if (each.next === entry) each.next = entry.next;
  }

  /** An entry of the sign-in that is of this generation, else any; undefined if there is none. */
  find(sessionId: string, generation: number): Entry | undefined {
    const first = this.#first.get(sessionId);
    for (let each = first; each !== undefined; each = each.next) if (each.generation === generation) return each;
    return first;
  }
}

import type { SpanKind } from './llhttp.ts';

/** Spans noted of one head: the target, then names and values. More fields than that are refused whatever they say. */
const MOST = 2 * 1024;

/**
 * Where the parts of the head being read stand: one set for all connections, for only one parser runs at a time. A head
 * that comes in pieces takes its spans along (`save`, `load`).
 */
export class Spans {
  readonly #places = new Int32Array(2 * MOST);
  #last: SpanKind | undefined;
  count = 0;

  clear(): void {
    this.count = 0;
    this.#last = undefined;
  }

  /** A part, or the rest of one that the end of a read had cut. */
  note(kind: SpanKind, start: number, end: number): void {
    if (kind === this.#last) {
      this.#places[2 * this.count - 1] = Math.max(end, this.end(this.count - 1));
      return;
    }
    if (this.count >= MOST) return;
    this.#last = kind;
    this.#places[2 * this.count] = start;
    this.#places[2 * this.count + 1] = end;
    this.count += 1;
  }

  start(index: number): number {
    return this.#places[2 * index] ?? 0;
  }

  end(index: number): number {
    return this.#places[2 * index + 1] ?? 0;
  }

  save(): SavedSpans {
    return { places: [...this.#places.subarray(0, 2 * this.count)], last: this.#last };
  }

  load({ places, last }: SavedSpans): void {
    this.#places.set(places);
    this.count = places.length / 2;
    this.#last = last;
  }
}

/** The spans of a head that is not complete. */
export type SavedSpans = { readonly places: readonly number[]; readonly last: SpanKind | undefined };

/** Names kept, and the longest that is. Clients use a few dozen. */
const KEPT = 1024;
const LONGEST = 64;

/**
 * Header names that were seen before, each as one text of its own. What the parser cuts out of a head is a view that
 * keeps the whole head in memory; and a text that is always the same is found faster in every table after it.
 */
export class HeaderNames {
  readonly #known = new Map<string, string>();

  /** The same name, standing alone. */
  intern(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const alone = Buffer.from(name, 'latin1').toString('latin1');
    if (this.#known.size < KEPT && name.length <= LONGEST) this.#known.set(alone, alone);
    return alone;
  }
}

import type { Upstream } from '../../core/policy.ts';

/** A target as the choice sees it. */
export type Candidate = {
  /** Exchanges in hand and in line. */
  readonly busy: number;
  /** True if another exchange would not have to wait. */
  readonly hasRoom: boolean;
  /** Stands for its address: the same in every process and after every start. */
  readonly seed: number;
  isOut(now: number): boolean;
};

/** Chooses among the targets of one upstream. */
export class Balance<T extends Candidate> {
  readonly #way: Upstream['balance'];
  readonly #targets: readonly [T, ...T[]];
  #turn = 0;

  constructor(way: Upstream['balance'], targets: readonly [T, ...T[]]) {
    this.#way = way;
    this.#targets = targets;
  }

  /**
   * The target for a request. Those that are out come last, and where all are out, all are tried; those in `avoid` come
   * last among their like. `key` is whose request it is: with `sticky` the same one meets the same target as long as that
   * is there, and a target that goes moves only its own people (rendezvous hashing).
   */
  choose(key: string | undefined, now: number, avoid?: readonly T[]): T {
    const keyHash = this.#way === 'sticky' && key !== undefined && key !== '' ? hash(key) : undefined;
    const targets = this.#targets;
    let best = targets[0];
    let bestPlace = 0;
    let bestRank = Number.POSITIVE_INFINITY;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let offset = 0; offset < targets.length; offset++) {
      const place = (this.#turn + offset) % targets.length;
      const target = targets[place] ?? best;
      const rank = (target.isOut(now) ? 2 : 0) + (avoid?.includes(target) === true ? 1 : 0);
      if (rank > bestRank) continue;
      const cost = this.#cost(target, keyHash);
      if (rank === bestRank && cost >= bestCost) continue;
      best = target;
      bestPlace = place;
      bestRank = rank;
      bestCost = cost;
    }
    this.#turn = (bestPlace + 1) % targets.length;
    return best;
  }

  /** The lower the better; the first in turn among equals. */
  #cost(target: T, keyHash: number | undefined): number {
    if (keyHash !== undefined) return mix(keyHash ^ target.seed);
    if (this.#way === 'least_busy') return target.busy;
    return target.hasRoom ? 0 : 1;
  }
}

/** FNV-1a over the code units, mixed: spreads keys evenly, and is no secret. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return mix(value);
}

/** A bijection of 32 bits in which every bit of the input moves half of the output (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

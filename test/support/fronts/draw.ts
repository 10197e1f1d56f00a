import { seeded } from '../seeded.ts';

/** Everything random in one case comes from here: the same seed draws the same case. */
export type Draw = {
  /** A whole number below the bound. */
  below(bound: number): number;
  /** True in one of so many. */
  oneIn(count: number): boolean;
  from<T>(list: readonly [T, ...T[]] | readonly T[]): T;
};

/** The numbers of one case of one seed; neighbours have nothing in common. */
export function drawFor(seed: number, index: number): Draw {
  const below = seeded(Math.imul(seed ^ 0x2545f491, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  below(2);
  return {
    below,
    oneIn: (count) => below(count) === 0,
    from: <T>(list: readonly T[]): T => {
      const drawn = list[below(list.length)];
      if (drawn === undefined) throw new Error('nothing to draw from');
      return drawn;
    },
  };
}

/** Cuts octets into pieces at random places: mostly none, sometimes every octet of a short text on its own. */
export function cut(text: string, draw: Draw): string[] {
  if (text.length < 2 || !draw.oneIn(2)) return [text];
  if (text.length < 160 && draw.oneIn(12)) return [...text];
  const places = Array.from({ length: 1 + draw.below(4) }, () => 1 + draw.below(text.length - 1));
  const sorted = [...new Set(places)].sort((left, right) => left - right);
  return [0, ...sorted].map((from, index) => text.slice(from, sorted[index] ?? text.length));
}

/** Chance that a time of the first list is longer than one of the second (Mann-Whitney). 0.5 = cannot be told apart. */
export function overlap(left: readonly number[], right: readonly number[]): number {
  const all = [...left.map((time) => ({ time, first: true })), ...right.map((time) => ({ time, first: false }))];
  all.sort((a, b) => a.time - b.time);
  const ranks = all.reduce((sum, each, index) => (each.first ? sum + index + 1 : sum), 0);
  return (ranks - (left.length * (left.length + 1)) / 2) / (left.length * right.length);
}

/** The middle one of a list that is not empty. */
const median = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

/** How far each two of several lists are apart: distance of the overlap from 0.5, and of the medians in milliseconds. */
export function distances(times: ReadonlyMap<string, readonly number[]>) {
  const kinds = [...times.keys()];
  return kinds.flatMap((left, index) =>
    kinds.slice(index + 1).map((right) => {
      const [a, b] = [times.get(left) ?? [], times.get(right) ?? []];
      return { pair: `${left}/${right}`, overlap: Math.abs(overlap(a, b) - 0.5), median: median(a) - median(b) };
    }),
  );
}

import type { PathMatcher, Route } from './route.ts';

/**
 * Routes by the first segment of the paths they can match, each list in the order of the file: with a thousand routes a
 * request looks at the few that can be meant.
 */
export type PathIndex = {
  readonly bySegment: ReadonlyMap<string, readonly Route[]>;
  /** Routes for every other segment: those that leave the path open, take the root, or have a pattern. */
  readonly others: readonly Route[];
};

/** Builds the index of routes that are already in order. */
export function indexByPath(routes: readonly Route[]): PathIndex {
  const segments = new Set(routes.flatMap((route) => segmentsOf(route) ?? []));
  const others = routes.filter((route) => segmentsOf(route) === undefined);
  const listFor = (segment: string): readonly Route[] =>
    routes.filter((route) => segmentsOf(route)?.includes(segment) ?? true);
  return { bySegment: new Map([...segments].map((segment) => [segment, listFor(segment)])), others };
}

/** Every route that can match the path, and maybe some that do not, in the order of the file. */
export function routesFor({ bySegment, others }: PathIndex, path: string): readonly Route[] {
  if (bySegment.size === 0) return others;
  const end = path.indexOf('/', 1);
  return bySegment.get(end < 0 ? path.slice(1) : path.slice(1, end)) ?? others;
}

/** The first segments a route is bound to; undefined for one that may match any. */
function segmentsOf({ paths }: Route): readonly string[] | undefined {
  const segments: string[] = [];
  for (const matcher of paths) {
    const segment = segmentOf(matcher);
    if (segment === undefined) return undefined;
    segments.push(segment);
  }
  return segments.length === 0 ? undefined : segments;
}

function segmentOf(matcher: PathMatcher): string | undefined {
  if (matcher.kind === 'pattern' || matcher.path === '/') return undefined;
  return matcher.path.slice(1).split('/', 1)[0];
}

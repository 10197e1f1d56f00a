import { indexByPath, type PathIndex, routesFor } from './path-index.ts';
import type { HostMatcher, PathMatcher, Route, Tolerance } from './route.ts';
import type { Target } from './target.ts';

/** Routes compiled for look-up: candidates by host, each list still in the order of the file. */
export type RouteTable = {
  readonly all: readonly Route[];
  /** Exact host names, each with every route that can match it (wildcards and host-less routes included). */
  readonly byHost: ReadonlyMap<string, PathIndex>;
  /** Routes for a host that no route names exactly, by suffix; the empty suffix stands for any host. */
  readonly fallback: readonly Route[];
  readonly fallbackByPath: PathIndex;
};

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'no-route' }
  | { readonly kind: 'unknown-host' }
  /** The path has more than one reading and no route that tolerates it: 400. */
  | { readonly kind: 'ambiguous'; readonly tolerance: Tolerance };

/** Compiles routes in file order. */
export function compileRoutes(routes: readonly Route[]): RouteTable {
  const named = new Set(routes.flatMap((route) => route.hosts.filter((h) => h.kind === 'exact').map((h) => h.host)));
  const byHost = new Map(
    [...named].map((host) => [host, indexByPath(routes.filter((route) => servesHost(route, host)))]),
  );
  const fallback = routes.filter((route) => route.hosts.length === 0 || route.hosts.some((h) => h.kind === 'suffix'));
  return { all: routes, byHost, fallback, fallbackByPath: indexByPath(fallback) };
}

/**
 * The first route that matches host, path and method. A path with more than one reading must match one and the same
 * route in all of them, otherwise nothing matches. `unknown-host` when no route could ever match the host (421).
 */
export function matchRoute(table: RouteTable, target: Target, method: string): RouteMatch {
  const exact = table.byHost.get(target.host);
  const index = exact ?? table.fallbackByPath;
  const hostIsKnown = exact !== undefined;
  const { readings, needs } = target;
  const route = firstMatch(index, hostIsKnown, target.host, readings[0] ?? '', method);
  for (const tolerance of needs) {
    if (route?.tolerate.includes(tolerance) !== true) return { kind: 'ambiguous', tolerance };
  }
  if (route === undefined) return isServed(table, target.host) ? { kind: 'no-route' } : { kind: 'unknown-host' };
  for (let at = 1; at < readings.length; at++) {
    const other = firstMatch(index, hostIsKnown, target.host, readings[at] ?? '', method);
    if (other !== route) return { kind: 'no-route' };
  }
  return { kind: 'route', route };
}

/** True if some route names this host, alone or by a wildcard, or leaves the host open. */
export const isServed = (table: RouteTable, host: string): boolean =>
  table.byHost.has(host) || table.fallback.some((route) => servesHost(route, host));

/** True if some route names this host, alone or by a wildcard: one that leaves the host open names none. */
export const namesHost = (table: RouteTable, host: string): boolean =>
  table.byHost.has(host) || table.all.some(({ hosts }) => hosts.some((matcher) => matchesHost(matcher, host)));

/** True if the route's `host` covers this name. */
export function servesHost(route: Route, host: string): boolean {
  for (const matcher of route.hosts) if (matchesHost(matcher, host)) return true;
  return route.hosts.length === 0;
}

/** True if the route's `path` covers this path. */
export function servesPath(route: Route, path: string): boolean {
  for (const matcher of route.paths) if (matchesPath(matcher, path)) return true;
  return route.paths.length === 0;
}

/** True if the list of methods covers this one. HEAD is served wherever GET is. */
export const servesMethod = (methods: readonly string[], method: string): boolean =>
  methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));

/**
 * True if the matcher covers the path. A prefix ends in `/` and also covers the path without that slash, so that
 * `/app` and `/app/` are decided alike; it never covers `/apple`.
 */
export function matchesPath(matcher: PathMatcher, path: string): boolean {
  switch (matcher.kind) {
    case 'exact':
      return path === matcher.path;
    case 'prefix':
      return path.startsWith(matcher.path) || path === matcher.path.slice(0, -1);
    case 'pattern':
      return matcher.test(path);
  }
}

const matchesHost = (matcher: HostMatcher, host: string): boolean =>
  matcher.kind === 'exact'
    ? matcher.host === host
    : host.length > matcher.suffix.length && host.endsWith(matcher.suffix);

function firstMatch(
  index: PathIndex,
  hostIsKnown: boolean,
  host: string,
  path: string,
  method: string,
): Route | undefined {
  for (const route of routesFor(index, path)) {
    if (!hostIsKnown && !servesHost(route, host)) continue;
    if (servesPath(route, path) && servesMethod(route.methods, method)) return route;
  }
  return undefined;
}

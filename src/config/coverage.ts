import type { HostMatcher, PathMatcher, Route } from '../core/access/route.ts';
import { matchesPath } from '../core/access/routes.ts';

/**
 * What a route matches, compared with what others match. Every answer errs on the side of "does not cover" and of
 * "may overlap": patterns are judged by the text they certainly begin with.
 */

/** Everything. */
const ANY_PATH: PathMatcher = { kind: 'prefix', path: '/' };

/** True if every host the inner matcher accepts is accepted by the outer one. */
const coversHost = (outer: HostMatcher, inner: HostMatcher): boolean => {
  if (outer.kind === 'exact') return inner.kind === 'exact' && inner.host === outer.host;
  if (inner.kind === 'suffix') return inner.suffix.endsWith(outer.suffix);
  return inner.host.length > outer.suffix.length && inner.host.endsWith(outer.suffix);
};

/** True if every path the inner matcher accepts is accepted by the outer one. */
export function coversPath(outer: PathMatcher, inner: PathMatcher): boolean {
  if (inner.kind === 'exact') return matchesPath(outer, inner.path);
  if (outer.kind === 'pattern') return inner.kind === 'pattern' && inner.source === outer.source;
  if (outer.kind === 'exact') return false;
  const start = inner.kind === 'prefix' ? inner.path : certainStart(inner.source);
  return start.startsWith(outer.path) && (inner.kind === 'prefix' || start.length >= outer.path.length);
}

/** True unless no path can be accepted by both. */
export function mayOverlap(left: PathMatcher, right: PathMatcher): boolean {
  if (coversPath(left, right) || coversPath(right, left)) return true;
  if (left.kind !== 'pattern' && right.kind !== 'pattern') return false;
  if (left.kind === 'exact' || right.kind === 'exact') return false; // an exact path is covered or apart
  const [a, b] = [left, right].map((each) => (each.kind === 'pattern' ? certainStart(each.source) : each.path));
  return (a ?? '').startsWith(b ?? '') || (b ?? '').startsWith(a ?? '');
}

/** The text that everything a pattern matches begins with. */
function certainStart(source: string): string {
  if (/[|]|\(\?i/.test(source)) return '/';
  const literal = /^\^?(?<text>(?:[A-Za-z0-9/_-]|\\[./-])*)(?<next>[*?{]?)/.exec(source)?.groups;
  const text = (literal?.['text'] ?? '').replace(/\\(.)/g, '$1');
  return literal?.['next'] ? text.slice(0, -1) : text;
}

const hostsOf = (route: Route): readonly (HostMatcher | undefined)[] =>
  route.hosts.length === 0 ? [undefined] : route.hosts;
const pathsOf = (route: Route): readonly PathMatcher[] => (route.paths.length === 0 ? [ANY_PATH] : route.paths);
const methodsOf = (route: Route): readonly (string | undefined)[] =>
  route.methods.length === 0 ? [undefined] : route.methods;

const coversMethod = (methods: readonly string[], method: string | undefined): boolean =>
  methods.length === 0 ||
  (method !== undefined && (methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))));

/** Routes looked at so far, findable by host: only few of many can cover a given one. */
export class EarlierRoutes {
  readonly #byHost = new Map<string, Route[]>();
  readonly #wide: Route[] = [];

  add(route: Route): void {
    const exact = route.hosts.filter((host) => host.kind === 'exact');
    if (exact.length < Math.max(1, route.hosts.length)) this.#wide.push(route);
    for (const { host } of exact) this.#byHost.set(host, [...(this.#byHost.get(host) ?? []), route]);
  }

  /** Routes that may cover a host; only wide ones cover a wildcard or every host. */
  candidates(host: HostMatcher | undefined): readonly Route[] {
    return host?.kind === 'exact' ? [...this.#wide, ...(this.#byHost.get(host.host) ?? [])] : this.#wide;
  }
}

/**
 * The earlier routes that take everything from a route, or undefined if something is left for it. Every combination of
 * its hosts, paths and methods is looked at by itself, so several routes can cover one together.
 */
export function coveredBy(route: Route, earlier: EarlierRoutes): readonly Route[] | undefined {
  const covering = new Set<Route>();
  for (const host of hostsOf(route)) {
    const candidates = earlier
      .candidates(host)
      .filter((other) =>
        hostsOf(other).some((outer) => outer === undefined || (host !== undefined && coversHost(outer, host))),
      );
    for (const path of pathsOf(route)) {
      for (const method of methodsOf(route)) {
        const covers = (other: Route) =>
          coversMethod(other.methods, method) && pathsOf(other).some((outer) => coversPath(outer, path));
        const by = candidates.find(covers);
        if (by === undefined) return undefined;
        covering.add(by);
      }
    }
  }
  return [...covering];
}

/** True unless no request could match both routes, methods aside. */
export function routesMayOverlap(left: Route, right: Route): boolean {
  const hosts = hostsOf(left).some((a) =>
    hostsOf(right).some((b) => a === undefined || b === undefined || coversHost(a, b) || coversHost(b, a)),
  );
  return hosts && pathsOf(left).some((a) => pathsOf(right).some((b) => mayOverlap(a, b)));
}

/** True if a rule about methods and paths can ever hold on a route. */
export function canApply(
  rule: { readonly methods: readonly string[]; readonly paths: readonly PathMatcher[] },
  route: Route,
): boolean {
  const methods =
    rule.methods.length === 0 ||
    rule.methods.some((method) => coversMethod(route.methods, method)) ||
    route.methods.some((method) => coversMethod(rule.methods, method));
  const paths =
    rule.paths.length === 0 || rule.paths.some((path) => pathsOf(route).some((other) => mayOverlap(path, other)));
  return methods && paths;
}

/** True if everything a route matches lies under a path without a trailing slash. */
export const liesUnder = (route: Route, folder: string): boolean =>
  pathsOf(route).every((path) => coversPath({ kind: 'prefix', path: `${folder}/` }, path));

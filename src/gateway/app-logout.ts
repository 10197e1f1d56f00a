import type { Route } from '../core/access/route.ts';
import { matchesPath } from '../core/access/routes.ts';
import type { Target } from '../core/access/target.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieLine } from '../core/session/cookies.ts';
import type { Watcher } from '../flows/session-watch.ts';
import { signOut } from '../flows/sign-out.ts';
import { fieldOf } from './read-fields.ts';
import { type Admitted, cookiesOf } from './visit.ts';

const NOTHING: readonly string[] = [];

/**
 * Ends the session here once an application has answered its own sign-out. Answers header names and values for that very
 * response: the session's cookie and those of the application are gone with it. `relay` carries the response and is not
 * cut with everything else of the session.
 */
export function signOutWithApplication(visit: Admitted, relay: Watcher): readonly string[] {
  const { route, session, gate, running, target, client, id } = visit;
  if (route.appLogout === undefined || session === undefined || !isSignOut(visit)) return NOTHING;
  gate.live.unwatch(relay);
  const from = { address: client.address.text, request: requestNumber(id) };
  signOut({ ...gate.house, live: gate.live }, session, from).catch((breakage: unknown) =>
    gate.house.log.error('signout.failed', { request: id, route: route.name, error: String(breakage) }),
  );
  const { sameSite } = running.policy.sessions;
  const own = cookieLine(cookiesOf(visit).session, '', { scheme: client.scheme, sameSite, maxAge: 0 });
  const others = goneCookies(route, target, visit.fields.cookie, running.ownCookies);
  return [own, ...others].flatMap((line) => ['Set-Cookie', line]);
}

/** True for a request of the application's own sign-out that somebody made on purpose, on these pages. */
function isSignOut({ route, target, req }: Admitted): boolean {
  const watched = route.appLogout?.watch ?? [];
  if (!target.readings.some((reading) => watched.some((matcher) => matchesPath(matcher, reading)))) return false;
  if (req.method === 'HEAD' || req.method === 'OPTIONS') return false;
  const purpose = fieldOf(req.rawHeaders, 'sec-purpose') ?? fieldOf(req.rawHeaders, 'purpose') ?? '';
  return !/\bprefetch\b/i.test(purpose) && fieldOf(req.rawHeaders, 'sec-fetch-site') !== 'cross-site';
}

/**
 * Set-Cookie lines that take cookies of an application away: at the root, and at every prefix of its route. A name that
 * ends in `*` stands for those of the request that begin so. Cookies of our names are left alone.
 */
export function goneCookies(
  route: Route,
  { scheme }: Pick<Target, 'scheme'>,
  cookie: string | undefined,
  ownCookies: ReadonlySet<string>,
): readonly string[] {
  const wanted = route.appLogout?.clearCookies ?? [];
  if (wanted.length === 0) return NOTHING;
  const sent = namesIn(cookie);
  const meant = wanted.flatMap((name) =>
    name.endsWith('*') ? sent.filter((each) => each.startsWith(name.slice(0, -1))) : [name],
  );
  const secure = scheme === 'https' ? '; Secure' : '';
  return [...new Set(meant)]
    .filter((name) => !ownCookies.has(name))
    .flatMap((name) =>
      pathsOf(route).map((path) => `${name}=; Path=${path}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${secure}`),
    );
}

/** Names in a Cookie field that may stand in a Set-Cookie line. */
export const namesIn = (cookie: string | undefined): readonly string[] =>
  (cookie ?? '')
    .split(';')
    .map((pair) => (pair.split('=', 1)[0] ?? '').trim())
    .filter((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/.test(name));

function pathsOf({ paths }: Route): readonly string[] {
  const prefixes = paths.flatMap((matcher) =>
    matcher.kind === 'prefix' ? [matcher.path, matcher.path.slice(0, -1)] : [],
  );
  return [...new Set(['/', ...prefixes])].filter((path) => path !== '').map((path) => encodeURI(path));
}

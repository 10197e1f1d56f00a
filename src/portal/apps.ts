import { decideAccess } from '../core/access/decide.ts';
import type { HostMatcher, Route } from '../core/access/route.ts';
import { matchRoute, servesMethod } from '../core/access/routes.ts';
import { canonicalise } from '../core/access/target.ts';
import type { Session } from '../core/session/session.ts';
import { plain } from '../http/notices.ts';
import type { App } from '../http/portal-pages.ts';
import { type Answer, goTo, showNotice, showPage, wantsPage } from './answer.ts';
import type { Visit } from './visit.ts';

/** `GET /`: what this person may open, each with what it will ask for. Somebody unknown is asked to sign in first. */
export async function showApps(visit: Visit): Promise<Answer> {
  const { session, policy } = visit;
  if (session !== undefined) {
    const apps = policy.routes.all.flatMap((route) => appOf(visit, session, route) ?? []);
    return showPage(visit, 200, { kind: 'apps', login: session.account.login, apps });
  }
  const login = `${policy.server.reservedPath}/login`;
  if (wantsPage(visit)) return goTo(login);
  return showNotice(visit, 401, (reader) => ({ ...plain(reader, 'sign_in_required', 'signInNeeded'), login }));
}

/** The entry of a route, if there is an address that leads to it and the decision on that address is not a refusal. */
function appOf(visit: Visit, session: Session, route: Route): App | undefined {
  const { policy, context, now } = visit;
  if (route.action.kind === 'respond' || !servesMethod(route.methods, 'GET')) return undefined;
  const address = addressOf(visit, route);
  if (address === undefined) return undefined;
  const read = canonicalise({
    method: 'GET',
    target: address.path,
    hosts: [address.authority],
    scheme: context.scheme,
  });
  if (!read.ok) return undefined;
  const match = matchRoute(policy.routes, read.value, 'GET');
  if (match.kind !== 'route' || match.route !== route) return undefined;
  const facts = { route, target: read.value, method: 'GET', session, address: context.address, now };
  const decision = decideAccess(facts);
  if (decision.kind === 'deny') return undefined;
  // Without a portal a sign-in holds on its own host only; elsewhere the application asks for all it needs.
  const abroad =
    read.value.host !== context.host && policy.server.portal === undefined
      ? decideAccess({ ...facts, session: undefined })
      : decision;
  const href = `${context.scheme}://${address.authority}${address.path}`;
  if (route.auth.kind === 'bypass') return { route, href, need: 'open' };
  return { route, href, need: abroad.kind === 'authenticate' ? abroad.need : [] };
}

/** The first plain path of a route, on its first plain host, with the port this request came to. */
function addressOf(
  { context, request }: Visit,
  route: Route,
): { readonly authority: string; readonly path: string } | undefined {
  const host = route.hosts.length === 0 ? context.host : hostOf(route.hosts, context.host);
  const plain = route.paths.find((matcher) => matcher.kind !== 'pattern');
  const path = route.paths.length === 0 ? '/' : plain?.path;
  if (host === undefined || path === undefined) return undefined;
  const port = /:(\d{1,5})$/.exec(request.headers.host ?? '')?.[1];
  return { authority: port === undefined ? host : `${host}:${port}`, path: encodeURI(path) };
}

/** This host if the route serves it, else its first exact name: a wildcard names no address. */
function hostOf(matchers: readonly HostMatcher[], here: string): string | undefined {
  if (matchers.some((matcher) => (matcher.kind === 'exact' ? matcher.host === here : here.endsWith(matcher.suffix))))
    return here;
  return matchers.find((matcher) => matcher.kind === 'exact')?.host;
}

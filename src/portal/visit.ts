import type { IncomingMessage } from 'node:http';
import type { Address } from '../core/access/cidr.ts';
import type { Policy } from '../core/policy.ts';
import { type CookieNames, cookieNames, readCookie } from '../core/session/cookies.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import type { TellApplications } from '../flows/leaving.ts';
import type { LiveSessions } from '../flows/live-sessions.ts';
import type { SitePages } from '../http/pages.ts';
import type { House, PageContext } from '../ports.ts';

/** What the pages of the reserved path work with. */
export type PortalParts = {
  readonly policy: () => Policy;
  readonly house: House;
  readonly live: LiveSessions;
  readonly pages: SitePages;
  /** Tells the applications behind the gateway that somebody signed out; absent where there are none. */
  readonly tellApplications?: TellApplications;
};

/** What the gateway found out about a request before it handed it over. */
export type PortalContext = {
  readonly requestId: string;
  /** Canonical host, without port. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** Origin of this host as the browser sees it, where the gateway says so. */
  readonly origin?: string | undefined;
  readonly address: Address;
  readonly peerTrusted: boolean;
};

/** One request to the portal, read once. */
export type Visit = {
  readonly parts: PortalParts;
  readonly policy: Policy;
  readonly context: PortalContext;
  readonly request: IncomingMessage;
  readonly now: Instant;
  readonly query: URLSearchParams;
  readonly page: PageContext;
  readonly names: CookieNames;
  /** Value of the browser cookie, if exactly one came. */
  readonly browserSecret: string | undefined;
  readonly handle: string | undefined;
  /** The live session of this request: the very one the gateway sees, from the same cache. */
  readonly session: Session | undefined;
};

/**
 * Reads a request. There is no session middleware: the handle is looked up through the same `LiveSessions` as in the
 * gateway, so that there is one mechanism, one cookie and one moment at which a sign-in ends.
 */
export async function readVisit(request: IncomingMessage, parts: PortalParts, context: PortalContext): Promise<Visit> {
  const policy = parts.policy();
  const now = parts.house.clock.now();
  const names = cookieNames(policy.sessions.cookieName, context.scheme);
  const cookie = request.headers.cookie;
  const handle = readCookie(cookie, names.session);
  const client = { address: context.address.text, userAgent: request.headers['user-agent'] ?? '' };
  const session = handle === undefined ? undefined : await parts.live.find(handle, context.host, now, client);
  const { path, query } = split(request.url ?? '/');
  const page = {
    requestId: context.requestId,
    host: context.host,
    path,
    query,
    acceptLanguage: request.headers['accept-language'],
    cookie,
    now,
  };
  return {
    parts,
    policy,
    context,
    request,
    now,
    query: new URLSearchParams(query),
    page,
    names,
    browserSecret: readCookie(cookie, names.browser),
    handle,
    session,
  };
}

/** Origin of this host as the browser sees it. */
export function originHere({ context, request }: Pick<Visit, 'context' | 'request'>): string {
  const port = /:(\d{1,5})$/.exec(request.headers.host ?? '')?.[1];
  return context.origin ?? `${context.scheme}://${context.host}${port === undefined ? '' : `:${port}`}`;
}

function split(url: string): { readonly path: string; readonly query: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at) };
}

/** The one value of a query parameter; undefined if there is none or more than one. */
export function onlyParameter(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

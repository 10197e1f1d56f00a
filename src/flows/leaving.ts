import type { Address } from '../core/access/cidr.ts';
import type { Route } from '../core/access/route.ts';
import type { Session } from '../core/session/session.ts';

/** Who signed out here, and what the browser's request for that carried. */
export type Leaving = {
  readonly session: Session;
  readonly requestId: string;
  readonly scheme: 'http' | 'https';
  /** Host of the request, without port. */
  readonly host: string;
  /** The same with its port, as the browser names it in the Host field. */
  readonly browserHost: string;
  readonly cookie: string | undefined;
  readonly address: Address;
};

/** What came of it: Set-Cookie lines for the browser, and the routes whose application could not be told. */
export type Told = { readonly cookies: readonly string[]; readonly untold: readonly Route[] };

/** Tells the applications of a host that somebody signed out. Never throws, and answers within seconds. */
export type TellApplications = (leaving: Leaving) => Promise<Told>;

import type { Factor } from '../core/identity/factors.ts';
import type { ServerSettings } from '../core/policy.ts';
import { encodeBase64Url } from '../core/session/handle.ts';
import type { Session } from '../core/session/session.ts';
import { DAY, MINUTE } from '../core/time.ts';
import type { House, LoginTransaction } from '../ports.ts';
import { type Browser, browserOf } from './browser.ts';

/** How long a sign-in may stay on the page. */
export const TRANSACTION_LIFE = 10 * MINUTE;

/** How long after that it is remembered where the person was going. */
export const RENEWABLE = DAY;

export type SignInStart = {
  /** Value of the browser cookie, if one came. */
  readonly browserSecret: string | undefined;
  readonly host: string;
  readonly route: string;
  /** Path and query of the canonical target. */
  readonly returnTo: string;
  readonly need: readonly Factor[];
  /** Step-up: the session that has to rise. */
  readonly rise?: Session | undefined;
  readonly keptPost?: string | undefined;
  /** Method of the request that has to wait. */
  readonly method?: string | undefined;
  /** Where people sign in on the portal: the origin the browser comes back to. */
  readonly origin?: string | undefined;
  /** On the portal: the transaction of another host that this one is for. */
  readonly onBehalfOf?: string | undefined;
};

/** A sign-in that a host demands, as the browser sees that host. */
export type SignInDemand = Omit<SignInStart, 'origin' | 'onBehalfOf'> & { readonly origin: string };

/** True where people sign in on the portal and not on this host. */
export const signsInElsewhere = ({ portal }: Pick<ServerSettings, 'portal'>, host: string): boolean =>
  portal !== undefined && portal.host !== host;

/**
 * Opens a login transaction and says where its page is: on this host, or on the portal where there is one. The door sets
 * the browser cookie of this host, if it is new, and sends the browser there.
 */
export async function demandAt(
  house: Pick<House, 'clock' | 'random' | 'digests' | 'browsers'>,
  server: Pick<ServerSettings, 'portal' | 'reservedPath'>,
  { origin, ...demand }: SignInDemand,
): Promise<{ readonly location: string; readonly browser: Browser }> {
  const elsewhere = signsInElsewhere(server, demand.host);
  // What the session of this host lacks is found out on the portal, whose session may have it.
  const { transaction, browser } = await beginSignIn(
    house,
    elsewhere ? { ...demand, rise: undefined, origin } : demand,
  );
  const base = elsewhere ? (server.portal?.origin ?? '') : '';
  return { location: `${base}${server.reservedPath}/login?t=${transaction.id}`, browser };
}

/** Opens a login transaction. The door sets the browser cookie if it is new and sends the browser to `/login?t=<id>`. */
export async function beginSignIn(
  house: Pick<House, 'clock' | 'random' | 'digests' | 'browsers'>,
  start: SignInStart,
): Promise<{ readonly transaction: LoginTransaction; readonly browser: Browser }> {
  const now = house.clock.now();
  const browser = browserOf(house.random, start.browserSecret);
  const transaction: LoginTransaction = {
    id: encodeBase64Url(house.random.bytes(16)),
    browserHash: house.digests.hash(browser.secret),
    host: start.host,
    route: start.route,
    returnTo: isLocal(start.returnTo) ? start.returnTo : '/',
    need: start.need,
    riseFrom: start.rise?.id,
    keptPost: start.keptPost,
    method: start.method,
    origin: start.origin,
    onBehalfOf: start.onBehalfOf,
    createdAt: now,
    expiresAt: now + TRANSACTION_LIFE,
  };
  await house.browsers.addTransaction(transaction);
  return { transaction, browser };
}

export type OpenedSignIn =
  | { readonly kind: 'open'; readonly transaction: LoginTransaction }
  /** Too old; this one stands in its place, to the same destination. */
  | { readonly kind: 'expired'; readonly transaction: LoginTransaction }
  /** Unknown, used, or its session ended: begin anew, at `returnTo` if that is known. */
  | { readonly kind: 'gone'; readonly returnTo: string | undefined }
  /** Begun in another browser (or this one keeps no cookies): never continued here. */
  | { readonly kind: 'foreign-browser' };

export type Opening = {
  readonly transaction: string;
  readonly browserSecret: string | undefined;
  readonly host: string;
  /** The live session of the request, if there is one. */
  readonly session: Session | undefined;
};

/** Finds the sign-in in progress that a page shows. */
export async function openSignIn(
  house: Pick<House, 'clock' | 'random' | 'digests' | 'browsers'>,
  opening: Opening,
): Promise<OpenedSignIn> {
  const now = house.clock.now();
  const found = await house.browsers.findTransaction(opening.transaction, now);
  // Asked as of yesterday, an expired one is still there, until it is swept away.
  const transaction = found ?? (await house.browsers.findTransaction(opening.transaction, now - RENEWABLE));
  if (transaction === undefined || transaction.host !== opening.host || transaction.origin !== undefined)
    return { kind: 'gone', returnTo: undefined };
  const browserHash = opening.browserSecret === undefined ? '' : house.digests.hash(opening.browserSecret);
  if (!house.digests.equal(browserHash, transaction.browserHash)) return { kind: 'foreign-browser' };
  if (transaction.riseFrom !== undefined && transaction.riseFrom !== opening.session?.id) {
    return { kind: 'gone', returnTo: transaction.returnTo };
  }
  if (found !== undefined) return { kind: 'open', transaction: found };
  const renewed = await beginSignIn(house, {
    ...transaction,
    browserSecret: opening.browserSecret,
    rise: transaction.riseFrom === undefined ? undefined : opening.session,
  });
  return { kind: 'expired', transaction: renewed.transaction };
}

/** True for a path of our own host: a second slash or a backslash would make it another host's. */
const isLocal = (target: string): boolean => /^\/(?![/\\])/.test(target);

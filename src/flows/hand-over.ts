import type { Address } from '../core/access/cidr.ts';
import { decideAccess } from '../core/access/decide.ts';
import type { Route } from '../core/access/route.ts';
import { namesHost } from '../core/access/routes.ts';
import { canonicalise } from '../core/access/target.ts';
import type { Factor, Proofs } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { encodeBase64Url, HANDLE_BYTES } from '../core/session/handle.ts';
import type { Session } from '../core/session/session.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { House, LoginTransaction } from '../ports.ts';
import { beginSignIn, RENEWABLE } from './begin-sign-in.ts';
import type { Browser } from './browser.ts';

/** How long a hand-over code is worth something: the way of one redirect. */
const HAND_OVER_LIFE = MINUTE;

export type HandOverPorts = Pick<House, 'clock' | 'random' | 'digests' | 'browsers' | 'sessions'>;

/** A browser that comes to the portal because another host asks for a sign-in. */
export type PortalArrival = {
  /** Identifier of a login transaction: of the other host, or of the portal on behalf of it. */
  readonly transaction: string;
  /** The portal's own host, session and browser cookie, and the scheme it is asked with. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  readonly session: Session | undefined;
  readonly browserSecret: string | undefined;
  readonly address: Address;
};

export type PortalWelcome =
  /** Nothing is missing: the browser goes back with a one-time code. */
  | { readonly kind: 'hand-over'; readonly location: string }
  /** Something is: the portal's own transaction asks for it, and comes back here. */
  | { readonly kind: 'ask'; readonly transaction: LoginTransaction; readonly browser: Browser }
  /** No other host waits for this one. */
  | { readonly kind: 'none' };

/**
 * Receives a browser that another host sent to sign in. If the portal's session proves what that host asks, it is handed
 * over without a word; else only what is missing is asked for. Nothing of the address says where the browser goes.
 */
export async function receiveAtPortal(
  house: HandOverPorts,
  policy: Policy,
  arrival: PortalArrival,
): Promise<PortalWelcome> {
  const aim = await findAim(house, arrival.transaction);
  if (aim?.origin === undefined || aim.host === arrival.host) return { kind: 'none' };
  const now = house.clock.now();
  const { session } = arrival;
  const lacking = lackingFor(policy, aim, arrival, now);
  if (session !== undefined && lacking.need.length === 0) {
    return { kind: 'hand-over', location: await issueCode(house, policy, aim.id, aim.origin, session, now) };
  }
  const { transaction, browser } = await beginSignIn(house, {
    browserSecret: arrival.browserSecret,
    host: arrival.host,
    route: aim.route,
    returnTo: `${policy.server.reservedPath}/login?t=${aim.id}`,
    need: lacking.need,
    rise: lacking.anew ? undefined : session,
    keptPost: aim.keptPost,
    method: aim.method,
    onBehalfOf: aim.id,
  });
  return { kind: 'ask', transaction, browser };
}

/** The other host's transaction that a transaction is, or stands for; undefined if there is none or it is over. */
export async function findAim(
  house: Pick<House, 'clock' | 'browsers'>,
  id: string,
): Promise<LoginTransaction | undefined> {
  // One whose page was left open still says where the person was going.
  const since = house.clock.now() - RENEWABLE;
  const found = await house.browsers.findTransaction(id, since);
  if (found?.onBehalfOf === undefined) return found?.origin === undefined ? undefined : found;
  return house.browsers.findTransaction(found.onBehalfOf, since);
}

type Lacking = { readonly need: readonly Factor[] /** A new sign-in, not a rise. */; readonly anew: boolean };

/**
 * What the request that waits still needs of this session: decided by the function the gateway itself will ask, so that
 * the two never send a browser back and forth. Who may pass is left to the gateway.
 */
function lackingFor(policy: Policy, aim: LoginTransaction, arrival: PortalArrival, now: Instant): Lacking {
  const { session, address } = arrival;
  const route = policy.routes.all.find(({ name }) => name === aim.route);
  const held = session?.proofs ?? {};
  const proofs = mayBeSilent(policy, aim, arrival) ? held : since(held, aim.createdAt);
  if (route === undefined) {
    return { need: aim.need.filter((factor) => proofs[factor] === undefined), anew: session === undefined };
  }
  const method = aim.method ?? 'GET';
  const scheme = aim.origin?.startsWith('https:') === true ? 'https' : 'http';
  const target = canonicalise({ method, target: aim.returnTo, hosts: [aim.host], scheme });
  if (!target.ok) return { need: aim.need, anew: true };
  const facts = { target: target.value, method, address, now };
  const decision = decideAccess({ ...facts, route: forAnybody(route), session: session && { ...session, proofs } });
  if (decision.kind !== 'authenticate') return { need: [], anew: false };
  return { need: decision.need, anew: session === undefined || decision.reason === 'session-expired' };
}

/**
 * Whether a host gets a sign-in on proofs that were given for something else. A host that no route names may be anybody's
 * name for this server, and whoever listens on a network may make a browser ask for http. Both are given only what is
 * proved for them, on a page that shows their name.
 */
const mayBeSilent = ({ routes }: Policy, { host, origin = '' }: LoginTransaction, { scheme }: PortalArrival): boolean =>
  namesHost(routes, host) && (scheme === 'http' || origin.startsWith('https:'));

const since = (proofs: Proofs, begun: Instant): Proofs =>
  Object.fromEntries(Object.entries(proofs).filter(([, at]) => at >= begun));

const forAnybody = (route: Route): Route => ({
  ...route,
  allow: { users: [], groups: [], networks: [], schedules: [], exceptUsers: [], exceptGroups: [] },
});

async function issueCode(
  house: HandOverPorts,
  { server }: Policy,
  transaction: string,
  origin: string,
  session: Session,
  now: Instant,
): Promise<string> {
  const code = encodeBase64Url(house.random.bytes(HANDLE_BYTES));
  const { digests, sessions } = house;
  const life = { createdAt: now, expiresAt: now + HAND_OVER_LIFE };
  await sessions.addHandOver({ hash: digests.hash(code), transaction, signIn: session.id, ...life });
  return `${origin}${server.reservedPath}/handover?c=${code}`;
}

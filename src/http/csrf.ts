import { readAuthority } from '../core/access/authority.ts';
import type { Digests } from '../ports.ts';

/** The token of a form: bound to the browser's secret and to what the form is about (a transaction, an act). */
export const formToken = (digests: Digests, browserSecret: string, about: string): string =>
  digests.mac('csrf', `${browserSecret}\n${about}`);

/** True if the token that came back is the one this browser was given for this form. */
export const isOwnForm = (digests: Digests, browserSecret: string, about: string, token: string): boolean =>
  digests.equal(formToken(digests, browserSecret, about), token);

/** Where a submission says it comes from, and where it arrived. */
export type Provenance = {
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly scheme: 'http' | 'https';
  /** Host without port, as the gateway understood it. */
  readonly host: string;
  /** The Host field as sent: it has the port, which the cookie does not know. */
  readonly hostField: string | undefined;
};

/**
 * True if a browser says that another site sent this. `Origin: null` alone is not proof of that: pages that send no
 * referrer, ours among them, send it too. The form's token decides then.
 */
export function isForeign(from: Provenance): boolean {
  const { fetchSite, origin } = from;
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return true;
  if (origin === undefined) return false;
  if (origin === 'null') return false;
  const named = /^(https?):\/\/([^/?#@]+)$/i.exec(origin);
  if (named?.[1]?.toLowerCase() !== from.scheme) return true;
  const theirs = readAuthority(named[2] ?? '', from.scheme);
  if (theirs?.host !== from.host) return true;
  const arrived = from.hostField === undefined ? undefined : readAuthority(from.hostField, from.scheme);
  // A proxy in front may have put another name into Host; then there is no port to compare with.
  return arrived?.host === from.host && arrived.port !== theirs.port;
}

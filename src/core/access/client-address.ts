import { type Address, type Cidr, containsAny, readAddress } from './cidr.ts';

/** What a connection and its forwarding headers say about who is asking. */
export type PeerFacts = {
  /** Address of the socket's other end. */
  readonly peer: Address;
  /** Raw header names and values, alternating, as the parser delivered them. */
  readonly rawHeaders: readonly string[];
  /** Scheme of our own listener. */
  readonly scheme: 'http' | 'https';
};

/** Who is asking, as far as it may be believed. */
export type Client = {
  readonly address: Address;
  readonly scheme: 'http' | 'https';
  /** The host a trusted proxy says the browser asked for, if it says so exactly once. */
  readonly forwardedHost: string | undefined;
  /** True if the socket's other end is a trusted proxy. */
  readonly isProxied: boolean;
};

/**
 * The client behind a connection. Forwarding headers are believed only from `trusted` peers: the chain in
 * X-Forwarded-For (or Forwarded, RFC 7239, where the former is absent) is read from the right, over addresses that are
 * themselves trusted, and ends at the first that is not. An entry that is no address ends the chain before it.
 */
export function clientOf(facts: PeerFacts, trusted: readonly Cidr[]): Client {
  if (trusted.length === 0 || !containsAny(trusted, facts.peer)) {
    return { address: facts.peer, scheme: facts.scheme, forwardedHost: undefined, isProxied: false };
  }
  const values = (name: string): string[] => valuesOf(facts.rawHeaders, name);
  const forwarded = values('forwarded').join(',');
  const chain = values('x-forwarded-for').join(',');
  const hops = chain !== '' ? chain.split(',') : forwardedParameters(forwarded, 'for');
  const schemes = values('x-forwarded-proto');
  const scheme = (schemes.length > 0 ? schemes : forwardedParameters(forwarded, 'proto')).at(-1)?.trim().toLowerCase();
  const hosts = values('x-forwarded-host');
  return {
    address: addressFrom(hops, facts.peer, trusted),
    scheme: scheme === 'https' || scheme === 'http' ? scheme : facts.scheme,
    forwardedHost: hosts.length === 1 ? hosts[0]?.trim() : undefined,
    isProxied: true,
  };
}

function addressFrom(hops: readonly string[], peer: Address, trusted: readonly Cidr[]): Address {
  let address = peer;
  for (const hop of hops.toReversed()) {
    const next = readAddress(withoutPort(hop.trim()));
    if (next === undefined) return address;
    address = next;
    if (!containsAny(trusted, next)) return address;
  }
  return address;
}

/** `192.0.2.1:80`, `[2001:db8::1]:80` and `"[2001:db8::1]"` name an address too (RFC 7239 §6). */
function withoutPort(hop: string): string {
  const bare = hop.replace(/^"|"$/g, '');
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(bare);
  if (bracketed !== null) return bracketed[1] ?? '';
  return bare.split(':').length === 2 ? (bare.split(':')[0] ?? '') : bare;
}

/** The values of one parameter over all elements of a Forwarded field. */
const forwardedParameters = (field: string, name: string): string[] =>
  field
    .split(',')
    .flatMap((element) => element.split(';'))
    .map((pair) => pair.trim().split('=', 2))
    .filter(([key]) => key?.toLowerCase() === name)
    .map(([, value]) => (value ?? '').replace(/^"|"$/g, ''));

/** Every value of a field, in order (names compare without case). */
export function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}

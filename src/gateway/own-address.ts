import { readAuthority } from '../core/access/authority.ts';
import type { OwnName, Route } from '../core/access/route.ts';
import type { Target } from '../core/access/target.ts';
import { applicationPath, browserPath } from './prefixes.ts';
import { originOf } from './visit.ts';

/** Who speaks of itself, and what the browser calls it. */
export type AddressFacts = {
  readonly route: Route;
  readonly target: Target;
  /** `host:port` of every target, and the Host field that was sent: names of the application for itself. */
  readonly upstreamHosts: () => readonly string[];
};

/**
 * A URI reference of the application (RFC 3986 §4.1) as the browser has to follow it: to the application's own address
 * it is turned to the browser's, and its path to what the prefixes of the route make of it. A reference to anywhere else
 * stays byte for byte.
 */
export function rewriteReference(value: string, facts: AddressFacts): string {
  const { rewrite } = facts.route;
  if (rewrite.location === 'keep') return value;
  if (value.startsWith('/') && !value.startsWith('//')) return browserPath(value, rewrite);
  const absolute = /^(?:(https?):)?\/\/([^/?#\\]*)([/?#].*)?$/is.exec(value);
  if (absolute === null) return climbing(value, facts);
  const { target } = facts;
  const scheme = absolute[1] === undefined ? target.scheme : schemeOf(absolute[1]);
  const named = readAuthority(absolute[2] ?? '', scheme);
  if (named === undefined || !isOwn(named, scheme, facts)) return value;
  const rest = absolute[3] ?? '/';
  return originOf(target) + (rest.startsWith('/') ? browserPath(rest, rewrite) : `/${rest}`);
}

const schemeOf = (written: string): 'http' | 'https' => (written.toLowerCase() === 'https' ? 'https' : 'http');

/** True for a name of the application, for the browser's own, and for what the application may take that for. */
function isOwn(named: { host: string; port: number }, scheme: 'http' | 'https', facts: AddressFacts): boolean {
  const { route, target } = facts;
  if (named.host === target.host && named.port === target.port) return true;
  const own = [...facts.upstreamHosts().flatMap(nameOf), ...route.rewrite.names];
  if (own.some(({ host, port }) => host === named.host && holdsPort(port, named.port))) return true;
  // The browser's host with the upstream's port, or with none: the application guessing at its own address.
  const isUsual = named.port === (scheme === 'https' ? 443 : 80);
  return named.host === target.host && (isUsual || own.some(({ port }) => holdsPort(port, named.port)));
}

function nameOf(authority: string): OwnName[] {
  const named = readAuthority(authority, 'http');
  return named === undefined ? [] : [{ host: named.host, port: /:[0-9]+$/.test(authority) ? named.port : undefined }];
}

const holdsPort = (own: number | undefined, port: number): boolean =>
  own === undefined ? port === 80 || port === 443 : own === port;

/** A relative reference that may climb out of the application's prefix, resolved where the application thinks it is. */
function climbing(value: string, { route, target }: AddressFacts): string {
  const { stripPrefix, addPrefix } = route.rewrite;
  if ((stripPrefix === '' && addPrefix === '') || !/^[\x21\x23-\x7e]*$/.test(value)) return value;
  if (!/(?:^|\/)\.\.(?:[/?#]|$)/.test(value) || /^[a-z][a-z0-9+.-]*:|[\\]/i.test(value)) return value;
  const base = `http://application${applicationPath(target.path, route.rewrite)}`;
  if (!URL.canParse(value, base)) return value;
  const { host, pathname, search, hash } = new URL(value, base);
  if (host !== 'application') return value;
  const path = browserPath(pathname + search + hash, route.rewrite);
  // What climbed to two slashes in front would name another host.
  return path.startsWith('//') ? `/.${path}` : path;
}

/** A Refresh field: seconds, and where to go after them. */
export function rewriteRefresh(value: string, facts: AddressFacts): string {
  const parts = /^([\s\d.]+[;,]\s*(?:url\s*=\s*)?["']?)([^"'\s].*)$/is.exec(value);
  if (parts === null) return value;
  const [, before = '', rest = ''] = parts;
  const reference = rest.replace(/["'\s].*$/s, '');
  return before + rewriteReference(reference, facts) + rest.slice(reference.length);
}

/** A Link field (RFC 8288 §3): the references in angle brackets, wherever no quotes are around them. */
export const rewriteLinks = (value: string, facts: AddressFacts): string =>
  value.replace(/"(?:[^"\\]|\\.)*"|<([^<>]*)>/g, (whole, reference: string | undefined) =>
    reference === undefined ? whole : `<${rewriteReference(reference, facts)}>`,
  );

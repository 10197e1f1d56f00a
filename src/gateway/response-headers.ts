import { readAuthority } from '../core/access/authority.ts';
import type { Rewrite, Route } from '../core/access/route.ts';
import type { Target } from '../core/access/target.ts';
import { originOf } from './visit.ts';

/** What the headers of a response are judged by. */
export type ResponseFacts = {
  readonly route: Route;
  readonly target: Target;
  /** `host:port` of the upstream, and the Host field it was sent: both are names of the application for itself. */
  readonly upstreamHosts: () => readonly string[];
  readonly ownCookies: ReadonlySet<string>;
  readonly requestId: string;
  /** The answer may depend on who asked. */
  readonly isPersonal: boolean;
  readonly status: number;
};

type ResponseField = 'keep' | 'drop' | 'connection' | 'location' | 'set-cookie' | 'cache-control' | 'vary' | 'length';

const FIELDS: Readonly<Record<string, ResponseField>> = {
  connection: 'connection',
  'keep-alive': 'drop',
  'proxy-connection': 'drop',
  'proxy-authenticate': 'drop',
  'proxy-authentication-info': 'drop',
  te: 'drop',
  trailer: 'drop',
  'transfer-encoding': 'drop',
  upgrade: 'drop',
  'x-request-id': 'drop',
  location: 'location',
  'content-location': 'location',
  'set-cookie': 'set-cookie',
  'cache-control': 'cache-control',
  vary: 'vary',
  'content-length': 'length',
};

const known = new Map<string, ResponseField>();

/** What a field name means here, remembered: the same names come with every response. */
function classify(name: string): ResponseField {
  const remembered = known.get(name);
  if (remembered !== undefined) return remembered;
  const folded = name.toLowerCase();
  const field = Object.hasOwn(FIELDS, folded) ? (FIELDS[folded] ?? 'keep') : 'keep';
  if (known.size < 4096) known.set(name, field);
  return field;
}

/**
 * The header list for the browser: hop-by-hop fields and those named by `Connection` removed (RFC 9110 §7.6.1),
 * redirects and cookies turned to the address the browser knows, cookies of our names dropped. A personal answer that
 * does not call itself public is marked private; what the application says about caching is never weakened.
 */
export function responseHeaders(raw: readonly string[], facts: ResponseFacts): string[] {
  const nominated = nominatedBy(raw);
  const headers: string[] = [];
  let caching = '';
  let varies = false;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    if (nominated?.includes(name.toLowerCase())) continue;
    switch (classify(name)) {
      case 'connection':
      case 'drop':
        break;
      case 'length':
        if (facts.status !== 204) headers.push(name, value);
        break;
      case 'location':
        headers.push(name, rewriteLocation(value, facts));
        break;
      case 'set-cookie': {
        const cookie = rewriteCookie(value, facts);
        if (cookie !== undefined) headers.push(name, cookie);
        break;
      }
      case 'cache-control':
        caching += `,${value}`;
        headers.push(name, value);
        break;
      case 'vary':
        varies ||= /(?:^|,)[ \t]*(?:cookie|\*)[ \t]*(?:,|$)/i.test(value);
        headers.push(name, value);
        break;
      case 'keep':
        headers.push(name, value);
    }
  }
  headers.push('X-Request-Id', facts.requestId);
  if (!facts.isPersonal) return headers;
  const sharing = caching === '' ? 'unsaid' : sharingOf(caching);
  if (sharing === 'public') return headers;
  if (sharing === 'unsaid') headers.push('Cache-Control', 'private');
  if (!varies) headers.push('Vary', 'Cookie');
  return headers;
}

/** Whether shared caches may keep an answer, as its Cache-Control fields say. */
type Sharing = 'public' | 'private' | 'unsaid';

const sharings = new Map<string, Sharing>();

/** Remembered, for the same few texts come with every answer. */
function sharingOf(caching: string): Sharing {
  const known = sharings.get(caching);
  if (known !== undefined) return known;
  const directives = directivesOf(caching);
  const isPrivate = directives.has('private') || directives.has('no-store');
  const sharing = directives.has('public') ? 'public' : isPrivate ? 'private' : 'unsaid';
  if (sharings.size < 1024 && caching.length < 256) sharings.set(caching, sharing);
  return sharing;
}

/** The directives of Cache-Control fields, in lower case; one with an argument keeps it and is another (RFC 9111 §5.2). */
const directivesOf = (caching: string): ReadonlySet<string> => {
  const bare = caching.toLowerCase().replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return new Set(bare.split(',').map((directive) => directive.trim()));
};

/** The names a Connection field lists besides its own keywords; undefined where there are none. */
function nominatedBy(raw: readonly string[]): string[] | undefined {
  let names: string[] | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (raw[index]?.length !== 10 || classify(raw[index] ?? '') !== 'connection') continue;
    const value = (raw[index + 1] ?? '').toLowerCase();
    if (value === 'keep-alive' || value === 'close') continue;
    names = [...(names ?? []), ...value.split(',').map((token) => token.trim())];
  }
  return names;
}

/** A redirect to the application's own address, turned to the browser's. Everything else stays as it is. */
function rewriteLocation(value: string, { route, target, upstreamHosts }: ResponseFacts): string {
  const { rewrite } = route;
  if (rewrite.location === 'keep') return value;
  if (value.startsWith('/') && !value.startsWith('//')) return browserPath(value, rewrite);
  const absolute = /^(https?):\/\/([^/?#\\]*)([/?#].*)?$/is.exec(value);
  if (absolute === null) return value;
  const scheme = absolute[1]?.toLowerCase() === 'https' ? 'https' : 'http';
  const named = readAuthority(absolute[2] ?? '', scheme);
  if (named === undefined) return value;
  const usual = scheme === 'https' ? 443 : 80;
  const isOwn = upstreamHosts().some((host) => {
    const own = readAuthority(host, 'http');
    // The browser's host with the upstream's port, or with none: the application guessing at its own address.
    const isGuess = named.host === target.host && (named.port === own?.port || named.port === usual);
    return own !== undefined && ((own.host === named.host && own.port === named.port) || isGuess);
  });
  if (!isOwn && !(named.host === target.host && named.port === target.port)) return value;
  const rest = absolute[3] ?? '/';
  return originOf(target) + (rest.startsWith('/') ? browserPath(rest, rewrite) : `/${rest}`);
}

/** The application's path as the browser has to ask for it. */
function browserPath(path: string, { stripPrefix, addPrefix }: Rewrite): string {
  const inner = addPrefix !== '' && isBelow(path, addPrefix) ? path.slice(addPrefix.length) : path;
  const rooted = inner === path || inner.startsWith('/') ? inner : `/${inner}`;
  if (stripPrefix !== '') return `${stripPrefix}${rooted.startsWith('/') ? rooted : `/${rooted}`}`;
  // With the prefix gone, a second slash in front would name another host; browsers overlook tabs and turn backslashes.
  return inner !== path && /^[/\\]\s*[/\\]/.test(rooted) ? `/.${rooted}` : rooted;
}

/** True if the path is the prefix or lies below it, by whole segments. */
export const isBelow = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (prefix.endsWith('/') || /^(?:[/?#]|$)/.test(path.slice(prefix.length)));

/** A cookie as the browser may keep it; undefined for one of our names. */
function rewriteCookie(line: string, { route, target, ownCookies }: ResponseFacts): string | undefined {
  const [pair = '', ...attributes] = line.split(';');
  // A cookie without a name is sent back as its bare value, which may read `name=value` (RFC 6265bis §5.8.3).
  const named = pair.replace(/^[\s=]+/, '');
  if (ownCookies.has((named.split('=')[0] ?? '').trim())) return undefined;
  const { cookies, stripPrefix, addPrefix } = route.rewrite;
  const parts = [pair];
  const has = new Set<string>();
  for (const attribute of attributes) {
    const [key = '', value = ''] = attribute.trim().split('=', 2);
    const name = key.trim().toLowerCase();
    if (name === 'domain' && cookies.domain === 'auto' && !coversHost(value, target.host)) continue;
    if (name === 'samesite' && cookies.sameSite !== 'keep') continue;
    has.add(name);
    const moved = name === 'path' && cookies.path === 'auto' && (stripPrefix !== '' || addPrefix !== '');
    parts.push(moved ? ` Path=${browserPath(value, route.rewrite)}` : attribute);
  }
  for (const flag of cookies.add) {
    if (has.has(flag.toLowerCase()) || (flag === 'Secure' && target.scheme !== 'https')) continue;
    parts.push(` ${flag}`);
  }
  if (cookies.sameSite !== 'keep') parts.push(` SameSite=${SAME_SITE[cookies.sameSite]}`);
  return parts.join(';');
}

/** True if a Domain covers the browser's host. A browser refuses a cookie whose Domain does not; host-only is right then. */
function coversHost(value: string, host: string): boolean {
  const domain = value.trim().toLowerCase().replace(/^\./, '');
  return domain === host || host.endsWith(`.${domain}`);
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

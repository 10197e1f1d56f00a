import { type CookieFacts, rewriteCookie } from './app-cookies.ts';
import { type AddressFacts, rewriteLinks, rewriteReference, rewriteRefresh } from './own-address.ts';

/** What the headers of a response are judged by. */
export type ResponseFacts = AddressFacts &
  CookieFacts & {
    readonly requestId: string;
    /** The answer may depend on who asked. */
    readonly isPersonal: boolean;
    readonly status: number;
  };

type ResponseField =
  | 'keep'
  | 'drop'
  | 'connection'
  | 'location'
  | 'refresh'
  | 'link'
  | 'set-cookie'
  | 'cache-control'
  | 'vary'
  | 'length';

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
  refresh: 'refresh',
  link: 'link',
  'set-cookie': 'set-cookie',
  'cache-control': 'cache-control',
  vary: 'vary',
  'content-length': 'length',
};

const known = new Map<string, ResponseField>();

function placeOf(name: string): number {
  return 32 * name.length + (name.charCodeAt(0) & 31);
}

/** Length and first letter of every name that means something, so that most names need no look into a table. */
const MAYBE = new Set(Object.keys(FIELDS).map(placeOf));

/** What a field name means here, remembered: the same names come with every response. */
function classify(name: string): ResponseField {
  if (!MAYBE.has(placeOf(name))) return 'keep';
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
        headers.push(name, rewriteReference(value, facts));
        break;
      case 'refresh':
        headers.push(name, rewriteRefresh(value, facts));
        break;
      case 'link':
        headers.push(name, rewriteLinks(value, facts));
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

import { type CookieFacts, rewriteCookie } from './app-cookies.ts';
import { type AddressFacts, rewriteLinks, rewriteReference, rewriteRefresh } from './own-address.ts';
import { eachField, type ResponseHead, trimOws } from './upstream/response-head.ts';

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
  | 'length'
  | 'date';

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
  date: 'date',
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

/** What goes to the browser: lines as they came, and fields of which something depends, names and values in turn. */
export type BrowserFields = { readonly lines: string; readonly headers: string[] };

/**
 * The fields for the browser: hop-by-hop fields and those named by `Connection` removed (RFC 9110 §7.6.1), redirects and
 * cookies turned to the address the browser knows, cookies of our names dropped. A personal answer that does not call
 * itself public is marked private; what the application says about caching is never weakened. Most fields mean nothing
 * here: their lines are passed on in one piece.
 */
export function responseHeaders({ section }: ResponseHead, facts: ResponseFacts): BrowserFields {
  const nominated = nominatedBy(section);
  const headers: string[] = [];
  const caching = new Caching();
  let lines = '';
  let from = 2;
  eachField(section, (start, colon, end) => {
    const isPlain = !MAYBE.has(32 * (colon - start) + (section.charCodeAt(start) & 31));
    if (isPlain && nominated === undefined) return;
    const name = section.slice(start, colon);
    const isNominated = nominated?.includes(name.toLowerCase()) === true;
    const field = isPlain ? 'keep' : classify(name);
    if (field === 'keep' && !isNominated) return;
    lines += section.slice(from, start);
    from = end + 2;
    if (!isNominated) rewriteField(field, name, trimOws(section, colon + 1, end), { facts, headers, caching });
  });
  if (from < section.length) lines += `${section.slice(from)}\r\n`;
  headers.push('X-Request-Id', facts.requestId);
  if (facts.isPersonal) caching.markPrivate(headers);
  return { lines, headers };
}

type Rewriting = { readonly facts: ResponseFacts; readonly headers: string[]; readonly caching: Caching };

/** Adds one field that means something to what goes to the browser, or leaves it out. */
function rewriteField(field: ResponseField, name: string, value: string, { facts, headers, caching }: Rewriting): void {
  switch (field) {
    case 'keep':
    case 'connection':
    case 'drop':
      return;
    case 'length':
      if (facts.status !== 204) headers.push(name, value);
      return;
    case 'location':
      headers.push(name, rewriteReference(value, facts));
      return;
    case 'refresh':
      headers.push(name, rewriteRefresh(value, facts));
      return;
    case 'link':
      headers.push(name, rewriteLinks(value, facts));
      return;
    case 'set-cookie': {
      const cookie = rewriteCookie(value, facts);
      if (cookie !== undefined) headers.push(name, cookie);
      return;
    }
    case 'cache-control':
      caching.control += `,${value}`;
      headers.push(name, value);
      return;
    case 'vary':
      caching.varies ||= /(?:^|,)[ \t]*(?:cookie|\*)[ \t]*(?:,|$)/i.test(value);
      headers.push(name, value);
      return;
    case 'date':
      headers.push(name, value);
  }
}

/** What the application says of caching. */
class Caching {
  control = '';
  varies = false;

  /** Adds what an answer needs that depends on who asked, unless it calls itself public. */
  markPrivate(headers: string[]): void {
    const sharing = this.control === '' ? 'unsaid' : sharingOf(this.control);
    if (sharing === 'public') return;
    if (sharing === 'unsaid') headers.push('Cache-Control', 'private');
    if (!this.varies) headers.push('Vary', 'Cookie');
  }
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

/** The names Connection fields list besides their own keywords; undefined where there are none. */
function nominatedBy(section: string): string[] | undefined {
  if (!/\r\nconnection:/i.test(section)) return undefined;
  let names: string[] | undefined;
  eachField(section, (start, colon, end) => {
    if (colon - start !== 10 || classify(section.slice(start, colon)) !== 'connection') return;
    const value = trimOws(section, colon + 1, end).toLowerCase();
    if (value === 'keep-alive' || value === 'close') return;
    names = [...(names ?? []), ...value.split(',').map((token) => token.trim())];
  });
  return names;
}

import { err, ok, type Result } from '../result.ts';

/** Fields that end at each hop and are never forwarded (RFC 9110 §7.6.1), and fields that only the transport writes. */
const OURS_TO_FRAME = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
  'x-request-id',
  'via',
];

/** Fields that tell an application about the client; from a peer that is not trusted they are lies. */
const FORWARDING = [
  'forwarded',
  'x-real-ip',
  'true-client-ip',
  'client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-proxyuser-ip',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'front-end-https',
];
const FORWARDING_PREFIXES = ['xforwarded', 'xoriginal', 'xrewrite', 'cf', 'xreplaced'];

/** Fields that a `Connection` header may not nominate: removing them would change framing, identity or routing. */
const NEVER_NOMINATED = ['host', 'cookie', 'contentlength', 'transferencoding', 'authorization', 'xforwardedfor'];

/**
 * A header name as CGI, WSGI and their like may read it: letters and digits only, lower case. `X_Sumun-User`,
 * `x.sumun.user` and `X--Sumun-User` fold to the same, so none of them can stand in for our own header.
 */
export const foldHeaderName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** What happens to a client's header: kept as it is, dropped, dropped as an attempt to speak in our name, or special. */
export type HeaderClass = 'keep' | 'drop' | 'forwarding' | 'reserved' | 'connection' | 'cookie';

/** The rules of one configuration, with what they said of a name remembered: the same names come with every request. */
export type HeaderRules = { classify(name: string): HeaderClass; readonly ownCookies: readonly string[] };

/**
 * Builds the rules. `reserved` are the names that any identity profile may set or the configuration removes, in any
 * spelling; every name that begins with `x-sumun` is reserved besides. `ownCookies` never leave the gateway.
 */
export function headerRules(reserved: readonly string[], ownCookies: readonly string[]): HeaderRules {
  const reservedFolded = new Set(reserved.map(foldHeaderName));
  const framed = new Set(OURS_TO_FRAME.map(foldHeaderName));
  const forwarding = new Set(FORWARDING.map(foldHeaderName));
  const decide = (name: string): HeaderClass => {
    const folded = foldHeaderName(name);
    if (reservedFolded.has(folded) || folded.startsWith('xsumun')) return 'reserved';
    if (folded === 'connection') return 'connection';
    if (framed.has(folded)) return 'drop';
    if (forwarding.has(folded) || FORWARDING_PREFIXES.some((prefix) => startsWithWord(name, folded, prefix)))
      return 'forwarding';
    return folded === 'cookie' ? 'cookie' : 'keep';
  };
  const known = new Map<string, HeaderClass>();
  const classify = (name: string): HeaderClass => {
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    const decided = decide(name);
    if (known.size < 4096) known.set(name, decided);
    return decided;
  };
  return { classify, ownCookies };
}

/** `CF-Ray` begins with the word `cf`; `Cfg` does not. */
const startsWithWord = (name: string, folded: string, prefix: string): boolean =>
  folded.startsWith(prefix) && (prefix.length > 2 || /^[^a-z0-9]*cf[^a-z0-9]/i.test(name));

export type OutgoingFacts = {
  readonly rawHeaders: readonly string[];
  /** True if the peer's forwarding headers may be believed. X-Forwarded-* are written anew all the same. */
  readonly isProxied: boolean;
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly scheme: 'http' | 'https';
  readonly port: number;
  /** The Host field as the browser sent it. */
  readonly browserHost: string;
};

export type OutgoingHeaders = {
  /** Names and values, alternating: the client's in their order and case, then ours. */
  readonly headers: string[];
  /** Names of client headers that spoke in our name. */
  readonly spoofed: readonly string[];
};

/**
 * The header list for the application, built from an empty list: what may pass is copied, everything else is not.
 * The names that `Connection` nominates are applied to the client's headers before ours are added, so no client can
 * remove what we say. Host, framing fields, the request's number and identity are added by the caller. Refused: a nomination of a field that frames,
 * routes or authenticates.
 */
export function outgoingHeaders(facts: OutgoingFacts, rules: HeaderRules): Result<OutgoingHeaders, 'bad-nomination'> {
  const nominated = nominatedFields(facts.rawHeaders);
  if (nominated === undefined) return err('bad-nomination');
  const headers: string[] = [];
  const spoofed: string[] = [];
  const raw = facts.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    if (nominated.size > 0 && nominated.has(foldHeaderName(name))) continue;
    switch (rules.classify(name)) {
      case 'keep':
        headers.push(name, value);
        break;
      case 'cookie': {
        const others = withoutCookies(value, rules.ownCookies);
        if (others !== '') headers.push(name, others);
        break;
      }
      case 'forwarding':
        if (facts.isProxied && !foldHeaderName(name).startsWith('xforwarded') && foldHeaderName(name) !== 'forwarded') {
          headers.push(name, value);
        }
        break;
      case 'reserved':
        spoofed.push(name);
        break;
      case 'connection':
      case 'drop':
        break;
    }
  }
  const chain = facts.isProxied ? `${facts.clientAddress}, ${facts.peerAddress}` : facts.clientAddress;
  headers.push('X-Forwarded-For', chain, 'X-Forwarded-Proto', facts.scheme, 'X-Forwarded-Host', facts.browserHost);
  headers.push('X-Forwarded-Port', String(facts.port), 'Via', '1.1 sumun');
  return ok({ headers, spoofed });
}

/** The folded names that `Connection` fields nominate, without its own keywords; undefined if one must not be nominated. */
function nominatedFields(rawHeaders: readonly string[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length !== 10 || foldHeaderName(name) !== 'connection') continue;
    for (const token of (rawHeaders[index + 1] ?? '').split(',')) {
      const folded = foldHeaderName(token);
      if (folded === '' || folded === 'close' || folded === 'keepalive' || folded === 'upgrade') continue;
      if (NEVER_NOMINATED.includes(folded)) return undefined;
      names ??= new Set();
      names.add(folded);
    }
  }
  return names ?? NONE;
}

const NONE: ReadonlySet<string> = new Set();

/** A Cookie field without some cookies; all others stay byte for byte as they were. */
export function withoutCookies(field: string, names: readonly string[]): string {
  let kept = '';
  let keptFrom = 0;
  for (let at = 0; at <= field.length; ) {
    const semicolon = field.indexOf(';', at);
    const end = semicolon < 0 ? field.length : semicolon;
    const equals = field.indexOf('=', at);
    const name = field.slice(at, equals < 0 || equals > end ? end : equals).trim();
    if (names.includes(name)) {
      kept += field.slice(keptFrom, at);
      keptFrom = end + 1;
    }
    at = end + 1;
  }
  if (keptFrom === 0) return field;
  kept += field.slice(keptFrom);
  return (kept.endsWith(';') ? kept.slice(0, -1) : kept).replace(/^ /, '');
}

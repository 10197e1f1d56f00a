/** Names of the cookies that are ours on a host. They never reach an application, and its own of these names are dropped. */
export type CookieNames = {
  /** The session's handle. */
  readonly session: string;
  /** Marks a browser before it signed in: login transactions, form tokens and kept posts are bound to it. */
  readonly browser: string;
  /** The language somebody chose. */
  readonly language: string;
  /** Names the kept post that the next request sends, once. */
  readonly resume: string;
};

/** The names for a scheme: with the `__Host-` prefix wherever the browser speaks https (RFC 6265bis §4.1.3.2). */
export function cookieNames(base: string, scheme: 'http' | 'https'): CookieNames {
  const name = `${scheme === 'https' ? '__Host-' : ''}${base}`;
  return { session: name, browser: `${name}-browser`, language: `${name}-lang`, resume: `${name}-resume` };
}

/** Values we ever issue: base64url and the like. Anything else was not set by us. */
const OURS = /^[A-Za-z0-9_-]{1,256}$/;

/**
 * The value of a cookie in a Cookie field (several fields joined by `; `). Undefined if there is none, if there is more
 * than one of the name, or if the value cannot be ours: two cookies of one name mean that somebody else set one.
 */
export function readCookie(field: string | undefined, name: string): string | undefined {
  if (field === undefined) return undefined;
  let found: string | undefined;
  for (let at = field.indexOf(name); at >= 0; at = field.indexOf(name, at + 1)) {
    const end = field.indexOf(';', at);
    const pair = field.slice(field.lastIndexOf(';', at) + 1, end < 0 ? field.length : end);
    const split = pair.indexOf('=');
    if (split < 0 || pair.slice(0, split).trim() !== name) continue;
    if (found !== undefined) return undefined;
    found = pair.slice(split + 1).trim();
    if (end < 0) break;
    at = end;
  }
  return found !== undefined && OURS.test(found) ? found : undefined;
}

/** A Set-Cookie line for a host-only cookie. `maxAge` in seconds; absent: until the browser closes; 0: gone at once. */
export function cookieLine(
  name: string,
  value: string,
  options: { readonly scheme: 'http' | 'https'; readonly sameSite: 'lax' | 'strict'; readonly maxAge?: number },
): string {
  const life = options.maxAge === undefined ? '' : `; Max-Age=${options.maxAge}`;
  const secure = options.scheme === 'https' ? '; Secure' : '';
  return `${name}=${value}; Path=/${life}${secure}; HttpOnly; SameSite=${options.sameSite === 'strict' ? 'Strict' : 'Lax'}`;
}

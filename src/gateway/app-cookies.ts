import type { Route } from '../core/access/route.ts';
import type { Target } from '../core/access/target.ts';
import { browserPath } from './prefixes.ts';

/** What an application's cookie is judged by. */
export type CookieFacts = { readonly route: Route; readonly target: Target; readonly ownCookies: ReadonlySet<string> };

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/**
 * A Set-Cookie line of an application as the browser may keep it; undefined for one of our names. Over plain HTTP a
 * browser refuses `Secure`, and `SameSite=None` without it, so neither is said there.
 */
export function rewriteCookie(line: string, { route, target, ownCookies }: CookieFacts): string | undefined {
  const [pair = '', ...attributes] = line.split(';');
  // A cookie without a name is sent back as its bare value, which may read `name=value` (RFC 6265bis §5.8.3).
  const named = pair.replace(/^[\s=]+/, '');
  if (ownCookies.has((named.split('=')[0] ?? '').trim())) return undefined;
  const { cookies } = route.rewrite;
  const parts = [pair];
  const has = new Set<string>();
  for (const attribute of attributes) {
    const kept = rewriteAttribute(attribute, route, target);
    if (kept === undefined) continue;
    parts.push(kept);
    has.add(nameOf(attribute));
  }
  const isSafe = target.scheme === 'https';
  const wanted = cookies.sameSite === 'none' && isSafe ? new Set([...cookies.add, 'Secure']) : new Set(cookies.add);
  for (const flag of wanted) {
    if (has.has(flag.toLowerCase()) || (flag === 'Secure' && !isSafe)) continue;
    parts.push(` ${flag}`);
  }
  const isSaid = cookies.sameSite !== 'keep' && (cookies.sameSite !== 'none' || isSafe);
  if (isSaid) parts.push(` SameSite=${SAME_SITE[cookies.sameSite]}`);
  return parts.join(';');
}

/** An attribute as it may stay, or undefined where it may not. */
function rewriteAttribute(attribute: string, { rewrite }: Route, target: Target): string | undefined {
  const { cookies, stripPrefix, addPrefix } = rewrite;
  const value = attribute.slice(attribute.indexOf('=') + 1).trim();
  switch (nameOf(attribute)) {
    case 'domain':
      return cookies.domain === 'auto' && !coversHost(value, target.host) ? undefined : attribute;
    case 'path': {
      const isMoved = cookies.path === 'auto' && (stripPrefix !== '' || addPrefix !== '') && value.startsWith('/');
      return isMoved ? ` Path=${browserPath(value, rewrite)}` : attribute;
    }
    case 'samesite':
      if (cookies.sameSite !== 'keep') return undefined;
      return target.scheme === 'http' && value.toLowerCase() === 'none' ? undefined : attribute;
    case 'secure':
      return target.scheme === 'http' ? undefined : attribute;
    default:
      return attribute;
  }
}

const nameOf = (attribute: string): string => (attribute.split('=', 1)[0] ?? '').trim().toLowerCase();

/** True if a Domain covers the browser's host. A browser refuses a cookie whose Domain does not; host-only is right then. */
function coversHost(value: string, host: string): boolean {
  const domain = value.toLowerCase().replace(/^\./, '');
  return domain === host || host.endsWith(`.${domain}`);
}

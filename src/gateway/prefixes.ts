import type { Rewrite } from '../core/access/route.ts';

/** What a route takes off and puts on between the browser's paths and the application's. */
export type Prefixes = Pick<Rewrite, 'stripPrefix' | 'addPrefix'>;

/** True if the path is the prefix or lies below it, by whole segments. */
export const isBelow = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (prefix.endsWith('/') || /^(?:[/?#]|$)/.test(path.slice(prefix.length)));

/** The browser's path as the application is asked for it. */
export function applicationPath(path: string, { stripPrefix, addPrefix }: Prefixes): string {
  if (stripPrefix === '' && addPrefix === '') return path;
  const stripped = stripPrefix !== '' && isBelow(path, stripPrefix) ? path.slice(stripPrefix.length) : path;
  return `${addPrefix.replace(/\/$/, '')}/${stripped.replace(/^\//, '')}`;
}

/** The application's path as the browser has to ask for it. */
export function browserPath(path: string, { stripPrefix, addPrefix }: Prefixes): string {
  const inner = addPrefix !== '' && isBelow(path, addPrefix) ? path.slice(addPrefix.length) : path;
  const rooted = inner === path || inner.startsWith('/') ? inner : `/${inner}`;
  if (stripPrefix !== '') return `${stripPrefix}${rooted.startsWith('/') ? rooted : `/${rooted}`}`;
  // With the prefix gone, a second slash in front would name another host; browsers overlook tabs and turn backslashes.
  return inner !== path && /^[/\\]\s*[/\\]/.test(rooted) ? `/.${rooted}` : rooted;
}

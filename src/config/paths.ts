import { RE2JS } from 're2js';
import { readPath } from '../core/access/path.ts';
import type { PathMatcher } from '../core/access/route.ts';
import { err, ok } from '../core/result.ts';
import { type Read, show } from './values.ts';

const MAX_PATTERN = 1000;

/**
 * One entry of a `path` list: a prefix if it ends in `/`, exact otherwise, a pattern after `re:`. Patterns run on an
 * engine of linear time and have to match the whole path. What no request could match is refused.
 */
export const pathMatcher: Read<PathMatcher> = (value) => {
  if (typeof value === 'string' && value.startsWith('re:')) return pattern(value.slice(3), value);
  if (typeof value !== 'string' || !isCanonical(value))
    return err({ finding: 'bad-path', values: { found: show(value) } });
  return ok({ kind: value.endsWith('/') ? 'prefix' : 'exact', path: value });
};

/** A path to put in front of others: begins with `/`, does not end in one; or empty. */
export const pathPrefix: Read<string> = (value) =>
  value === '' || (typeof value === 'string' && isCanonical(value) && !value.endsWith('/'))
    ? ok(String(value))
    : err({ finding: 'bad-prefix', values: { found: show(value) } });

/** A path segment of our own on every host. */
export const reservedPath: Read<string> = (value) =>
  typeof value === 'string' && /^\/[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/.test(value)
    ? ok(value)
    : err({ finding: 'bad-prefix', values: { found: show(value) } });

/** Rules are matched against decoded paths: text outside ASCII may stand in a rule, encoded or glob text may not. */
function isCanonical(path: string): boolean {
  if (!path.startsWith('/') || /[%*?;]/.test(path)) return false;
  const read = readPath(encodeURI(path));
  return read.ok && read.value.needs.length === 0 && read.value.readings.includes(path);
}

function pattern(source: string, written: string): ReturnType<Read<PathMatcher>> {
  const refused = err({ finding: 'bad-pattern' as const, values: { found: show(written) } });
  if (!/^\^?(?:\(\?i\))?\(*\//.test(source) || source.length > MAX_PATTERN) return refused;
  try {
    const compiled = RE2JS.compile(source);
    return ok({ kind: 'pattern', source, test: (path) => compiled.matcher(path).matches() });
  } catch {
    return refused;
  }
}

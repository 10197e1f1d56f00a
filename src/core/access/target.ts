import { err, ok, type Result } from '../result.ts';
import { type Authority, readAuthority } from './authority.ts';
import { type PathFault, readPath } from './path.ts';
import type { Tolerance } from './route.ts';

/** What the edge copied from the wire, unchanged. */
export type RawTarget = {
  readonly method: string;
  /** The request target as it stood on the request line. */
  readonly target: string;
  /** Every Host field value of the request, in order. */
  readonly hosts: readonly string[];
  /** The scheme the browser speaks, from the listener or from a trusted proxy. */
  readonly scheme: 'http' | 'https';
};

/**
 * The one canonical target of a request. The decision is made on it and the upstream request line is written from it:
 * nothing reads the request target a second time.
 */
export type Target = {
  readonly scheme: 'http' | 'https';
  /** Lower case, without port and trailing dot. */
  readonly host: string;
  readonly port: number;
  /** Path as it was sent and as it is forwarded, percent-encoding and all: it is refused, never repaired. */
  readonly path: string;
  /** Query with its leading `?`, byte for byte, or the empty string. */
  readonly query: string;
  /**
   * Every way an application may read the path; the percent-decoded path comes first. Rules are matched against these,
   * never against `path`, and the strictest decision over all of them counts.
   */
  readonly readings: readonly string[];
  /** What the matching route has to tolerate; a route that does not is no match and the request is malformed (400). */
  readonly needs: readonly Tolerance[];
};

export type RequestFault =
  | {
      readonly status: 400;
      readonly code: PathFault | 'host-missing' | 'host-repeated' | 'host-malformed' | 'target-form';
    }
  | { readonly status: 405; readonly code: 'method-refused' };

const REFUSED_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Characters of a method token (RFC 9110 §5.6.2). Methods are case-sensitive. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Reads a request target into its one canonical form (RFC 9112 §3.2), or refuses it.
 * Only origin form is accepted, and absolute form for the very authority of the Host field. `*` is accepted with OPTIONS.
 * What has more than one reading is a fault, not something to repair.
 */
export function canonicalise(raw: RawTarget): Result<Target, RequestFault> {
  if (raw.method !== 'GET' && (REFUSED_METHODS.has(raw.method.toUpperCase()) || !TOKEN.test(raw.method))) {
    return err({ status: 405, code: 'method-refused' });
  }
  if (raw.hosts.length === 0) return err({ status: 400, code: 'host-missing' });
  if (raw.hosts.length > 1) return err({ status: 400, code: 'host-repeated' });
  const authority = readAuthority(raw.hosts[0] ?? '', raw.scheme);
  if (authority === undefined) return err({ status: 400, code: 'host-malformed' });

  const origin = originForm(raw, authority);
  if (origin === undefined) return err({ status: 400, code: 'target-form' });
  const split = origin.indexOf('?');
  const path = split < 0 ? origin : origin.slice(0, split);
  const query = split < 0 ? '' : origin.slice(split);
  if (query !== '' && !isCleanQuery(query)) return err({ status: 400, code: 'query-character' });
  const read = readPath(path);
  if (!read.ok) return err({ status: 400, code: read.error });
  return ok({
    scheme: raw.scheme,
    host: authority.host,
    port: authority.port,
    path,
    query,
    readings: read.value.readings,
    needs: read.value.needs,
  });
}

/** The target's path and query, or undefined for a form or an authority that is not ours to answer. */
function originForm(raw: RawTarget, authority: Authority): string | undefined {
  const { target } = raw;
  if (target.startsWith('/')) return target;
  if (target === '*') return raw.method === 'OPTIONS' ? '/' : undefined;
  const absolute = /^(https?):\/\/([^/?#]*)(\/.*)?$/is.exec(target);
  if (absolute === null || absolute[1]?.toLowerCase() !== raw.scheme) return undefined;
  const named = readAuthority(absolute[2] ?? '', raw.scheme);
  if (named === undefined || named.host !== authority.host || named.port !== authority.port) return undefined;
  return absolute[3] ?? '/';
}

/** A query may hold any printable ASCII except `#`; it takes no part in path rules and is forwarded as it came. */
const isCleanQuery = (query: string): boolean => /^[\x21\x22\x24-\x7e]*$/.test(query);

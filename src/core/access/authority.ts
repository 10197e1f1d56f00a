/** A host and port, as a Host field or an absolute-form target names them. */
export type Authority = { readonly host: string; readonly port: number };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads a Host field value (RFC 9110 §7.2): lower case, one trailing dot removed, default port filled in.
 * Returns undefined for what is empty, has user information, a bad port, a character outside letters, digits, hyphen and
 * dot, an empty or over-long label, or is longer than 255 characters. IPv6 literals stand in brackets.
 */
export function readAuthority(value: string, scheme: 'http' | 'https'): Authority | undefined {
  if (value === '' || value.length > 255) return undefined;
  const known = remembered[scheme].get(value);
  if (known !== undefined) return known;
  const read = parseAuthority(value, scheme);
  if (read !== undefined && remembered[scheme].size < REMEMBERED_MAX) remembered[scheme].set(value, read);
  return read;
}

/** The same few Host fields come with every request; each is read once. */
const REMEMBERED_MAX = 4096;
const remembered = { http: new Map<string, Authority>(), https: new Map<string, Authority>() };

function parseAuthority(value: string, scheme: 'http' | 'https'): Authority | undefined {
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*)(?::([0-9]{1,5}))?$/.exec(value);
  if (parts === null) return undefined;
  const port = parts[2] === undefined ? (scheme === 'https' ? 443 : 80) : Number(parts[2]);
  if (port < 1 || port > 65535) return undefined;
  const host = (parts[1] ?? '').toLowerCase();
  if (host.startsWith('[')) return isIpv6Literal(host) ? { host, port } : undefined;
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  return name !== '' && name.split('.').every((label) => LABEL.test(label)) ? { host: name, port } : undefined;
}

/** Enough of RFC 3986 §3.2.2 to refuse nonsense: groups of up to four hex digits, at most one `::`. */
function isIpv6Literal(bracketed: string): boolean {
  const inner = bracketed.slice(1, -1);
  const gaps = inner.split('::').length - 1;
  if (gaps > 1 || inner.includes(':::')) return false;
  const groups = inner.split(':').filter((group) => group !== '');
  const dotted = groups.at(-1)?.includes('.') === true ? 1 : 0;
  if (dotted === 1 && !/^(?:\d{1,3}\.){3}\d{1,3}$/.test(groups.at(-1) ?? '')) return false;
  if (!groups.slice(0, groups.length - dotted).every((group) => /^[0-9a-f]{1,4}$/.test(group))) return false;
  const count = groups.length + dotted;
  return gaps === 1 ? count < 8 : count === 8;
}

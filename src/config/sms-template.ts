import { containsAny, readAddress, readCidr } from '../core/access/cidr.ts';
import { err, ok } from '../core/result.ts';
import { type Read, show } from './values.ts';

const PLACEHOLDERS: ReadonlySet<string> = new Set(['to', 'text', 'token', 'id']);

/** Networks whose addresses never leave the building (RFC 1918, RFC 4193, RFC 6890). */
const PRIVATE = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7'].flatMap(
  (text) => {
    const read = readCidr(text);
    return read.ok ? [read.value] : [];
  },
);

/** True for this machine and for addresses of private networks. A name says nothing of where it leads. */
function isPrivateHost(host: string): boolean {
  if (host === 'localhost') return true;
  const address = readAddress(host.replace(/^\[|\]$/g, ''));
  return address !== undefined && containsAny(PRIVATE, address);
}

/** An SMS gateway's address: https, or http where the network is one's own. Placeholders may stand behind the host. */
export const providerUrl: Read<string> = (value) => {
  const refused = err({
    finding: 'bad-url' as const,
    values: { found: show(value), hint: 'https://sms.corp.example/send' },
  });
  if (typeof value !== 'string' || !/^https?:\/\/[^/@\s{}?#]+(?:[/?][^\s#]*)?$/.test(value)) return refused;
  const plain = value.replace(/\{[a-z]+\}/g, 'x');
  if (/[{}]/.test(plain) || !URL.canParse(plain)) return refused;
  return value.startsWith('https://') || isPrivateHost(new URL(plain).hostname) ? ok(value) : refused;
};

/** Placeholders of a template that nobody fills. Braces of JSON are none: a placeholder is one small word in braces. */
export const unknownPlaceholders = (template: string): readonly string[] =>
  [...template.matchAll(/\{([A-Za-z_]+)\}/g)].flatMap(([, name = '']) => (PLACEHOLDERS.has(name) ? [] : [name]));

/** The media type a body looks like: JSON, XML or a form. */
export function contentTypeOf(body: string): string {
  if (/^\s*[[{]/.test(body)) return 'application/json';
  return /^\s*</.test(body) ? 'application/xml' : 'application/x-www-form-urlencoded';
}

/** True if a template is what its media type says: JSON has to parse, placeholders inside its texts. */
export function fitsContentType(body: string, contentType: string): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-www-form-urlencoded' || /^(?:application|text)\/(?:[\w.-]+\+)?xml$/.test(type))
    return true;
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(type)) return false;
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

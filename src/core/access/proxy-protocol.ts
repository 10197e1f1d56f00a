import { type Address, readAddress } from './cidr.ts';
import { crc32c } from './crc32c.ts';

/** What the octets at the beginning of a connection are, read as a PROXY header (PROXY protocol, versions 1 and 2). */
export type ProxyHeader =
  /** The beginning of a header; more octets decide. */
  | { readonly kind: 'more' }
  /** No header of this version, or one that contradicts itself: the connection is to be closed. */
  | { readonly kind: 'wrong' }
  | {
      readonly kind: 'whole';
      /** Octets of the header; what is behind them belongs to the connection. */
      readonly length: number;
      /** The client; undefined where the sender speaks for itself (LOCAL) or does not know (UNKNOWN, UNSPEC, UNIX). */
      readonly client: Address | undefined;
      /** True if the sender says that the client spoke TLS to it (PP2_TYPE_SSL); version 1 cannot say so. */
      readonly isTls: boolean;
    };

/** Longest header of version 1, with its CR LF (§2.1). */
export const V1_MAX = 107;

/** Longest header of version 2 that is accepted, with everything that may be appended to the addresses. */
export const V2_MAX = 4096;

const MORE: ProxyHeader = { kind: 'more' };
const WRONG: ProxyHeader = { kind: 'wrong' };

/** Reads the PROXY header of one version. Every prefix of a header is `more`; nothing of the other version is taken. */
export const readProxyHeader = (version: 'v1' | 'v2', bytes: Uint8Array): ProxyHeader =>
  version === 'v1' ? readV1(bytes) : readV2(bytes);

const V1_BEGINNING = 'PROXY ';

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CR LF: single spaces, the family's own form, plain ports (§2.1). */
function readV1(bytes: Uint8Array): ProxyHeader {
  const text = String.fromCharCode(...bytes.subarray(0, V1_MAX));
  if (!text.startsWith(V1_BEGINNING.slice(0, text.length))) return WRONG;
  const end = text.indexOf('\n');
  if (end < 0) return text.length < V1_MAX ? MORE : WRONG;
  if (text[end - 1] !== '\r' || text.indexOf('\r') !== end - 1) return WRONG;
  const line = text.slice(V1_BEGINNING.length, end - 1);
  const length = end + 1;
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN '))
    return { kind: 'whole', length, client: undefined, isTls: false };
  const client = clientOfV1(line);
  return client === undefined ? WRONG : { kind: 'whole', length, client, isTls: false };
}

function clientOfV1(line: string): Address | undefined {
  const parts = line.split(' ');
  const [family, source = '', destination = '', ...ports] = parts;
  const isFamily = family === 'TCP4' ? isDotted : family === 'TCP6' ? isColoned : undefined;
  if (parts.length !== 5 || isFamily === undefined || !ports.every(isPort)) return undefined;
  if (!isFamily(source) || !isFamily(destination) || readAddress(destination) === undefined) return undefined;
  const client = readAddress(source);
  return client?.family === 6 ? canonicalSix(source) : client;
}

const isDotted = (text: string): boolean => /^[0-9.]+$/.test(text);
const isColoned = (text: string): boolean => /^[0-9a-fA-F:.]+$/.test(text) && text.includes(':');
const isPort = (text: string): boolean => /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65535;

/** CR LF CR LF NUL CR LF QUIT LF: no protocol begins with it (§2.2). */
const V2_SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V2_FIXED = 16;

/** Octets of the two addresses and ports, by family and transport; what is not listed is not carried over TCP. */
const ADDRESS_SIZES: Readonly<Record<number, number>> = { 0: 0, 17: 12, 33: 36, 49: 216 };

function readV2(bytes: Uint8Array): ProxyHeader {
  if (!V2_SIGNATURE.every((octet, at) => at >= bytes.length || bytes[at] === octet)) return WRONG;
  const [command, family] = [bytes[12], bytes[13]];
  if (command !== undefined && command !== 0x20 && command !== 0x21) return WRONG;
  const size = family === undefined ? 0 : ADDRESS_SIZES[family];
  if (size === undefined && command === 0x21) return WRONG;
  if (bytes.length < V2_FIXED) return MORE;
  const length = V2_FIXED + (bytes[14] ?? 0) * 256 + (bytes[15] ?? 0);
  if (length > V2_MAX || (command === 0x21 && length < V2_FIXED + (size ?? 0))) return WRONG;
  if (bytes.length < length) return MORE;
  const header = bytes.subarray(0, length);
  if (command === 0x20) return { kind: 'whole', length, client: undefined, isTls: false };
  const appended = readAppended(header, V2_FIXED + (size ?? 0));
  if (appended === undefined) return WRONG;
  return { kind: 'whole', length, client: clientOfV2(header, family ?? 0), ...appended };
}

function clientOfV2(header: Uint8Array, family: number): Address | undefined {
  if (family === 0x11) return readAddress(header.subarray(16, 20).join('.'));
  if (family !== 0x21) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) => (header[16 + 2 * at] ?? 0) * 256 + (header[17 + 2 * at] ?? 0));
  return canonicalSix(groups.map((group) => group.toString(16)).join(':'));
}

/** An IPv6 address in the one form that RFC 5952 gives it, an IPv4-mapped one as IPv4. */
function canonicalSix(text: string): Address | undefined {
  const address = readAddress(text);
  return address?.family === 6 ? { ...address, text: new URL(`http://[${text}]`).hostname.slice(1, -1) } : address;
}

const TYPE_CRC32C = 0x03;
const TYPE_SSL = 0x20;
const CLIENT_SSL = 0x01;

/** What is appended as type, length and value (§2.2.1). Undefined if it does not add up, or a checksum is wrong. */
function readAppended(header: Uint8Array, from: number): { readonly isTls: boolean } | undefined {
  let isTls = false;
  for (let at = from; at < header.length; ) {
    const size = (header[at + 1] ?? 0) * 256 + (header[at + 2] ?? 0);
    const value = header.subarray(at + 3, at + 3 + size);
    if (at + 3 > header.length || value.length < size) return undefined;
    if (header[at] === TYPE_CRC32C && !isChecksum(header, at + 3, size)) return undefined;
    if (header[at] === TYPE_SSL) isTls = size >= 5 && ((value[0] ?? 0) & CLIENT_SSL) !== 0;
    at += 3 + size;
  }
  return { isTls };
}

/** The checksum is that of the whole header with zeros in its own place (§2.2.3). */
function isChecksum(header: Uint8Array, at: number, size: number): boolean {
  if (size !== 4) return false;
  const zeroed = Uint8Array.from(header);
  zeroed.fill(0, at, at + 4);
  const sum = crc32c(zeroed);
  return [24, 16, 8, 0].every((shift, index) => header[at + index] === ((sum >>> shift) & 0xff));
}

import { err, ok, type Result } from '../result.ts';

/** An IP address as a number: IPv4 and IPv4-mapped IPv6 in family 4, everything else in family 6. */
export type Address = { readonly family: 4 | 6; readonly value: bigint; readonly text: string };

/** A network: every address whose first `bits` bits equal the base. */
export type Cidr = { readonly family: 4 | 6; readonly base: bigint; readonly bits: number; readonly text: string };

const WIDTH = { 4: 32, 6: 128 } as const;
const MAPPED_PREFIX = 0xffffn << 32n;

/** Reads a textual IP address (RFC 4291 §2.2, dotted quad); zone identifiers are dropped. Undefined if it is none. */
export function readAddress(text: string): Address | undefined {
  const bare = text.split('%')[0] ?? '';
  const four = readIpv4(bare);
  if (four !== undefined) return { family: 4, value: four, text: bare };
  const six = readIpv6(bare);
  if (six === undefined) return undefined;
  if (six >> 32n === MAPPED_PREFIX >> 32n)
    return { family: 4, value: six & 0xffffffffn, text: formatIpv4(six & 0xffffffffn) };
  return { family: 6, value: six, text: bare.toLowerCase() };
}

/** Reads `address/bits`, or an address alone as a network of one. Bits set beyond the prefix are an error. */
export function readCidr(text: string): Result<Cidr, 'not-an-address' | 'bad-prefix' | 'host-bits-set'> {
  const [addressText = '', bitsText] = text.split('/', 2);
  const address = readAddress(addressText);
  if (address === undefined || text.split('/').length > 2) return err('not-an-address');
  const width = WIDTH[address.family];
  const bits = bitsText === undefined ? width : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Number.NaN;
  if (!(bits >= 0 && bits <= width)) return err('bad-prefix');
  const rest = BigInt(width - bits);
  if ((address.value >> rest) << rest !== address.value) return err('host-bits-set');
  return ok({ family: address.family, base: address.value, bits, text });
}

/** True if the address lies in the network. */
export function contains(cidr: Cidr, address: Address): boolean {
  if (cidr.family !== address.family) return false;
  const rest = BigInt(WIDTH[cidr.family] - cidr.bits);
  return address.value >> rest === cidr.base >> rest;
}

/** True if any of the networks holds the address. */
export const containsAny = (cidrs: readonly Cidr[], address: Address): boolean =>
  cidrs.some((cidr) => contains(cidr, address));

function readIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function readIpv6(text: string): bigint | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<bigint>(halves.length === 1 ? 0 : missing).fill(0n), ...tail];
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** 16-bit groups of one side of `::`; a dotted quad at the end counts as two. */
function groupsOf(side: string): bigint[] | undefined {
  if (side === '') return [];
  const groups: bigint[] = [];
  const parts = side.split(':');
  for (const [index, part] of parts.entries()) {
    const quad = part.includes('.') && index === parts.length - 1 ? readIpv4(part) : undefined;
    if (quad !== undefined) groups.push(quad >> 16n, quad & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

const formatIpv4 = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');

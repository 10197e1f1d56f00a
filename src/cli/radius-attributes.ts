import { RADIUS_ATTRIBUTES, type RadiusValueType } from '../core/radius-attributes.ts';
import type { RadiusAnswer } from './wiring.ts';

const CODES: Readonly<Record<number, string>> = { 2: 'Access-Accept', 3: 'Access-Reject', 11: 'Access-Challenge' };

/** The name of a reply's code, or its number. */
export const codeName = (code: number): string => CODES[code] ?? String(code);

type Named = { readonly name: string; readonly type: RadiusValueType | 'octets' };

/** What the protocol sets itself (RFC 2865 §5, RFC 2869 §5). */
const PROTOCOL: Readonly<Record<number, Named>> = {
  18: { name: 'Reply-Message', type: 'text' },
  24: { name: 'State', type: 'octets' },
  33: { name: 'Proxy-State', type: 'octets' },
  76: { name: 'Prompt', type: 'integer' },
  80: { name: 'Message-Authenticator', type: 'octets' },
};

const VENDOR_SPECIFIC = 26;

/** The attributes of a reply by name, their values as text; what has no name as `Attr-<type>` in hexadecimal. */
export function attributeRows(
  attributes: RadiusAnswer['attributes'],
): readonly { readonly name: string; readonly value: string }[] {
  return attributes.map(({ type, value }) => {
    const octets = Buffer.from(value);
    if (type === VENDOR_SPECIFIC && octets.length >= 6) return vendorRow(octets);
    const known = PROTOCOL[type] ?? named((each) => each.vendor === undefined && each.code === type);
    return row(known ?? { name: `Attr-${type}`, type: 'octets' }, octets);
  });
}

function vendorRow(octets: Buffer): { readonly name: string; readonly value: string } {
  const [vendor, type] = [octets.readUInt32BE(0), octets.readUInt8(4)];
  const known = named((each) => each.vendor === vendor && each.code === type);
  return row(known ?? { name: `Attr-26.${vendor}.${type}`, type: 'octets' }, octets.subarray(6));
}

function named(fits: (attribute: (typeof RADIUS_ATTRIBUTES)[string]) => boolean): Named | undefined {
  const found = Object.entries(RADIUS_ATTRIBUTES).find(([, attribute]) => fits(attribute));
  return found === undefined ? undefined : { name: found[0], type: found[1].type };
}

function row({ name, type }: Named, octets: Buffer): { readonly name: string; readonly value: string } {
  if (type === 'text') return { name, value: octets.toString('utf8') };
  if (type === 'integer' && octets.length === 4) return { name, value: String(octets.readUInt32BE(0)) };
  if (type === 'ipv4' && octets.length === 4) return { name, value: octets.join('.') };
  return { name, value: `0x${octets.toString('hex')}` };
}

import { readAddress } from '../core/access/cidr.ts';
import { RADIUS_ATTRIBUTES, type RadiusAttribute, radiusInteger } from '../core/radius-attributes.ts';
import { ATTRIBUTE, type NewAttribute, VALUE_MAX } from './packet.ts';

/**
 * One attribute of a reply by its name (RFC 2865 §5, RFC 2868 for tunnels, Vendor-Specific for vendors). Throws for a
 * name that is not known or a value that does not fit its type: a reply that lacks what a rule sets could allow more
 * than was meant.
 */
export function encodeAttribute(name: string, written: string): NewAttribute {
  const attribute = Object.hasOwn(RADIUS_ATTRIBUTES, name) ? RADIUS_ATTRIBUTES[name] : undefined;
  if (attribute === undefined) throw new RangeError(`attribute ${name} is not known`);
  const value = encodeValue(name, attribute, written);
  if (attribute.vendor === undefined) return checked(name, { type: attribute.code, value });
  return checked(name, { type: ATTRIBUTE.vendorSpecific, value: inVendor(attribute.vendor, attribute.code, value) });
}

/** A 32-bit number as it travels. */
export function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** Vendor-Specific (RFC 2865 §5.26): enterprise number, then the vendor's type, length and value. */
const inVendor = (vendor: number, type: number, value: Buffer): Buffer =>
  Buffer.concat([uint32(vendor), Buffer.of(type, Math.min(value.length + 2, 255)), value]);

function encodeValue(name: string, attribute: RadiusAttribute, written: string): Buffer {
  switch (attribute.type) {
    case 'text':
      // Without a tag: an octet above 0x1F in front is text already (RFC 2868 §3.3).
      return Buffer.from(written, 'utf8');
    case 'integer': {
      const number = radiusInteger(attribute, written);
      if (number === undefined) throw new RangeError(`attribute ${name} is no number`);
      return attribute.tagged === true ? tagged(name, number) : uint32(number);
    }
    case 'ipv4': {
      const address = readAddress(written);
      if (address?.family !== 4) throw new RangeError(`attribute ${name} is no IPv4 address`);
      return uint32(Number(address.value));
    }
  }
}

/** Tag 0, then the number in three octets (RFC 2868 §3.1). */
function tagged(name: string, number: number): Buffer {
  if (number > 0xff_ffff) throw new RangeError(`attribute ${name} is longer than 24 bits`);
  return uint32(number);
}

function checked(name: string, attribute: NewAttribute): NewAttribute {
  if (attribute.value.length > VALUE_MAX) throw new RangeError(`attribute ${name} is longer than ${VALUE_MAX} octets`);
  return attribute;
}

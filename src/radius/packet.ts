/** Packet codes of RFC 2865 §3, RFC 2866 §3 and RFC 5997 §4 that are spoken here. */
export const CODE = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  accessChallenge: 11,
  statusServer: 12,
} as const;

/** Attribute types the protocol itself needs (RFC 2865 §5, RFC 2869 §5). */
export const ATTRIBUTE = {
  userName: 1,
  userPassword: 2,
  chapPassword: 3,
  nasIpAddress: 4,
  replyMessage: 18,
  state: 24,
  vendorSpecific: 26,
  sessionTimeout: 27,
  callingStationId: 31,
  nasIdentifier: 32,
  proxyState: 33,
  acctStatusType: 40,
  acctSessionId: 44,
  chapChallenge: 60,
  prompt: 76,
  eapMessage: 79,
  messageAuthenticator: 80,
} as const;

/** One attribute as it travels; `at` is where its first octet stands in the packet. */
export type Attribute = { readonly type: number; readonly value: Buffer; readonly at: number };

/** A packet of sound form. `bytes` ends where its Length field says. */
export type Packet = {
  readonly code: number;
  readonly identifier: number;
  /** Request Authenticator or Response Authenticator, 16 octets. */
  readonly authenticator: Buffer;
  readonly attributes: readonly Attribute[];
  readonly bytes: Buffer;
};

export const HEADER_LENGTH = 20;
export const PACKET_MAX = 4096;

/** Longest value of one attribute. */
export const VALUE_MAX = 253;

/**
 * Reads a datagram (RFC 2865 §3). Octets beyond the Length field are padding and ignored. Undefined where the form is
 * wrong: shorter than its Length, Length outside 20–4096, or attributes whose lengths do not add up to it.
 */
export function decodePacket(datagram: Buffer): Packet | undefined {
  if (datagram.length < HEADER_LENGTH) return undefined;
  const length = datagram.readUInt16BE(2);
  if (length < HEADER_LENGTH || length > PACKET_MAX || length > datagram.length) return undefined;
  const bytes = datagram.subarray(0, length);
  const attributes = decodeAttributes(bytes);
  if (attributes === undefined) return undefined;
  return {
    code: bytes.readUInt8(0),
    identifier: bytes.readUInt8(1),
    authenticator: bytes.subarray(4, HEADER_LENGTH),
    attributes,
    bytes,
  };
}

function decodeAttributes(bytes: Buffer): readonly Attribute[] | undefined {
  const attributes: Attribute[] = [];
  let at = HEADER_LENGTH;
  while (at < bytes.length) {
    if (bytes.length - at < 2) return undefined;
    const length = bytes.readUInt8(at + 1);
    if (length < 2 || at + length > bytes.length) return undefined;
    attributes.push({ type: bytes.readUInt8(at), value: bytes.subarray(at + 2, at + length), at });
    at += length;
  }
  return attributes;
}

/** An attribute to be sent. */
export type NewAttribute = { readonly type: number; readonly value: Buffer };

/**
 * The octets of a packet. Throws where a value is longer than 253 octets or the whole is longer than 4096: a packet
 * that lost an attribute could allow more than was meant.
 */
export function encodePacket(
  code: number,
  identifier: number,
  authenticator: Buffer,
  attributes: readonly NewAttribute[],
): Buffer {
  const parts = attributes.map(({ type, value }) => {
    if (value.length > VALUE_MAX) throw new RangeError(`attribute ${type} is longer than ${VALUE_MAX} octets`);
    return Buffer.concat([Buffer.of(type, value.length + 2), value]);
  });
  const length = parts.reduce((sum, part) => sum + part.length, HEADER_LENGTH);
  if (length > PACKET_MAX) throw new RangeError(`a packet of ${length} octets is longer than ${PACKET_MAX}`);
  return Buffer.concat([Buffer.of(code, identifier, length >> 8, length & 0xff), authenticator, ...parts]);
}

/** The first value of a type, or undefined. */
export const firstValue = (packet: Packet, type: number): Buffer | undefined =>
  packet.attributes.find((attribute) => attribute.type === type)?.value;

/** Every value of a type, in order. */
export const everyValue = (packet: Packet, type: number): readonly Buffer[] =>
  packet.attributes.filter((attribute) => attribute.type === type).map((attribute) => attribute.value);

/** The private enterprise number of the first Vendor-Specific attribute (RFC 2865 §5.26), or undefined. */
export function vendorOf(packet: Packet): number | undefined {
  const value = firstValue(packet, ATTRIBUTE.vendorSpecific);
  return value === undefined || value.length < 4 ? undefined : value.readUInt32BE(0);
}

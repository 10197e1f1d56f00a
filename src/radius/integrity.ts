import { hash, timingSafeEqual } from 'node:crypto';
import { ATTRIBUTE, encodePacket, HEADER_LENGTH, type NewAttribute, type Packet } from './packet.ts';

/** A shared secret's octets. */
export type SharedSecret = Buffer;

const ZEROS = Buffer.alloc(16);
const MESSAGE_AUTHENTICATOR_LENGTH = 16;

/** What the Message-Authenticator of a packet is (RFC 3579 §3.2). */
export type MessageAuthenticator = 'absent' | 'right' | 'wrong';

/**
 * Checks the Message-Authenticator of a request, or of a reply when `requestAuthenticator` is that of its request.
 * Twice in one packet, or of another length than 18 octets, is wrong.
 */
export function checkMessageAuthenticator(
  packet: Packet,
  secret: SharedSecret,
  requestAuthenticator: Buffer = packet.authenticator,
): MessageAuthenticator {
  const found = packet.attributes.filter(({ type }) => type === ATTRIBUTE.messageAuthenticator);
  const [only] = found;
  if (only === undefined) return 'absent';
  if (found.length > 1 || only.value.length !== MESSAGE_AUTHENTICATOR_LENGTH) return 'wrong';
  const zeroed = Buffer.from(packet.bytes);
  requestAuthenticator.copy(zeroed, 4);
  zeroed.fill(0, only.at + 2, only.at + 2 + MESSAGE_AUTHENTICATOR_LENGTH);
  return timingSafeEqual(hmac(secret, zeroed), only.value) ? 'right' : 'wrong';
}

/** True if an Accounting-Request's Request Authenticator is that of its octets and the secret (RFC 2866 §3). */
export function isAccountingAuthentic(packet: Packet, secret: SharedSecret): boolean {
  const zeroed = Buffer.from(packet.bytes);
  zeroed.fill(0, 4, HEADER_LENGTH);
  return timingSafeEqual(md5(zeroed, secret), packet.authenticator);
}

/** True if a reply's Response Authenticator belongs to the request and the secret (RFC 2865 §3). */
export function isResponseAuthentic(reply: Packet, requestAuthenticator: Buffer, secret: SharedSecret): boolean {
  const signed = Buffer.from(reply.bytes);
  requestAuthenticator.copy(signed, 4);
  return timingSafeEqual(md5(signed, secret), reply.authenticator);
}

/** Which of the signatures of a reply are wanted. */
export type ReplyOptions = { readonly messageAuthenticator: boolean };

/**
 * A reply to a packet, ready to be sent: Message-Authenticator in front of everything else (CVE-2024-3596), computed
 * over the Request Authenticator, then the Response Authenticator. Throws where it would be too long.
 */
export function sealReply(
  request: Pick<Packet, 'identifier' | 'authenticator'>,
  secret: SharedSecret,
  code: number,
  attributes: readonly NewAttribute[],
  options: ReplyOptions = { messageAuthenticator: true },
): Buffer {
  const first = options.messageAuthenticator ? [{ type: ATTRIBUTE.messageAuthenticator, value: ZEROS }] : [];
  const bytes = encodePacket(code, request.identifier, request.authenticator, [...first, ...attributes]);
  if (options.messageAuthenticator) hmac(secret, bytes).copy(bytes, HEADER_LENGTH + 2);
  md5(bytes, secret).copy(bytes, 4);
  return bytes;
}

/** A request, ready to be sent, with its Message-Authenticator in front. */
export function sealRequest(
  code: number,
  identifier: number,
  requestAuthenticator: Buffer,
  secret: SharedSecret,
  attributes: readonly NewAttribute[],
): Buffer {
  const first = { type: ATTRIBUTE.messageAuthenticator, value: ZEROS };
  const bytes = encodePacket(code, identifier, requestAuthenticator, [first, ...attributes]);
  hmac(secret, bytes).copy(bytes, HEADER_LENGTH + 2);
  return bytes;
}

const BLOCK = 64;
const INNER = 0x36;
const OUTER = 0x5c;

/**
 * HMAC-MD5 (RFC 2104 §2). Made of plain digests because a key object for each packet costs five times as much, and this
 * is the whole work on a packet that is not authentic.
 */
function hmac(secret: SharedSecret, bytes: Buffer): Buffer {
  const key = secret.length > BLOCK ? md5(secret) : secret;
  return md5(padded(key, OUTER), md5(padded(key, INNER), bytes));
}

function padded(key: Buffer, octet: number): Buffer {
  const block = Buffer.alloc(BLOCK, octet);
  for (const [index, each] of key.entries()) block[index] = each ^ octet;
  return block;
}

const md5 = (...parts: readonly Buffer[]): Buffer => hash('md5', Buffer.concat(parts), 'buffer');

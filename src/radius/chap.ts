import { createHash, timingSafeEqual } from 'node:crypto';
import { ATTRIBUTE, firstValue, type Packet } from './packet.ts';

const CHAP_PASSWORD_LENGTH = 17;

/**
 * Reads a CHAP-Password (RFC 2865 §5.3): answers a function that says whether a candidate is what was hashed. The
 * challenge is CHAP-Challenge, or the Request Authenticator where there is none. Undefined where its form is wrong.
 */
export function readChap(packet: Packet): ((candidate: string) => boolean) | undefined {
  const password = firstValue(packet, ATTRIBUTE.chapPassword);
  if (password === undefined || password.length !== CHAP_PASSWORD_LENGTH) return undefined;
  const challenge = firstValue(packet, ATTRIBUTE.chapChallenge) ?? packet.authenticator;
  const response = password.subarray(1);
  return (candidate) => timingSafeEqual(chapResponse(password.subarray(0, 1), candidate, challenge), response);
}

/** The response of CHAP (RFC 1994 §4.1): MD5 over identifier, secret and challenge. */
export const chapResponse = (identifier: Buffer, clear: string, challenge: Buffer): Buffer =>
  createHash('md5').update(identifier).update(clear, 'utf8').update(challenge).digest();

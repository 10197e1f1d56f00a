/** The OCRA suite of a server-synchronised authenticator (RFC 6287 §6): counter, and a question of 64 hex digits. */
export const serverSuite = (digits: 6 | 8): string => `OCRA-1:HOTP-SHA256-${digits}:C-QH64`;

/**
 * The question of a server-synchronised code, 64 hex digits: SHA-256 over the ASCII text
 * `sumun-live|1|<authenticator>|<nonce>|<context>`, nonce and context as 64 lower-case hex digits, the context empty
 * where there is none. `hash` is SHA-256 of a text in base64url. The page docs/otp-server-synchronised.md promises these
 * bytes to the makers of authenticators.
 */
export function serverQuestion(
  hash: (text: string) => string,
  authenticatorId: string,
  nonce: Uint8Array,
  contextHash: string,
): string {
  return digestHex(hash(`sumun-live|1|${authenticatorId}|${hexOf(nonce)}|${contextHash}`));
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 256 bits from base64url (RFC 4648 §5) to hex. The last of the 43 characters carries two bits that belong to nothing. */
export function digestHex(digest: string): string {
  let bits = 0n;
  for (const char of digest) bits = (bits << 6n) | BigInt(BASE64URL.indexOf(char));
  return (bits >> 2n).toString(16).padStart(64, '0');
}

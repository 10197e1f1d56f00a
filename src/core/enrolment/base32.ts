import { encodeBits } from '../alphabet.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Bytes as base32 without padding (RFC 4648 §6), the form of secrets in `otpauth://` addresses. */
export const encodeBase32 = (bytes: Uint8Array): string => encodeBits(bytes, ALPHABET, 5);

/** Reads base32 as people have it: either case, spaces, hyphens and padding allowed. Undefined if it is none. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const clean = text.toUpperCase().replace(/[\s-]/g, '').replace(/=+$/, '');
  // Lengths 1, 3 and 6 modulo 8 cannot come from whole bytes.
  if (!/^[A-Z2-7]*$/.test(clean) || [1, 3, 6].includes(clean.length % 8)) return undefined;
  const bytes = new Uint8Array(Math.floor((clean.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of clean) {
    held = (held << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 255;
    held &= (1 << bits) - 1;
  }
  return held === 0 ? bytes : undefined;
}

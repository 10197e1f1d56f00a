import { decodeBase32 } from './base32.ts';

/**
 * A secret as tokens are delivered with: hexadecimal of whole bytes, else base32 (RFC 4648 §6). A text that could be both
 * is taken as hexadecimal. Spaces, hyphens and colons between groups are fine. Undefined for anything else.
 */
export function readSeedText(text: string): Uint8Array | undefined {
  const bare = text.replace(/[\s:-]/g, '');
  if (bare === '') return undefined;
  if (!/^(?:[0-9a-f]{2})+$/i.test(bare)) return decodeBase32(text);
  return Uint8Array.from(bare.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

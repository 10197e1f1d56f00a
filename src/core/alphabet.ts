/**
 * Bytes as characters of an alphabet of 2^`bits` characters, most significant bits first, without padding: base32 and
 * base64url (RFC 4648 §5–6), Crockford's base32.
 */
export function encodeBits(bytes: Uint8Array, alphabet: string, bits: 5 | 6): string {
  const mask = (1 << bits) - 1;
  let text = '';
  let held = 0;
  let count = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    count += 8;
    while (count >= bits) {
      count -= bits;
      text += alphabet.charAt((held >> count) & mask);
    }
    held &= (1 << count) - 1;
  }
  return count > 0 ? text + alphabet.charAt((held << (bits - count)) & mask) : text;
}

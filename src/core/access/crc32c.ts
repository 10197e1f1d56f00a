/** CRC-32C (Castagnoli, RFC 3720 §B.4) as an unsigned number of 32 bits. Made for headers: a bit at a time, no table. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const octet of bytes) {
    sum ^= octet;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0);
  }
  return ~sum >>> 0;
}

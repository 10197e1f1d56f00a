/** The moving factor as the eight-byte, big-endian message of RFC 4226 §5.2, exact up to `Number.MAX_SAFE_INTEGER`. */
export function counterBytes(n: number): Uint8Array {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError('a moving factor is a safe integer of at least 0');
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(n));
  return bytes;
}

/** Dynamic truncation (RFC 4226 §5.3, §5.4) of an HMAC into a code of 4 to 10 digits with its leading zeros. */
export function truncate(mac: Uint8Array, digits: number): string {
  if (mac.length < 20) throw new RangeError('an HMAC of at least 20 bytes is required');
  const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
  const offset = view.getUint8(mac.length - 1) & 0x0f;
  const value = view.getUint32(offset) & 0x7fffffff;
  return String(value % 10 ** digits).padStart(digits, '0');
}

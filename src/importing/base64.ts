/** Reads base64 (RFC 4648 §4), white space between its characters allowed. Undefined if it is none. */
export function readBase64(text: string): Uint8Array | undefined {
  const bare = text.replace(/\s/g, '');
  if (bare.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(bare)) return undefined;
  return Uint8Array.from(Buffer.from(bare, 'base64'));
}

import { encodeBits } from '../alphabet.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Random bytes of a cookie value: 256 bits, stored only as a hash. */
export const HANDLE_BYTES = 32;

/** Bytes as base64url without padding (RFC 4648 §5). */
export const encodeBase64Url = (bytes: Uint8Array): string => encodeBits(bytes, ALPHABET, 6);

/** True for what can be a cookie value of ours; everything else is not worth a look-up. */
export const isHandle = (value: string): boolean => value.length === 43 && /^[A-Za-z0-9_-]{43}$/.test(value);

import { hash } from 'node:crypto';
import type { SharedSecret } from './integrity.ts';

const BLOCK = 16;

/** Longest User-Password on the wire (RFC 2865 §5.2). */
export const HIDDEN_MAX = 128;

/**
 * Opens a hidden User-Password (RFC 2865 §5.2). Trailing NULs are padding and removed, nothing else is. Undefined where
 * it is not 16 to 128 octets in whole blocks, has a NUL inside, or is not UTF-8 - as it is when the secret is wrong.
 */
export function openUserPassword(
  hidden: Buffer,
  secret: SharedSecret,
  requestAuthenticator: Buffer,
): string | undefined {
  if (hidden.length === 0 || hidden.length > HIDDEN_MAX || hidden.length % BLOCK !== 0) return undefined;
  const clear = Buffer.alloc(hidden.length);
  let previous = requestAuthenticator;
  for (let at = 0; at < hidden.length; at += BLOCK) {
    const mask = maskOf(secret, previous);
    previous = hidden.subarray(at, at + BLOCK);
    for (const [index, octet] of previous.entries()) clear[at + index] = octet ^ (mask[index] ?? 0);
  }
  let end = clear.length;
  while (end > 0 && clear[end - 1] === 0) end -= 1;
  return readText(clear.subarray(0, end));
}

/** Hides a password for a request (RFC 2865 §5.2). Throws beyond 128 octets. */
export function hideUserPassword(password: string, secret: SharedSecret, requestAuthenticator: Buffer): Buffer {
  const clear = Buffer.from(password, 'utf8');
  if (clear.length > HIDDEN_MAX) throw new RangeError(`a password of ${clear.length} octets is longer than 128`);
  const hidden = Buffer.alloc(Math.max(BLOCK, Math.ceil(clear.length / BLOCK) * BLOCK));
  clear.copy(hidden);
  let previous = requestAuthenticator;
  for (let at = 0; at < hidden.length; at += BLOCK) {
    const mask = maskOf(secret, previous);
    const block = hidden.subarray(at, at + BLOCK);
    for (const [index, octet] of block.entries()) block[index] = octet ^ (mask[index] ?? 0);
    previous = block;
  }
  return hidden;
}

/** Octets as UTF-8 text; undefined where they are not, or have a NUL. No other encoding is guessed. */
export function readText(octets: Buffer): string | undefined {
  if (octets.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

const maskOf = (secret: SharedSecret, previous: Buffer): Buffer =>
  hash('md5', Buffer.concat([secret, previous]), 'buffer');

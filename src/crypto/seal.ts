import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import type { Random } from '../ports.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Thrown where sealed bytes cannot be opened: another key, another place, or changed bytes. It never says which. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/**
 * Seals with AES-256-GCM (NIST SP 800-38D): random 96-bit IV, tag, ciphertext, in this order. The context is
 * additional data: bytes moved to another row, column or purpose do not open there.
 */
export function sealBytes(key: Uint8Array, plain: Uint8Array, context: string, random: Random): Uint8Array {
  const iv = random.bytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

/** Opens what `sealBytes` made. Throws `SealBroken`. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new SealBroken('sealed bytes are too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealBroken('sealed bytes do not open: another key, another place, or changed bytes');
  }
}

/** A key of its own for one purpose (HKDF with SHA-256, RFC 5869), 32 bytes. */
export const deriveKey = (secret: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `sumun/1/${purpose}`, 32));

/** SHA-256 in base64url. */
export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64url');

import { type CipherGCMTypes, createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto';
import type { Random } from '../ports.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Thrown where sealed bytes cannot be opened: another key, another place, or changed bytes. It never says which. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** A key bound to its cipher. The context is authenticated and not part of the result. */
export type BoundCipher = {
  seal(plain: Uint8Array, context: string, random: Random): Uint8Array;
  /** Throws `SealBroken`. */
  open(sealed: Uint8Array, context: string): Uint8Array;
};

/**
 * Binds a key of 32 bytes to a block cipher in Galois/Counter Mode (NIST SP 800-38D; ARIA: RFC 5794, RFC 9367): random
 * 96-bit IV, tag, ciphertext, in this order. The context is additional data: bytes moved to another row, column or
 * purpose do not open there.
 */
export function bindGcm(algorithm: 'aes-256-gcm' | 'aria-256-gcm', key: Uint8Array): BoundCipher {
  // The type of node:crypto lists AES only; ARIA has the same mode and the same options.
  const name = algorithm as CipherGCMTypes;
  // Raw bytes would be made into a key again with every call, which costs more than the cipher itself.
  const secret = createSecretKey(key);
  return {
    seal: (plain, context, random) => {
      const iv = random.bytes(IV_BYTES);
      const cipher = createCipheriv(name, secret, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context, 'utf8'));
      const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
    },
    open: (sealed, context) => {
      if (sealed.length < IV_BYTES + TAG_BYTES) throw new SealBroken('sealed bytes are too short');
      const decipher = createDecipheriv(name, secret, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context, 'utf8'));
      decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        throw new SealBroken('sealed bytes do not open: another key, another place, or changed bytes');
      }
    },
  };
}

/** Seals with AES-256-GCM, the cipher of everything for which nobody chooses another. */
export const sealBytes = (key: Uint8Array, plain: Uint8Array, context: string, random: Random): Uint8Array =>
  bindGcm('aes-256-gcm', key).seal(plain, context, random);

/** Opens what `sealBytes` made. Throws `SealBroken`. */
export const openBytes = (key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array =>
  bindGcm('aes-256-gcm', key).open(sealed, context);

/** SHA-256 in base64url. */
export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64url');

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { KISA_SEED_CBC } from 'kisa-seed';
import { deriveKey } from './derive.ts';
import { type BoundCipher, SealBroken } from './seal.ts';

const BLOCK_BYTES = 16;
const MAC_BYTES = 32;

/**
 * Binds a key of 32 bytes to SEED (RFC 4269) with a 128-bit key in CBC mode, encrypt-then-MAC with HMAC-SHA-256: random IV, MAC, ciphertext, in this
 * order. The MAC covers context, IV, ciphertext and the context's length (the composition of RFC 7518 §5.2.2.1, its tag
 * not shortened) and is compared first, in constant time: nothing is decrypted that was not sealed here. Cipher and MAC
 * have a key each, derived from the one given. SEED looks up tables, so its time depends on the cache of the machine:
 * where nobody requires it, the other ciphers are the better choice.
 */
export function bindSeedCbcHmac(key: Uint8Array): BoundCipher {
  const cipherKey = deriveKey(key, 'seed-cbc-hmac/cipher').subarray(0, BLOCK_BYTES);
  const macKey = createSecretKey(deriveKey(key, 'seed-cbc-hmac/mac'));
  return {
    seal: (plain, context, random) => {
      const iv = random.bytes(BLOCK_BYTES);
      const ciphertext = encryptSeedCbc(cipherKey, iv, plain);
      return Buffer.concat([iv, macOf(macKey, iv, ciphertext, context), ciphertext]);
    },
    open: (sealed, context) => {
      const iv = sealed.subarray(0, BLOCK_BYTES);
      const mac = sealed.subarray(BLOCK_BYTES, BLOCK_BYTES + MAC_BYTES);
      const ciphertext = sealed.subarray(BLOCK_BYTES + MAC_BYTES);
      if (ciphertext.length < BLOCK_BYTES || ciphertext.length % BLOCK_BYTES !== 0) {
        throw new SealBroken('sealed bytes have a wrong length');
      }
      if (!timingSafeEqual(mac, macOf(macKey, iv, ciphertext, context))) {
        throw new SealBroken('sealed bytes do not open: another key, another place, or changed bytes');
      }
      return KISA_SEED_CBC.SEED_CBC_Decrypt(cipherKey, Uint8Array.from(iv), ciphertext, 0, ciphertext.length);
    },
  };
}

/** SEED in CBC mode with PKCS #7 padding. It authenticates nothing: never used but under a MAC. */
export const encryptSeedCbc = (key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array =>
  KISA_SEED_CBC.SEED_CBC_Encrypt(key, Uint8Array.from(iv), plain, 0, plain.length);

function macOf(key: KeyObject, iv: Uint8Array, ciphertext: Uint8Array, context: string): Uint8Array {
  const associated = Buffer.from(context, 'utf8');
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(associated.length) * 8n);
  return createHmac('sha256', key).update(associated).update(iv).update(ciphertext).update(bits).digest();
}

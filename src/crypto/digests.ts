import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Digests, Random } from '../ports.ts';
import { deriveKey, type Purpose } from './derive.ts';
import type { MasterKey } from './keys.ts';
import { openBytes, sealBytes, sha256 } from './seal.ts';

/** Hashes and keyed digests. Keys are derived from the master key, one for each purpose, and never leave. */
export function createDigests(master: MasterKey, random: Random): Digests {
  const keys = {
    csrf: macKey(master, 'mac/csrf'),
    'kept-post': macKey(master, 'mac/kept-post'),
    'api-key': macKey(master, 'mac/api-key'),
    'lookup-code': macKey(master, 'mac/lookup-code'),
    cursor: macKey(master, 'mac/cursor'),
  };
  const codeKey = macKey(master, 'mac/sms-code');
  return {
    hash: sha256,
    mac: (purpose, text) => keyedDigest(keys[purpose], text),
    code: (text, digits) => digitsOf(codeKey, text, digits),
    equal: equalTexts,
    sealFor: (browserSecret, plain, context) => sealBytes(browserKey(browserSecret), plain, context, random),
    openFor: (browserSecret, sealed, context) => openBytes(browserKey(browserSecret), sealed, context),
  };
}

/** The key of one keyed digest. */
export const macKey = (master: MasterKey, purpose: Purpose & `mac/${string}`): KeyObject =>
  createSecretKey(deriveKey(master.reveal(), purpose));

/** HMAC with SHA-256 (RFC 2104) in base64url. */
export const keyedDigest = (key: KeyObject, text: string): string =>
  createHmac('sha256', key).update(text, 'utf8').digest('base64url');

/** The first 128 bits of an HMAC with SHA-256 as a number, modulo 10^digits: at most one part in 2^101 from uniform. */
function digitsOf(key: KeyObject, text: string, digits: number): string {
  const mac = createHmac('sha256', key).update(text, 'utf8').digest();
  const number = (mac.readBigUInt64BE(0) << 64n) | mac.readBigUInt64BE(8);
  return String(number % 10n ** BigInt(digits)).padStart(digits, '0');
}

/** Compares digests of both texts, so that neither where they differ nor how long they are shows in the time. */
function equalTexts(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(left)), Buffer.from(sha256(right)));
}

const browserKey = (secret: string): Uint8Array => deriveKey(Buffer.from(secret, 'utf8'), 'browser');

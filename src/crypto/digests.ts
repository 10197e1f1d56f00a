import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Digests, Random } from '../ports.ts';
import type { MasterKey } from './keys.ts';
import { deriveKey, openBytes, sealBytes, sha256 } from './seal.ts';

/** Hashes and keyed digests. Keys are derived from the master key, one for each purpose, and never leave. */
export function createDigests(master: MasterKey, random: Random): Digests {
  const keys = { csrf: macKey(master, 'csrf'), 'kept-post': macKey(master, 'kept-post') };
  return {
    hash: sha256,
    mac: (purpose, text) => keyedDigest(keys[purpose], text),
    equal: equalTexts,
    sealFor: (browserSecret, plain, context) => sealBytes(browserKey(browserSecret), plain, context, random),
    openFor: (browserSecret, sealed, context) => openBytes(browserKey(browserSecret), sealed, context),
  };
}

/** The key of one keyed digest. */
export const macKey = (master: MasterKey, purpose: string): Uint8Array => deriveKey(master.reveal(), `mac/${purpose}`);

/** HMAC with SHA-256 (RFC 2104) in base64url. */
export const keyedDigest = (key: Uint8Array, text: string): string =>
  createHmac('sha256', key).update(text, 'utf8').digest('base64url');

/** Compares digests of both texts, so that neither where they differ nor how long they are shows in the time. */
function equalTexts(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(left)), Buffer.from(sha256(right)));
}

const browserKey = (secret: string): Uint8Array => deriveKey(Buffer.from(secret, 'utf8'), 'browser');

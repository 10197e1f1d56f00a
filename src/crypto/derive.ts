import { hkdfSync } from 'node:crypto';

/**
 * Every purpose a key is derived for. A key serves one purpose only: what is computed for one of them can neither be
 * opened nor mistaken for another's. New purposes are added, none is ever reused.
 */
export const PURPOSES = [
  // From the master key.
  'wrap',
  'mac/csrf',
  'mac/kept-post',
  'mac/api-key',
  'mac/lookup-code',
  'mac/cursor',
  'mac/sms-code',
  'mac/attempt',
  'mac/audit-head',
  'mac/message-number',
  'mac/seed',
  // From a secret that only a browser holds.
  'browser',
  // From a data key.
  'seed-cbc-hmac/cipher',
  'seed-cbc-hmac/mac',
] as const;

export type Purpose = (typeof PURPOSES)[number];

/** A key of its own for one purpose (HKDF with SHA-256, RFC 5869), 32 bytes. A backup's key is its salt's own. */
export const deriveKey = (secret: Uint8Array, purpose: Purpose | `backup/${string}`): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `sumun/1/${purpose}`, 32));

import type { OtpAlgorithm } from '../identity/account.ts';
import { encodeBase32 } from './base32.ts';

/** What an authenticator app has to know. */
export type OtpauthParameters = {
  readonly kind: 'totp' | 'hotp';
  readonly issuer: string;
  readonly login: string;
  readonly seed: Uint8Array;
  readonly algorithm: OtpAlgorithm;
  readonly digits: 6 | 8;
  /** Seconds; 0 for HOTP. */
  readonly period: 0 | 30 | 60;
};

/** Bytes of a new seed: the output length of the hash (RFC 4226 R6, RFC 6238 §5.1). */
export const SEED_BYTES = { SHA1: 20, SHA256: 32, SHA512: 64 } as const satisfies Record<OtpAlgorithm, number>;

/** The `otpauth://` address (Key URI Format): label `issuer:login`, the issuer repeated as a parameter, HOTP from counter 0. */
export function otpauthUri(parameters: OtpauthParameters): string {
  const { kind, issuer, login, seed, algorithm, digits, period } = parameters;
  // A colon separates issuer and account in the label; one inside the issuer would move the border.
  const brand = issuer.replaceAll(':', ' ').trim();
  const label = `${encodeURIComponent(brand)}:${encodeURIComponent(login)}`;
  const moving = kind === 'totp' ? `period=${period}` : 'counter=0';
  return `otpauth://${kind}/${label}?secret=${encodeBase32(seed)}&issuer=${encodeURIComponent(brand)}&algorithm=${algorithm}&digits=${digits}&${moving}`;
}

import type { Instant } from '../time.ts';

/** A subscriber's record as decisions and hand-offs see it. Secrets are never part of it. */
export type Account = {
  readonly id: string;
  /** As stored; identity headers carry this spelling. */
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly status: 'active' | 'suspended';
  readonly createdAt: Instant;
};

export type OtpAlgorithm = 'SHA1' | 'SHA256' | 'SHA512';

/** What is public about an OTP authenticator. The seed lives sealed in the store and is opened only inside `crypto`. */
export type Authenticator = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: 'totp' | 'hotp';
  readonly label: string;
  readonly algorithm: OtpAlgorithm;
  readonly digits: 6 | 8;
  /** Length of a time step in seconds (RFC 6238 X). 0 for HOTP. */
  readonly period: 0 | 30 | 60;
  /** TOTP: the last accepted time step. HOTP: the next counter the server expects. -1 where nothing was accepted yet. */
  readonly movingFactor: number;
  /** Learned offset of the authenticator's clock, in steps (RFC 6238 §6). 0 for HOTP. */
  readonly drift: number;
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant | undefined;
};

/**
 * Folds a login name to the one spelling that limits, look-ups and comparisons use: NFKC, trimmed, lower case.
 * Returns `undefined` for what cannot be a login name: empty, longer than 128 characters, or with control characters.
 */
export function foldLogin(typed: string): string | undefined {
  const folded = typed.normalize('NFKC').trim().toLowerCase().normalize('NFKC');
  if (folded === '' || folded.length > 128 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(folded)) return undefined;
  return folded;
}

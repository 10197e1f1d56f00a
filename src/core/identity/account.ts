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

/**
 * What an authenticator answers with: a code of its clock (RFC 6238), of its counter (RFC 4226), of a nonce the server
 * made for this attempt (OCRA with a counter, RFC 6287), or of any other question (OCRA).
 */
export type AuthenticatorKind = 'totp' | 'hotp' | 'server' | 'ocra';

/** What is public about an OTP authenticator. The seed lives sealed in the store and is opened only inside `crypto`. */
export type Authenticator = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: AuthenticatorKind;
  readonly label: string;
  readonly algorithm: OtpAlgorithm;
  readonly digits: 6 | 8;
  /** OCRA suite (RFC 6287 §6) of `ocra` and `server`; the empty string for the others. */
  readonly suite: string;
  /** Printed on a hardware token; the empty string for an app. */
  readonly serial: string;
  /** Length of a time step in seconds (RFC 6238 X). 0 for HOTP. */
  readonly period: 0 | 30 | 60;
  /**
   * TOTP: the last accepted time step. HOTP and OCRA with a counter: the next counter the server expects. Server: the
   * counter of the newest code issued. -1 where nothing was accepted yet.
   */
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

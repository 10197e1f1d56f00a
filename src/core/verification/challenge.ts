import type { Factor, Proofs } from '../identity/factors.ts';
import type { Instant } from '../time.ts';

/** How an outstanding question is answered. */
export type ChallengeMethod = 'sms' | 'server' | 'ocra';

/**
 * An outstanding question with an expiry and one use. A code by SMS is never stored: it is derived from the challenge's
 * random identifier with a key of its own, so that a resend says the same code.
 */
export type Challenge = {
  /** `ch_` and 128 random bits in base64url. */
  readonly id: string;
  /** Undefined where it stands for a login that does not exist: nothing was sent, no answer is right. */
  readonly accountId: string | undefined;
  /** Folded. */
  readonly login: string;
  readonly method: ChallengeMethod;
  /** What it is bound to: an answer that comes with anything else is wrong. */
  readonly boundTo: string;
  /** Authenticator that has to answer (`server`, `ocra`). */
  readonly authenticatorId: string | undefined;
  /** OCRA question (`ocra`), context hash in hex (`server`), hash of the transaction (`sms`), or the empty string. */
  readonly question: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly state: 'open' | 'used' | 'voided';
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** Not before this moment is it sent again. */
  readonly resendAfter: Instant;
};

/** What an answer to a challenge turned out to be. */
export type ChallengeAnswer = 'right' | 'wrong' | 'expired' | 'exhausted' | 'none';

/**
 * A verification that waits for more: the web's second step, the API's `transaction` and RADIUS' `State` all point to
 * one. It proves nothing until it is spent, once.
 */
export type PendingVerification = {
  /** `tx_` and 128 random bits in base64url. */
  readonly id: string;
  /** Who may continue it: `api:<key name>`, `radius:<client>|<address>`, `web:<hash of the browser>`. */
  readonly boundTo: string;
  readonly app: string;
  readonly login: string;
  readonly accountId: string | undefined;
  /** Everything asked for, what is proved so far, and what is still missing. */
  readonly need: readonly Factor[];
  readonly proofs: Proofs;
  readonly remaining: readonly Factor[];
  readonly challengeId: string | undefined;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
};

/** The one live server-synchronised code of an authenticator. */
export type LiveCode = {
  readonly id: string;
  readonly authenticatorId: string;
  /** OCRA counter (RFC 6287 C): one higher with every issue. */
  readonly counter: number;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** SHA-256 of the context the code is bound to, in hex; the empty string for none. */
  readonly contextHash: string;
  /** Pending verification or challenge it counts for; the empty string = wherever it is typed. */
  readonly boundTo: string;
  readonly attempts: number;
  readonly expiresAt: Instant;
};

/** Wrong tries after which a live code is dead. */
export const LIVE_CODE_TRIES = 5;

/** Codes one authenticator may fetch in a minute. */
export const LIVE_CODES_PER_MINUTE = 10;

/** A code on a list: one of a person's recovery codes, or a temporary one of the help-desk. */
export type LookupCode = {
  readonly id: string;
  readonly kind: 'recovery' | 'temporary';
  /** Keyed digest of account and code. */
  readonly mac: string;
  readonly expiresAt: Instant | undefined;
};

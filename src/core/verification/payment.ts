import type { Instant } from '../time.ts';

/** What is confirmed, field by field; amounts are decimal text. The server's own copy counts, never the caller's. */
export type PaymentFields = {
  readonly type: string;
  readonly amount: string;
  readonly currency: string;
  readonly payee: { readonly name: string; readonly bank: string; readonly account: string };
  readonly payer: { readonly account: string };
  readonly memo: string;
  /** Anything else the caller wants bound, name and text. */
  readonly extra: Readonly<Record<string, string>>;
};

/** A transaction to be confirmed by a code that is bound to it (dynamic linking). */
export type Payment = {
  /** `pay_` and 128 random bits in base64url. */
  readonly id: string;
  readonly client: string;
  readonly app: string;
  readonly accountId: string | undefined;
  readonly login: string;
  /** Canonical JSON (RFC 8785) of the object, nonce and times included. */
  readonly canonical: string;
  /** SHA-256 of `canonical`, hex. */
  readonly hash: string;
  readonly method: 'ocra' | 'sms';
  readonly challengeId: string;
  readonly state: 'pending' | 'approved' | 'cancelled' | 'mismatch' | 'rejected';
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly decidedAt: Instant | undefined;
  /** Compact JWS over hash, person, method, time: what can be shown to a third party later. */
  readonly evidence: string | undefined;
};

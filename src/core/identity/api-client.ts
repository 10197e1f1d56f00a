import type { Cidr } from '../access/cidr.ts';
import type { Instant } from '../time.ts';

/** What a key of the API may be allowed to do. Deny by default: a key does what its scopes name and nothing else. */
export const SCOPES = [
  'verify', // verify credentials; create, answer, resend and cancel challenges
  'verify:detail', // learn the inner reason of a refusal
  'transactions', // transaction authentication
  'users:read',
  'users:write',
  'tokens:read',
  'tokens:write',
  'tokens:issue', // fetch server-synchronised codes for a token
  'sessions:read',
  'sessions:write',
  'audit:read',
  'stats:read',
  'policy:read',
  'imports',
  'sms:receipts', // note what an SMS gateway says of a message
  'clients:read',
  'clients:write',
] as const;

export type Scope = (typeof SCOPES)[number];

/** True for the name of a scope. */
export const isScope = (word: string): word is Scope => (SCOPES as readonly string[]).includes(word);

/** One key of one application that calls the API. A name may have two while a rotation overlaps. */
export type ApiClient = {
  /** Public part of the key, between `sk_` and the secret. */
  readonly keyId: string;
  readonly name: string;
  /** The only application it may verify for; the empty string = any. */
  readonly app: string;
  readonly scopes: readonly Scope[];
  /** Where it may be used from; empty = anywhere. */
  readonly networks: readonly Cidr[];
  readonly status: 'active' | 'revoked';
  readonly createdAt: Instant;
  readonly expiresAt: Instant | undefined;
  readonly lastUsedAt: Instant | undefined;
};

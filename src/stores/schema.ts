import type { ColumnType } from 'kysely';
import type { Account, Authenticator } from '../core/identity/account.ts';
import type { SealingCipher } from '../core/policy.ts';
import type { OtpServerTables } from './schema-otp.ts';

/** Tables as SQLite keeps them: times are integer milliseconds, records are JSON text, digests are base64url text. */
export type Tables = OtpServerTables & {
  schema_migration: { number: number; name: string; checksum: string; applied_at: number };
  data_key: {
    id: string;
    wrapped: Uint8Array;
    canary: Uint8Array;
    cipher: SealingCipher;
    active: number;
    created_at: number;
  };
  account: AccountTable;
  account_group: { account_id: string; name: string };
  account_secret: { account_id: string; kind: 'pw' | 'pin'; hash: string; changed_at: number };
  authenticator: AuthenticatorTable;
  attempt: AttemptTable;
  sign_in: SignInTable;
  handle: { hash: string; sign_in_id: string; host: string; created_at: number; proofs: string };
  hand_over: HandOverTable;
  login_transaction: LoginTransactionTable;
  kept_post: KeptPostTable;
  known_browser: { browser_hash: string; account_id: string; seen_at: number };
  audit: AuditTable;
  recorded_request: RecordedRequestTable;
};

export type AccountTable = {
  id: string;
  login: string;
  login_folded: string;
  name: string;
  email: string;
  phone: string;
  attributes: string;
  status: Account['status'];
  created_at: ColumnType<number, number, never>;
};

export type AuthenticatorTable = {
  id: string;
  account_id: string;
  kind: Authenticator['kind'];
  label: string;
  algorithm: Authenticator['algorithm'];
  digits: Authenticator['digits'];
  period: Authenticator['period'];
  suite: string;
  serial: string;
  seed: Uint8Array;
  key_id: string;
  moving_factor: number;
  drift: number;
  status: Authenticator['status'];
  created_at: ColumnType<number, number, never>;
  last_used_at: number | null;
  seed_digest: string;
};

export type AttemptTable = {
  key_hash: string;
  login_hash: string;
  failures: number;
  level: number;
  total: number;
  locked_until: number;
  touched_at: number;
};

export type SignInTable = {
  id: string;
  account_id: string;
  proofs: string;
  started_at: number;
  auth_time: number;
  last_seen: number;
  idle_limit: number;
  max_limit: number;
  address: string;
  user_agent: string;
  host: string;
  ended_at: number | null;
};

export type LoginTransactionTable = {
  id: string;
  browser_hash: string;
  host: string;
  route: string;
  return_to: string;
  need: string;
  rise_from: string | null;
  kept_post: string | null;
  created_at: number;
  expires_at: number;
  spent_at: number | null;
  method: string;
  origin: string;
  on_behalf_of: string;
};

export type HandOverTable = {
  hash: string;
  transaction_id: string;
  sign_in_id: string;
  created_at: number;
  expires_at: number;
  spent_at: number | null;
};

export type KeptPostTable = {
  id: string;
  browser_hash: string;
  account_id: string | null;
  host: string;
  target: string;
  content_type: string;
  sealed_body: Uint8Array;
  size: number;
  expires_at: number;
  spent_at: number | null;
};

export type AuditTable = {
  seq: number;
  at: number;
  kind: string;
  login: string;
  actor: string;
  address: string;
  route: string;
  request: string;
  reason: string;
  detail: string;
  prev_hash: string;
  hash: string;
};

export type RecordedRequestTable = {
  id: string;
  number: string;
  at: number;
  method: string;
  url: string;
  address: string;
  login: string;
  have: string;
  status: number;
  outcome: string;
};

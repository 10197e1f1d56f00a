import type { ApiClient } from '../core/identity/api-client.ts';
import type { Challenge, LookupCode } from '../core/verification/challenge.ts';
import type { Payment } from '../core/verification/payment.ts';
import type { Message, StatRow } from '../ports.ts';

/** Tables of the OTP server. Lists of words are joined by commas. */
export type OtpServerTables = {
  challenge: ChallengeTable;
  pending_verification: PendingTable;
  live_code: LiveCodeTable;
  lookup_code: LookupCodeTable;
  api_client: ApiClientTable;
  idempotency: IdempotencyTable;
  message: MessageTable;
  payment: PaymentTable;
  stat_hour: StatHourTable;
  stat_total: Omit<StatHourTable, 'hour'>;
  switch: { name: string; until: number };
};

export type ChallengeTable = {
  id: string;
  account_id: string | null;
  login: string;
  method: Challenge['method'];
  bound_to: string;
  authenticator_id: string | null;
  question: string;
  attempts: number;
  max_attempts: number;
  state: Challenge['state'];
  created_at: number;
  expires_at: number;
  resend_after: number;
};

export type PendingTable = {
  id: string;
  bound_to: string;
  app: string;
  login: string;
  account_id: string | null;
  need: string;
  proofs: string;
  remaining: string;
  challenge_id: string | null;
  created_at: number;
  expires_at: number;
  spent_at: number | null;
};

export type LiveCodeTable = {
  id: string;
  authenticator_id: string;
  counter: number;
  nonce: Uint8Array;
  context_hash: string;
  bound_to: string;
  attempts: number;
  issued_at: number;
  expires_at: number;
  used_at: number | null;
  voided_at: number | null;
};

export type LookupCodeTable = {
  id: string;
  account_id: string;
  kind: LookupCode['kind'];
  mac: string;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
};

export type ApiClientTable = {
  key_id: string;
  name: string;
  app: string;
  scopes: string;
  networks: string;
  secret_mac: string;
  status: ApiClient['status'];
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
};

export type IdempotencyTable = {
  key_hash: string;
  body_hash: string;
  begun_at: number;
  expires_at: number;
  /** Null until the answer is known. */
  status: number | null;
  body: Uint8Array | null;
};

export type MessageTable = {
  id: string;
  challenge_id: string;
  account_id: string;
  number: string;
  /** Keyed digest of the number, for counting. */
  number_digest: string;
  address: string;
  language: Message['language'];
  host: string;
  /** `none`: nobody is there to be sent anything; it counts for the limits of the name that was given. */
  state: Message['state'] | 'none';
  tries: number;
  next_at: number;
  provider: string;
  reference: string;
  error: string;
  created_at: number;
};

export type PaymentTable = {
  id: string;
  client: string;
  app: string;
  account_id: string | null;
  login: string;
  canonical: string;
  hash: string;
  method: Payment['method'];
  challenge_id: string;
  state: Payment['state'];
  created_at: number;
  expires_at: number;
  decided_at: number | null;
  evidence: string | null;
};

export type StatHourTable = {
  hour: number;
  app: string;
  method: string;
  channel: string;
  result: StatRow['result'];
  reason: string;
  count: number;
};

/**
 * The OTP server: every kind of authenticator, outstanding questions, codes on lists, API keys, messages, payments,
 * statistics. An authenticator keeps its row, seed and floor as they are.
 */
export const otpServer = {
  number: 2,
  name: 'otp-server',
  statements: `
ALTER TABLE data_key ADD COLUMN cipher TEXT NOT NULL DEFAULT 'aes-256-gcm'
  CHECK (cipher IN ('aes-256-gcm', 'aria-256-gcm', 'seed-cbc-hmac-sha256'));

CREATE TABLE authenticator_rebuilt (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('totp', 'hotp', 'server', 'ocra')), label TEXT NOT NULL,
  algorithm TEXT NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
  digits INTEGER NOT NULL CHECK (digits IN (6, 8)), period INTEGER NOT NULL CHECK (period IN (0, 30, 60)),
  suite TEXT NOT NULL, serial TEXT NOT NULL,
  seed BLOB NOT NULL, key_id TEXT NOT NULL REFERENCES data_key (id),
  moving_factor INTEGER NOT NULL, drift INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
  created_at INTEGER NOT NULL, last_used_at INTEGER, seed_digest TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO authenticator_rebuilt (id, account_id, kind, label, algorithm, digits, period, suite, serial, seed, key_id,
  moving_factor, drift, status, created_at, last_used_at)
SELECT id, account_id, kind, label, algorithm, digits, period, '', '', seed, key_id,
  moving_factor, drift, status, created_at, last_used_at FROM authenticator;
DROP TABLE authenticator;
ALTER TABLE authenticator_rebuilt RENAME TO authenticator;
CREATE INDEX authenticator_account ON authenticator (account_id, id);
CREATE INDEX authenticator_status ON authenticator (status, id);
CREATE INDEX authenticator_kind ON authenticator (kind, id);
CREATE INDEX authenticator_key ON authenticator (key_id, id);
CREATE INDEX authenticator_seed ON authenticator (account_id, seed_digest) WHERE seed_digest <> '';
CREATE UNIQUE INDEX authenticator_serial ON authenticator (serial) WHERE serial <> '';
CREATE TRIGGER authenticator_moves_forward BEFORE UPDATE OF moving_factor ON authenticator
WHEN NEW.moving_factor < OLD.moving_factor BEGIN SELECT RAISE(ABORT, 'a moving factor never goes back'); END;

CREATE INDEX account_page ON account (login_folded, name, status, id);
CREATE INDEX audit_kind ON audit (kind);
CREATE INDEX audit_request ON audit (request) WHERE request <> '';
CREATE INDEX sign_in_live ON sign_in (id) WHERE ended_at IS NULL;

CREATE TABLE challenge (
  id TEXT PRIMARY KEY, account_id TEXT REFERENCES account (id) ON DELETE CASCADE, login TEXT NOT NULL,
  method TEXT NOT NULL CHECK (method IN ('sms', 'server', 'ocra')), bound_to TEXT NOT NULL, authenticator_id TEXT,
  question TEXT NOT NULL, attempts INTEGER NOT NULL, max_attempts INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'used', 'voided')),
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, resend_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_open ON challenge (bound_to, login) WHERE state = 'open';
CREATE INDEX challenge_account ON challenge (account_id);
CREATE INDEX challenge_expiry ON challenge (expires_at);

CREATE TABLE pending_verification (
  id TEXT PRIMARY KEY, bound_to TEXT NOT NULL, app TEXT NOT NULL, login TEXT NOT NULL,
  account_id TEXT REFERENCES account (id) ON DELETE CASCADE, need TEXT NOT NULL, proofs TEXT NOT NULL,
  remaining TEXT NOT NULL, challenge_id TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, spent_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_verification_account ON pending_verification (account_id);
CREATE INDEX pending_verification_expiry ON pending_verification (expires_at);

CREATE TABLE live_code (
  id TEXT PRIMARY KEY, authenticator_id TEXT NOT NULL REFERENCES authenticator (id) ON DELETE CASCADE,
  counter INTEGER NOT NULL, nonce BLOB NOT NULL, context_hash TEXT NOT NULL, bound_to TEXT NOT NULL,
  attempts INTEGER NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  used_at INTEGER, voided_at INTEGER,
  UNIQUE (authenticator_id, counter)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX live_code_one ON live_code (authenticator_id) WHERE used_at IS NULL AND voided_at IS NULL;
CREATE INDEX live_code_issued ON live_code (authenticator_id, issued_at);
CREATE INDEX live_code_expiry ON live_code (expires_at);

CREATE TABLE lookup_code (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('recovery', 'temporary')), mac TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX lookup_code_account ON lookup_code (account_id, kind);
CREATE INDEX lookup_code_expiry ON lookup_code (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE api_client (
  key_id TEXT PRIMARY KEY, name TEXT NOT NULL, app TEXT NOT NULL, scopes TEXT NOT NULL, networks TEXT NOT NULL,
  secret_mac TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  created_at INTEGER NOT NULL, expires_at INTEGER, last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_client_name ON api_client (name);

CREATE TABLE idempotency (
  key_hash TEXT PRIMARY KEY, body_hash TEXT NOT NULL, begun_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  status INTEGER, body BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE message (
  id TEXT PRIMARY KEY, challenge_id TEXT NOT NULL, account_id TEXT NOT NULL, number TEXT NOT NULL,
  number_digest TEXT NOT NULL, address TEXT NOT NULL, language TEXT NOT NULL CHECK (language IN ('ko', 'en', 'ja')),
  host TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'none')),
  tries INTEGER NOT NULL, next_at INTEGER NOT NULL, provider TEXT NOT NULL, reference TEXT NOT NULL,
  error TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX message_number ON message (number_digest, created_at);
CREATE INDEX message_account ON message (account_id, created_at);
CREATE INDEX message_address ON message (address, created_at);
CREATE INDEX message_day ON message (created_at) WHERE state <> 'none';
CREATE INDEX message_kept ON message (created_at);
CREATE INDEX message_due ON message (next_at) WHERE state IN ('queued', 'sending');
CREATE INDEX message_reference ON message (provider, reference) WHERE reference <> '';

CREATE TABLE payment (
  id TEXT PRIMARY KEY, client TEXT NOT NULL, app TEXT NOT NULL, account_id TEXT, login TEXT NOT NULL,
  canonical TEXT NOT NULL, hash TEXT NOT NULL, method TEXT NOT NULL CHECK (method IN ('ocra', 'sms')),
  challenge_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'cancelled', 'mismatch', 'rejected')),
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, decided_at INTEGER, evidence TEXT
) STRICT;

CREATE TABLE stat_hour (
  hour INTEGER NOT NULL, app TEXT NOT NULL, method TEXT NOT NULL, channel TEXT NOT NULL, result TEXT NOT NULL,
  reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, app, method, channel, result, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE stat_total (
  app TEXT NOT NULL, method TEXT NOT NULL, channel TEXT NOT NULL, result TEXT NOT NULL, reason TEXT NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (app, method, channel, result, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE switch (name TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`,
} as const;

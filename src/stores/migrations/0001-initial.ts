/** The first schema. Names are singular snake_case; every table is STRICT; the audit trail takes no change. */
export const initial = {
  number: 1,
  name: 'initial',
  statements: `
CREATE TABLE data_key (
  id TEXT PRIMARY KEY, wrapped BLOB NOT NULL, canary BLOB NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)), created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX data_key_active ON data_key (active) WHERE active = 1;

CREATE TABLE account (
  id TEXT PRIMARY KEY, login TEXT NOT NULL, login_folded TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, attributes TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')), created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account_group (
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE, name TEXT NOT NULL,
  PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_group_name ON account_group (name);

CREATE TABLE account_secret (
  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('pw', 'pin')), hash TEXT NOT NULL, changed_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE authenticator (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('totp', 'hotp')), label TEXT NOT NULL,
  algorithm TEXT NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
  digits INTEGER NOT NULL CHECK (digits IN (6, 8)), period INTEGER NOT NULL CHECK (period IN (0, 30, 60)),
  seed BLOB NOT NULL, key_id TEXT NOT NULL REFERENCES data_key (id),
  moving_factor INTEGER NOT NULL, drift INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
  created_at INTEGER NOT NULL, last_used_at INTEGER
) STRICT;
CREATE INDEX authenticator_account ON authenticator (account_id);
CREATE TRIGGER authenticator_moves_forward BEFORE UPDATE OF moving_factor ON authenticator
WHEN NEW.moving_factor < OLD.moving_factor BEGIN SELECT RAISE(ABORT, 'a moving factor never goes back'); END;

CREATE TABLE attempt (
  key_hash TEXT PRIMARY KEY, login_hash TEXT NOT NULL, failures INTEGER NOT NULL, level INTEGER NOT NULL,
  total INTEGER NOT NULL, locked_until INTEGER NOT NULL, touched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_login ON attempt (login_hash);

CREATE TABLE sign_in (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  proofs TEXT NOT NULL, started_at INTEGER NOT NULL, auth_time INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  idle_limit INTEGER NOT NULL, max_limit INTEGER NOT NULL,
  address TEXT NOT NULL, user_agent TEXT NOT NULL, host TEXT NOT NULL, ended_at INTEGER
) STRICT;
CREATE INDEX sign_in_account ON sign_in (account_id);

CREATE TABLE handle (
  hash TEXT PRIMARY KEY, sign_in_id TEXT NOT NULL REFERENCES sign_in (id) ON DELETE CASCADE,
  host TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX handle_sign_in ON handle (sign_in_id);

CREATE TABLE login_transaction (
  id TEXT PRIMARY KEY, browser_hash TEXT NOT NULL, host TEXT NOT NULL, route TEXT NOT NULL, return_to TEXT NOT NULL,
  need TEXT NOT NULL, rise_from TEXT, kept_post TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  spent_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_transaction_expiry ON login_transaction (expires_at);

CREATE TABLE kept_post (
  id TEXT PRIMARY KEY, browser_hash TEXT NOT NULL, account_id TEXT REFERENCES account (id) ON DELETE CASCADE,
  host TEXT NOT NULL, target TEXT NOT NULL, content_type TEXT NOT NULL, sealed_body BLOB NOT NULL,
  size INTEGER NOT NULL, expires_at INTEGER NOT NULL, spent_at INTEGER
) STRICT;
CREATE INDEX kept_post_expiry ON kept_post (expires_at);

CREATE TABLE known_browser (
  browser_hash TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  seen_at INTEGER NOT NULL, PRIMARY KEY (browser_hash, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_browser_account ON known_browser (account_id);

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, login TEXT NOT NULL, actor TEXT NOT NULL,
  address TEXT NOT NULL, route TEXT NOT NULL, request TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  prev_hash TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_login ON audit (login, seq);
CREATE TRIGGER audit_keeps_rows BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail takes no change'); END;
CREATE TRIGGER audit_keeps_all BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail takes no deletion'); END;

CREATE TABLE recorded_request (
  id TEXT PRIMARY KEY, number TEXT NOT NULL, at INTEGER NOT NULL, method TEXT NOT NULL, url TEXT NOT NULL,
  address TEXT NOT NULL, login TEXT NOT NULL, have TEXT NOT NULL, status INTEGER NOT NULL, outcome TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_request_number ON recorded_request (number);
CREATE INDEX recorded_request_at ON recorded_request (at);
`,
} as const;

/**
 * Single sign-on across hosts: sign-ins that lead back to another host, one-time codes that carry them over, and what
 * each cookie's own host was told was proved.
 */
export const singleSignOn = {
  number: 3,
  name: 'single-sign-on',
  statements: `
ALTER TABLE login_transaction ADD COLUMN method TEXT NOT NULL DEFAULT '';
ALTER TABLE login_transaction ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE login_transaction ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '';

ALTER TABLE handle ADD COLUMN proofs TEXT NOT NULL DEFAULT '{}';
UPDATE handle SET proofs = (SELECT proofs FROM sign_in WHERE sign_in.id = handle.sign_in_id);

CREATE TABLE hand_over (
  hash TEXT PRIMARY KEY, transaction_id TEXT NOT NULL,
  sign_in_id TEXT NOT NULL REFERENCES sign_in (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, spent_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX hand_over_sign_in ON hand_over (sign_in_id);
CREATE INDEX hand_over_expiry ON hand_over (expires_at);
`,
} as const;

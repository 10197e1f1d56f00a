/** People by the thousand who are signed in already, written straight into the database before the gateway starts. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { proofsAt } from '../src/core/identity/factors.ts';
import { loadMasterKey } from '../src/crypto/keys.ts';
import { createHasher } from '../src/crypto/password.ts';
import { systemRandom } from '../src/crypto/random.ts';
import { sha256 } from '../src/crypto/seal.ts';
import { createVault } from '../src/crypto/vault.ts';
import { addPeople } from './otp/people.ts';

/** Password and PIN of those who have them. */
export const PASSWORD = 'correct horse battery';

/** The first so many people have a password and a PIN besides their authenticator. */
export const WITH_SECRETS = 500;

const DAY = 86_400_000;

/** The value of the n-th person's session cookie. */
const cookieOf = (n: number): string => createHash('sha256').update(`session ${n}`).digest('base64url');

/**
 * Adds people `user0` to `user(count-1)` of the group `staff` to the database of a gateway's folder, each signed in on
 * the host. Answers the values of their cookies.
 */
export async function addSignedIn(gate: string, count: number, host: string, now: number): Promise<readonly string[]> {
  if (count === 0) return [];
  const hasher = createHasher(systemRandom);
  const hash = await hasher.hash(PASSWORD);
  const path = join(gate, 'data/sumun.db');
  const vault = createVault(loadMasterKey(join(gate, 'data/master.key')), systemRandom);
  addPeople(path, vault, count, { pw: hash, pin: hash, first: WITH_SECRETS });

  const database = new SqliteDatabase(path);
  const signIn = database.prepare(
    `INSERT INTO sign_in (id, account_id, proofs, started_at, auth_time, last_seen, idle_limit, max_limit, address,
       user_agent, host, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '127.0.0.1', 'bench', ?, NULL)`,
  );
  const handle = database.prepare(
    'INSERT INTO handle (hash, sign_in_id, host, created_at, proofs) VALUES (?, ?, ?, ?, ?)',
  );
  const proofs = JSON.stringify(proofsAt(['pw', 'pin', 'otp'], now));
  const cookies = Array.from({ length: count }, (_, n) => cookieOf(n));
  const addAll = database.transaction(() => {
    for (const [n, cookie] of cookies.entries()) {
      const number = String(n).padStart(24, '0');
      signIn.run(`S${number}`, `A${number}`, proofs, now, now, now, DAY, DAY, host);
      handle.run(sha256(cookie), `S${number}`, host, now, proofs);
    }
  });
  addAll();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  return cookies;
}

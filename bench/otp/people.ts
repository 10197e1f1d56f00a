/** People by the thousand, written straight into a database, and the codes of their authenticators. */
import { createHash, createHmac } from 'node:crypto';
import SqliteDatabase from 'better-sqlite3';
import { counterBytes, truncate } from '../../src/core/verification/hotp.ts';
import type { Vault } from '../../src/ports.ts';
import { seedContext } from '../../src/stores/data-keys.ts';

/** The login of the n-th person. */
export const loginOf = (n: number): string => `user${n}`;

/** The HOTP seed of the n-th person, 20 bytes. */
const seedOf = (n: number): Buffer => createHash('sha1').update(`bench ${n}`).digest();

/** The six-digit code of the n-th person for a counter. */
export const codeOf = (n: number, counter: number): string =>
  truncate(createHmac('sha1', seedOf(n)).update(counterBytes(counter)).digest(), 6);

/** Adds people 0 to count-1, each with one event-based authenticator; the first ones also with a password and a PIN. */
export function addPeople(
  path: string,
  vault: Vault,
  count: number,
  secrets: { readonly pw: string; readonly pin: string; readonly first: number },
): void {
  const database = new SqliteDatabase(path);
  database.pragma('foreign_keys = ON');
  const keys = database.prepare('SELECT id, wrapped, canary, cipher FROM data_key').all() as Parameters<
    Vault['openDataKeys']
  >[0];
  const active = String(database.prepare('SELECT id FROM data_key WHERE active = 1').pluck().get());
  const sealer = vault.openDataKeys(keys, active);
  const account = database.prepare(
    `INSERT INTO account (id, login, login_folded, name, email, phone, attributes, status, created_at)
     VALUES (?, ?, ?, ?, '', '', '{}', 'active', 0)`,
  );
  const group = database.prepare("INSERT INTO account_group (account_id, name) VALUES (?, 'staff')");
  const secret = database.prepare(
    'INSERT INTO account_secret (account_id, kind, hash, changed_at) VALUES (?, ?, ?, 0)',
  );
  const authenticator = database.prepare(
    `INSERT INTO authenticator (id, account_id, kind, label, algorithm, digits, period, suite, serial, seed, key_id,
       moving_factor, drift, status, created_at, last_used_at)
     VALUES (?, ?, 'hotp', '', 'SHA1', 6, 0, '', '', ?, ?, 0, 0, 'active', 0, NULL)`,
  );
  const addAll = database.transaction(() => {
    for (let n = 0; n < count; n++) {
      const login = loginOf(n);
      const id = `A${String(n).padStart(24, '0')}`;
      account.run(id, login, login, login);
      group.run(id);
      if (n < secrets.first) {
        secret.run(id, 'pw', secrets.pw);
        secret.run(id, 'pin', secrets.pin);
      }
      const token = `T${String(n).padStart(24, '0')}`;
      authenticator.run(token, id, sealer.seal(seedOf(n), seedContext(token)), active);
    }
  });
  addAll();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}

/** The counters a database expects next, of those whose code was used before. */
export function countersIn(path: string): Map<number, number> {
  const database = new SqliteDatabase(path, { readonly: true });
  const used = database.prepare('SELECT id, moving_factor FROM authenticator WHERE moving_factor > 0').raw().all();
  database.close();
  return new Map((used as [string, number][]).map(([id, counter]) => [Number(id.slice(1)), counter]));
}

import type SqliteDatabase from 'better-sqlite3';
import type { Sealer, Vault, WrappedKey } from '../ports.ts';

/** What a seed is sealed to: moved to another row it does not open. */
export const seedContext = (authenticator: string): string => `authenticator|${authenticator}|seed`;

/** A sealer over the data keys that were in the database when it was made, and the key it seals with. */
export type ActiveSealer = { readonly sealer: Sealer; readonly keyId: string };

type KeyRow = WrappedKey & { readonly active: number };

/** The data keys of a database, of any schema: before ciphers could be chosen there was one. */
export function readDataKeys(database: SqliteDatabase.Database): { readonly keys: readonly KeyRow[]; active: string } {
  const rows = database.prepare<[], Omit<KeyRow, 'cipher'> & Partial<KeyRow>>('SELECT * FROM data_key').all();
  const keys = rows.map((row) => ({ ...row, cipher: row.cipher ?? 'aes-256-gcm' }));
  return { keys, active: keys.find((key) => key.active === 1)?.id ?? '' };
}

/** The data keys, opened. Another process may rotate them, so each use asks which is active. */
export class DataKeys {
  readonly #vault: Pick<Vault, 'openDataKeys'>;
  readonly #marks = new WeakMap<SqliteDatabase.Database, SqliteDatabase.Statement<[], string>>();
  #opened: (ActiveSealer & { readonly mark: string }) | undefined;

  constructor(vault: Pick<Vault, 'openDataKeys'>) {
    this.#vault = vault;
  }

  /** The sealer as a connection sees it now. Throws if the master key does not open the data keys. */
  current(database: SqliteDatabase.Database): ActiveSealer {
    const mark = this.#markOf(database);
    if (this.#opened?.mark === mark) return this.#opened;
    const { keys, active } = readDataKeys(database);
    this.#opened = { sealer: this.#vault.openDataKeys(keys, active), keyId: active, mark };
    return this.#opened;
  }

  /** Changes whenever a key is added or another one becomes active. */
  #markOf(database: SqliteDatabase.Database): string {
    let statement = this.#marks.get(database);
    if (statement === undefined) {
      statement = database
        .prepare<[], string>("SELECT count(*) || '|' || max(CASE active WHEN 1 THEN id ELSE '' END) FROM data_key")
        .pluck();
      this.#marks.set(database, statement);
    }
    return String(statement.get());
  }
}

import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { type DatabaseConnection, type Driver, Kysely, SqliteDialect, SqliteDriver } from 'kysely';
import type { Clock, Vault } from '../ports.ts';
import { applyMigration, type Migration, pendingMigrations, schemaNumber } from './migrations.ts';
import type { Tables } from './schema.ts';

/** The first SQLite without the fault that could lose commits when a WAL is reset. */
const OLDEST_SQLITE = '3.51.3';

/** How long a writer waits for others, in milliseconds. */
const WAIT_FOR_LOCK = 5000;

/** Two connections to one file. What the reader sees is committed; nothing half-done in the writer shows there. */
export type OpenDatabase = {
  readonly path: string;
  /** Over the writing connection: for transactions only. Anything else waits here until they are over. */
  readonly db: Kysely<Tables>;
  /** Over the reading connection. */
  readonly read: Kysely<Tables>;
  readonly writer: SqliteDatabase.Database;
  readonly reader: SqliteDatabase.Database;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  readonly path: string;
  readonly vault: Pick<Vault, 'hash'>;
  readonly clock: Clock;
  readonly migrations?: readonly Migration[];
};

/**
 * Opens the database (made if missing; file 0600, folder 0700) and brings its schema up to date, after a copy of the
 * file. Every commit is on disk before it returns (WAL with synchronous=FULL).
 */
export async function openDatabase(options: DatabaseOptions): Promise<OpenDatabase> {
  prepareFile(options.path);
  const writer = connect(options.path, false);
  try {
    refuseOldSqlite(writer);
    await migrate(writer, options);
    const reader = connect(options.path, true);
    const db = new Kysely<Tables>({ dialect: new ImmediateDialect(writer) });
    const read = new Kysely<Tables>({ dialect: new SqliteDialect({ database: cachingStatements(reader) }) });
    return { path: options.path, db, read, writer, reader, close: () => closeBoth(db, writer, reader) };
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** Opens a file as it is, for looking at it only. */
export const openReadOnly = (path: string): SqliteDatabase.Database => connect(path, true);

function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function connect(path: string, isReader: boolean): SqliteDatabase.Database {
  const database = new SqliteDatabase(path, { readonly: isReader, fileMustExist: true, timeout: WAIT_FOR_LOCK });
  if (!isReader) database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  // 16 MB: what many commits wrote to the same pages goes into the file once.
  database.pragma('wal_autocheckpoint = 4000');
  database.pragma('cache_size = -32000');
  // Nothing that is sorted or undone is written to a folder of the system.
  database.pragma('temp_store = MEMORY');
  database.pragma('foreign_keys = ON');
  database.pragma('trusted_schema = OFF');
  return database;
}

function refuseOldSqlite(database: SqliteDatabase.Database): void {
  const version = String(database.prepare('SELECT sqlite_version()').pluck().get());
  if (version.localeCompare(OLDEST_SQLITE, 'en', { numeric: true }) < 0) {
    throw new Error(
      `SQLite ${version} is older than ${OLDEST_SQLITE}, which keeps every commit; install the packages anew`,
    );
  }
}

async function migrate(database: SqliteDatabase.Database, options: DatabaseOptions): Promise<void> {
  const pending = pendingMigrations(database, options.vault, options.migrations);
  const from = schemaNumber(database);
  const now = options.clock.now();
  if (pending.length > 0 && from > 0) await copyBefore(database, `${options.path}.schema-${from}.${now}`);
  for (const migration of pending) applyMigration(database, migration, options.vault, now);
}

async function copyBefore(database: SqliteDatabase.Database, path: string): Promise<void> {
  closeSync(openSync(path, 'wx', 0o600));
  await database.backup(path);
}

/** Kysely closes only what it has used. */
async function closeBoth(
  db: Kysely<Tables>,
  writer: SqliteDatabase.Database,
  reader: SqliteDatabase.Database,
): Promise<void> {
  reader.close();
  await db.destroy();
  writer.close();
}

/** Kysely prepares anew for every query; the set of query texts here is small and fixed, so each is prepared once. */
function cachingStatements(database: SqliteDatabase.Database): Pick<SqliteDatabase.Database, 'prepare' | 'close'> {
  const prepared = new Map<string, SqliteDatabase.Statement>();
  return {
    prepare: ((text: string) => {
      const known = prepared.get(text);
      if (known !== undefined) return known;
      if (prepared.size >= 500) prepared.clear();
      const statement = database.prepare(text);
      prepared.set(text, statement);
      return statement;
    }) as SqliteDatabase.Database['prepare'],
    close: () => database.close(),
  };
}

/**
 * Takes the write lock when a transaction begins: one that read first and then has to wait would fail half-way. Waiting
 * for another process's transaction does not hold up this process, as SQLite's own waiting would.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #writer: SqliteDatabase.Database;

  constructor(writer: SqliteDatabase.Database) {
    super({ database: cachingStatements(writer) });
    this.#writer = writer;
  }

  override async beginTransaction(_connection: DatabaseConnection): Promise<void> {
    const deadline = performance.now() + WAIT_FOR_LOCK;
    for (let pause = 1; !this.#tryBegin(); pause = Math.min(pause + 1, 5)) {
      if (performance.now() >= deadline) throw new Error('the database stayed locked by another process');
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** SQLite rolls back by itself on some faults, a full disk for one; the fault must not be hidden by a second one. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#writer.inTransaction) await super.rollbackTransaction(connection);
  }

  #tryBegin(): boolean {
    this.#writer.pragma('busy_timeout = 0');
    try {
      this.#writer.exec('BEGIN IMMEDIATE');
      return true;
    } catch (error) {
      if (error instanceof SqliteDatabase.SqliteError && error.code.startsWith('SQLITE_BUSY')) return false;
      throw error;
    } finally {
      this.#writer.pragma(`busy_timeout = ${WAIT_FOR_LOCK}`);
    }
  }
}

class ImmediateDialect extends SqliteDialect {
  readonly #writer: SqliteDatabase.Database;

  constructor(writer: SqliteDatabase.Database) {
    super({ database: writer });
    this.#writer = writer;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#writer);
  }
}

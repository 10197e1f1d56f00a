import type SqliteDatabase from 'better-sqlite3';
import type { Instant } from '../core/time.ts';
import type { Vault } from '../ports.ts';
import { initial } from './migrations/0001-initial.ts';
import { otpServer } from './migrations/0002-otp-server.ts';
import { singleSignOn } from './migrations/0003-single-sign-on.ts';

/** A numbered step of the schema. Once released, its text never changes. */
export type Migration = { readonly number: number; readonly name: string; readonly statements: string };

/** Every migration, in order, numbered from 1. */
export const MIGRATIONS: readonly Migration[] = [initial, otpServer, singleSignOn];

/** Thrown where the database has another history than this program knows. Nothing was changed. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

type Applied = { readonly number: number; readonly name: string; readonly checksum: string };

/** The number of the newest migration of a database; 0 for an empty one. */
export function schemaNumber(database: SqliteDatabase.Database): number {
  return applied(database).at(-1)?.number ?? 0;
}

/**
 * Migrations this database still needs. Throws `SchemaError` when it was made by a newer program, or when a step that
 * was applied to it is not the one known here.
 */
export function pendingMigrations(
  database: SqliteDatabase.Database,
  vault: Pick<Vault, 'hash'>,
  migrations: readonly Migration[] = MIGRATIONS,
): readonly Migration[] {
  const done = applied(database);
  for (const [index, row] of done.entries()) {
    const known = migrations[index];
    if (known === undefined) {
      throw new SchemaError(
        `the database has schema ${row.number}, this version knows ${migrations.length}; use a newer version`,
      );
    }
    if (row.number !== known.number || row.checksum !== vault.hash(known.statements)) {
      throw new SchemaError(`migration ${row.number} (${row.name}) of the database is not the one of this version`);
    }
  }
  return migrations.slice(done.length);
}

/** Applies one migration in a transaction with its checksum. Does nothing if another process was first. */
export function applyMigration(
  database: SqliteDatabase.Database,
  migration: Migration,
  vault: Pick<Vault, 'hash'>,
  now: Instant,
): void {
  const apply = database.transaction(() => {
    if (applied(database).some((row) => row.number === migration.number)) return;
    database.exec(`CREATE TABLE IF NOT EXISTS schema_migration (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT`);
    database.exec(migration.statements);
    database
      .prepare('INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)')
      .run(migration.number, migration.name, vault.hash(migration.statements), now);
  });
  apply.immediate();
}

function applied(database: SqliteDatabase.Database): readonly Applied[] {
  const table = database
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'")
    .get();
  if (table === undefined) return [];
  return database.prepare<[], Applied>('SELECT number, name, checksum FROM schema_migration ORDER BY number').all();
}

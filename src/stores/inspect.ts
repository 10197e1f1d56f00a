import { statSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import type { Vault } from '../ports.ts';
import { verifyChain } from './audit.ts';
import type { ChainEnd } from './audit-chain.ts';
import { readDataKeys } from './data-keys.ts';
import { openReadOnly } from './database.ts';
import { pendingMigrations, schemaNumber } from './migrations.ts';
import { OPENINGS } from './switches.ts';

/** The health of a database file, for people who look after it. */
export type DatabaseHealth = {
  readonly sqlite: string;
  readonly schema: number;
  readonly bytes: number;
  /** What `integrity_check` and `foreign_key_check` found; empty if nothing. */
  readonly faults: readonly string[];
  readonly isWritable: boolean;
  /** When the newest audit record was written; undefined if there is none. */
  readonly newestAudit: number | undefined;
};

/** Looks a database over without changing it. Throws if it cannot be opened at all. */
export function inspectDatabase(path: string): DatabaseHealth {
  const database = openReadOnly(path);
  try {
    const newest = database.prepare('SELECT max(at) FROM audit').pluck().get();
    return {
      sqlite: String(database.prepare('SELECT sqlite_version()').pluck().get()),
      schema: schemaNumber(database),
      bytes: statSync(path).size,
      faults: integrityFaults(database),
      isWritable: canWrite(path),
      newestAudit: typeof newest === 'number' ? newest : undefined,
    };
  } finally {
    database.close();
  }
}

/** Routes that are open without sign-in, and until when. A database that knows no switches yet has none. */
export function readOpenings(path: string, now: number): ReadonlyMap<string, number> {
  const database = openReadOnly(path);
  try {
    const known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'switch'").get();
    if (known === undefined) return new Map();
    const rows = database.prepare<[number], { name: string; until: number }>(OPENINGS).all(now);
    return new Map(rows.map((row) => [row.name, row.until]));
  } finally {
    database.close();
  }
}

/** What a copy of a database holds. */
export type Contents = { readonly accounts: number; readonly authenticators: number; readonly auditRecords: number };

/**
 * Checks a copy of a database before anybody relies on it: pages, references, schema, keys and the audit chain.
 * Throws with the first thing that is wrong.
 */
export async function checkCopy(path: string, vault: Vault, head?: ChainEnd): Promise<Contents> {
  const database = openReadOnly(path);
  try {
    const fault = integrityFaults(database)[0];
    if (fault !== undefined) throw new Error(`the copy of the database is damaged: ${fault}`);
    pendingMigrations(database, vault);
    const { keys, active } = readDataKeys(database);
    vault.openDataKeys(keys, active);
    const end = database.prepare<[], ChainEnd>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get();
    const verdict = await verifyChain(database, vault, head ?? end);
    if (!verdict.ok) throw new Error(`the audit trail of the copy is broken: ${verdict.problem}`);
    return {
      accounts: count(database, 'account'),
      authenticators: count(database, 'authenticator'),
      auditRecords: verdict.records,
    };
  } finally {
    database.close();
  }
}

const count = (database: SqliteDatabase.Database, table: 'account' | 'authenticator'): number =>
  Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());

function integrityFaults(database: SqliteDatabase.Database): readonly string[] {
  const pages = database.prepare<[], { integrity_check: string }>('PRAGMA integrity_check').all();
  const references = database.prepare<[], { table: string }>('PRAGMA foreign_key_check').all();
  return [
    ...pages.map((row) => row.integrity_check).filter((text) => text !== 'ok'),
    ...references.map((row) => `a row of ${row.table} refers to one that is not there`),
  ];
}

function canWrite(path: string): boolean {
  const database = new SqliteDatabase(path, { fileMustExist: true, timeout: 2000 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

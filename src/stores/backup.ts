import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { Archive, ArchiveEntry, Clock, Vault } from '../ports.ts';
import { readHead } from './audit-head.ts';
import { openReadOnly } from './database.ts';
import { type Contents, checkCopy } from './inspect.ts';
import { schemaNumber } from './migrations.ts';
import { headFile } from './open.ts';

/** Where the files of an installation lie. */
export type Places = {
  readonly database: string;
  readonly config: string;
  readonly signing: string;
  readonly masterKey: string;
};

export type BackupOptions = {
  readonly places: Places;
  readonly archive: Archive;
  readonly vault: Vault;
  readonly clock: Clock;
};

export type Backup = { readonly bytes: Uint8Array; readonly sha256: string; readonly contents: Contents };

/** Names inside the archive. */
export const DATABASE_ENTRY = 'sumun.db';
export const CONFIG_ENTRY = 'config.yaml';
export const MASTER_ENTRY = 'master.key';
export const SIGNING_PREFIX = 'signing/';

/**
 * Copies a database that may be in use, with configuration and keys, into one sealed file. Before it answers, the file
 * has been opened again and the database in it checked. The master key goes along only under a pass-phrase: sealed
 * with itself it would help nobody.
 */
export async function makeBackup(options: BackupOptions): Promise<Backup> {
  const { places, archive, vault } = options;
  const folder = mkdtempSync(join(dirname(places.database), '.backup-'));
  try {
    const head = readHead(headFile(places.database), vault);
    const copy = join(folder, 'copy.db');
    const schema = await copyDatabase(places.database, copy);
    const about = { madeAt: options.clock.now(), schema };
    const bytes = archive.seal([{ name: DATABASE_ENTRY, content: readFileSync(copy) }, ...otherFiles(options)], about);
    const restored = join(folder, 'restored.db');
    writeFileSync(restored, entryOf(archive.open(bytes).entries, DATABASE_ENTRY), { mode: 0o600 });
    const contents = await checkCopy(restored, vault, head);
    return { bytes, sha256: Buffer.from(vault.hash(bytes), 'base64url').toString('hex'), contents };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The content of an entry. Throws if the archive has none of this name. */
export function entryOf(entries: readonly ArchiveEntry[], name: string): Uint8Array {
  const entry = entries.find((each) => each.name === name);
  if (entry === undefined) throw new Error(`the backup holds no ${name}`);
  return entry.content;
}

/** Copies all pages in one step, so that writers do not make it start over, into one file without a WAL. */
async function copyDatabase(from: string, to: string): Promise<number> {
  writeFileSync(to, '', { mode: 0o600 });
  const source = openReadOnly(from);
  try {
    await source.backup(to, { progress: () => 0x7fffffff });
  } finally {
    source.close();
  }
  return settle(to, schemaNumber);
}

/** Runs work on a database file nobody else has open and leaves it as one file without a WAL. */
export function settle<T>(path: string, work: (database: SqliteDatabase.Database) => T): T {
  const database = new SqliteDatabase(path, { fileMustExist: true });
  try {
    const result = work(database);
    database.pragma('journal_mode = DELETE');
    return result;
  } finally {
    database.close();
  }
}

function otherFiles({ places, archive }: BackupOptions): readonly ArchiveEntry[] {
  const signing = existsSync(places.signing) ? readdirSync(places.signing).filter((name) => name.endsWith('.pem')) : [];
  const files: (readonly [string, string])[] = [
    [CONFIG_ENTRY, places.config],
    ...signing.map((name) => [`${SIGNING_PREFIX}${name}`, join(places.signing, name)] as const),
  ];
  if (archive.carriesMasterKey) files.push([MASTER_ENTRY, places.masterKey]);
  return files.map(([name, file]) => ({ name, content: readFileSync(file) }));
}

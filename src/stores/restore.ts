import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { AuditEvent } from '../core/audit.ts';
import type { Instant } from '../core/time.ts';
import type { Archive, ArchiveEntry, Clock, Vault } from '../ports.ts';
import { type ChainEnd, chainRecord, EMPTY_CHAIN, rowOf } from './audit-chain.ts';
import { encodeHead } from './audit-head.ts';
import { CONFIG_ENTRY, DATABASE_ENTRY, entryOf, MASTER_ENTRY, type Places, SIGNING_PREFIX, settle } from './backup.ts';
import { type Contents, checkCopy } from './inspect.ts';
import { applyMigration, pendingMigrations } from './migrations.ts';
import { headFile } from './open.ts';

export type RestoreOptions = {
  readonly bytes: Uint8Array;
  readonly archive: Archive;
  readonly places: Places;
  /** The vault of the master key that comes with the archive, or, given undefined, of the one that is in place. */
  readonly vaultOf: (masterKeyText: string | undefined) => Vault;
  readonly clock: Clock;
  /** `otp.totp.window` and `otp.hotp.look_ahead`: how far floors are raised. */
  readonly floors: { readonly window: number; readonly lookAhead: number };
  readonly event: AuditEvent;
  readonly dryRun: boolean;
};

export type Restored = {
  readonly madeAt: Instant;
  readonly contents: Contents;
  /** Files that are (or would be) written, each with the name its present content moves (or would move) to. */
  readonly files: readonly { readonly file: string; readonly movedTo: string | undefined }[];
};

/** Thrown where a running process still has the database open. Nothing was changed. */
export class DatabaseInUse extends Error {
  override readonly name = 'DatabaseInUse';
}

/**
 * Puts a backup in place. Everything is checked in a folder of its own first; what is there now is moved aside, never
 * overwritten. Every OTP authenticator's floor is raised past what may have been accepted since the backup was made;
 * every sign-in, question and code that was live then is over. One window of sign-ins is lost, no OTP is accepted
 * twice.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { places, clock } = options;
  const { entries, about } = options.archive.open(options.bytes);
  const vault = options.vaultOf(textOf(entries, MASTER_ENTRY));
  mkdirSync(dirname(places.database), { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(dirname(places.database), '.restore-'));
  try {
    const database = join(folder, DATABASE_ENTRY);
    writeFileSync(database, entryOf(entries, DATABASE_ENTRY), { mode: 0o600 });
    const contents = await checkCopy(database, vault);
    const suffix = `.before-restore.${clock.now()}`;
    const plan = planFiles(entries, places, folder);
    const files = plan.map(({ to }) => ({ file: to, movedTo: existsSync(to) ? `${to}${suffix}` : undefined }));
    if (!options.dryRun) {
      const end = settle(database, (opened) => {
        for (const step of pendingMigrations(opened, vault)) applyMigration(opened, step, vault, clock.now());
        return makeSafe(opened, vault, options);
      });
      writeFileSync(join(folder, 'audit.head'), encodeHead(end, vault), { mode: 0o600 });
      for (const { from, content } of plan) if (content !== undefined) writeInto(from, content);
      closePresent(places.database);
      dropSpentCodes(database, places.database);
      for (const { from, to } of plan) putInPlace(from, to, suffix);
    }
    return { madeAt: Number(about['madeAt']), contents, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Move = { readonly from: string; readonly to: string; readonly content?: Uint8Array };

/** Written beside its place first: a rename must not have to cross file systems. */
const beside = (to: string, content: Uint8Array): Move => ({ from: `${to}.restoring`, to, content });

/** What goes where. Keys come before the database, so that an interruption never leaves a database without its keys. */
function planFiles(entries: readonly ArchiveEntry[], places: Places, folder: string): readonly Move[] {
  const moves: Move[] = [];
  for (const { name, content } of entries) {
    if (name === MASTER_ENTRY) moves.push(beside(places.masterKey, content));
    if (name === CONFIG_ENTRY) moves.push(beside(places.config, content));
    if (!name.startsWith(SIGNING_PREFIX)) continue;
    const file = name.slice(SIGNING_PREFIX.length);
    if (!/^[A-Za-z0-9_.-]+\.pem$/.test(file)) throw new Error(`the backup holds a file with a strange name: ${name}`);
    moves.push(beside(join(places.signing, file), content));
  }
  moves.push({ from: join(folder, 'audit.head'), to: headFile(places.database) });
  moves.push({ from: join(folder, DATABASE_ENTRY), to: places.database });
  return moves;
}

/** Raises floors, ends sign-ins, forgets half sign-ins and says so in the audit trail, in one transaction. */
function makeSafe(database: SqliteDatabase.Database, vault: Vault, options: RestoreOptions): ChainEnd {
  const now = options.clock.now();
  return database.transaction(() => {
    database
      .prepare(
        `UPDATE authenticator SET moving_factor = max(moving_factor, CASE kind
           WHEN 'totp' THEN :now / (period * 1000) + :window + max(drift, 0)
           WHEN 'server' THEN moving_factor + :lookAhead + 1
           ELSE moving_factor + :lookAhead END)`,
      )
      .run({ now: BigInt(now), window: BigInt(options.floors.window), lookAhead: BigInt(options.floors.lookAhead) });
    database.prepare('UPDATE sign_in SET ended_at = ? WHERE ended_at IS NULL').run(now);
    database.exec('DELETE FROM login_transaction; DELETE FROM kept_post');
    endVerifications(database, now);
    const end = database.prepare<[], ChainEnd>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get();
    const record = chainRecord(vault.hash, options.event, end ?? EMPTY_CHAIN);
    database
      .prepare(
        `INSERT INTO audit (seq, at, kind, login, actor, address, route, request, reason, detail, prev_hash, hash)
         VALUES (:seq, :at, :kind, :login, :actor, :address, :route, :request, :reason, :detail, :prev_hash, :hash)`,
      )
      .run(rowOf(record));
    return record;
  })();
}

/**
 * Whatever was under way is over: it may have been spent since the backup was made. Recovery codes stay as they were,
 * because they may be all that a person has left; see `dropSpentCodes`.
 */
function endVerifications(database: SqliteDatabase.Database, now: Instant): void {
  database.exec(`
    UPDATE challenge SET state = 'voided' WHERE state = 'open';
    UPDATE message SET state = 'failed' WHERE state IN ('queued', 'sending');
    DELETE FROM lookup_code WHERE kind = 'temporary';
    DELETE FROM idempotency`);
  for (const statement of [
    'UPDATE pending_verification SET spent_at = ? WHERE spent_at IS NULL',
    'UPDATE live_code SET voided_at = ? WHERE used_at IS NULL AND voided_at IS NULL',
    "UPDATE payment SET state = 'cancelled', decided_at = ? WHERE state = 'pending'",
  ]) {
    database.prepare(statement).run(now);
  }
}

/** Recovery codes that were used or replaced since the backup was made stay so, as far as the present database tells. */
function dropSpentCodes(restored: string, present: string): void {
  if (!existsSync(present)) return;
  const database = new SqliteDatabase(restored, { fileMustExist: true });
  try {
    database.prepare('ATTACH ? AS present').run(present);
    database.exec(`
      DELETE FROM lookup_code WHERE kind = 'recovery' AND account_id IN (SELECT id FROM present.account)
        AND id NOT IN (SELECT id FROM present.lookup_code WHERE used_at IS NULL)`);
  } catch {
    // A present database that is damaged, or older than such codes, tells nothing: it is why a backup is put in place.
  } finally {
    database.close();
  }
}

/**
 * Folds the WAL into the file that is about to be moved. It fails, on purpose, while anybody has the database open. What
 * is damaged beyond reading is moved as it is.
 */
function closePresent(path: string): void {
  if (!existsSync(path)) return;
  const database = new SqliteDatabase(path, { fileMustExist: true, timeout: 0 });
  try {
    const mode = database.pragma('journal_mode = DELETE', { simple: true });
    if (mode !== 'delete') throw new DatabaseInUse(`${path} is in use; stop the server first`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) {
      throw new DatabaseInUse(`${path} is in use; stop the server first`);
    }
    if (error instanceof Error && 'code' in error && /^SQLITE_(?:NOTADB|CORRUPT)/.test(String(error.code))) return;
    throw error;
  } finally {
    database.close();
  }
}

function writeInto(file: string, content: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
}

function putInPlace(from: string, to: string, suffix: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  if (existsSync(to)) renameSync(to, `${to}${suffix}`);
  renameSync(from, to);
  chmodSync(to, 0o600);
}

const textOf = (entries: readonly ArchiveEntry[], name: string): string | undefined => {
  const entry = entries.find((each) => each.name === name);
  return entry === undefined ? undefined : Buffer.from(entry.content).toString('utf8');
};

import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Milliseconds } from '../core/time.ts';
import type { Clock, House, Log, Random, SigningKeys, Vault, WrappedKey } from '../ports.ts';
import { createAccounts } from './accounts.ts';
import { createAttempts } from './attempts.ts';
import { createAuditLog } from './audit.ts';
import { AuditHead } from './audit-head.ts';
import { createAuthenticators } from './authenticators.ts';
import { createBrowsers } from './browsers.ts';
import { ChangeBus } from './changes.ts';
import type { StoreContext } from './context.ts';
import { openDatabase, openReadOnly } from './database.ts';
import { createKeyRing, DataKeys, ensureDataKey } from './key-ring.ts';
import type { Migration } from './migrations.ts';
import { Requests } from './requests.ts';
import { createSessions } from './sessions.ts';
import { createVerifications } from './state-changes.ts';

export type StoreOptions = {
  /** The database file. `audit.head` lies beside it. */
  readonly path: string;
  readonly vault: Vault;
  readonly signing: SigningKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `otp.clock.refuse`. */
  readonly clockTolerance: Milliseconds;
  readonly migrations?: readonly Migration[];
};

/** Every port that lives in the database. */
export type Stores = Pick<
  House,
  | 'keys'
  | 'accounts'
  | 'authenticators'
  | 'attempts'
  | 'sessions'
  | 'verifications'
  | 'browsers'
  | 'expired'
  | 'audit'
  | 'changes'
  | 'requests'
  | 'close'
>;

/**
 * Opens the database and everything on it. Throws before anything is written when the master key is not the one the
 * database was made with, and when the schema is newer than this program.
 */
export async function openStores(options: StoreOptions): Promise<Stores> {
  tryKeys(options);
  const database = await openDatabase(options);
  const { reader } = database;
  const { vault, log, clock, random, clockTolerance } = options;
  const owner = Buffer.from(random.bytes(8)).toString('hex');
  const head = new AuditHead({ file: headFile(options.path), owner, reader, vault, log });
  const changes = new ChangeBus(database.writer);
  const context: StoreContext = { ...database, vault, clock, random, log, head, changes, clockTolerance };
  await ensureDataKey(context);
  head.open();
  return assemble(context, options.signing);
}

/** Where the head of the audit trail of a database lies. */
export const headFile = (databasePath: string): string => join(dirname(databasePath), 'audit.head');

async function assemble(context: StoreContext, signing: SigningKeys): Promise<Stores> {
  const dataKeys = new DataKeys(context);
  await dataKeys.current(context.db);
  const sessions = createSessions(context);
  const requests = new Requests(context);
  return {
    keys: createKeyRing(context, dataKeys, signing),
    accounts: createAccounts(context),
    authenticators: createAuthenticators(context, dataKeys),
    attempts: createAttempts(context),
    sessions,
    expired: sessions,
    verifications: createVerifications(context),
    browsers: createBrowsers(context),
    audit: createAuditLog(context),
    changes: context.changes,
    requests,
    close: async () => {
      context.changes.close();
      await requests.flush();
      await context.head.flush();
      await context.close();
    },
  };
}

/** Opens the data keys of an existing database read-only, so that a wrong master key leaves every file as it was. */
function tryKeys({ path, vault }: StoreOptions): void {
  if (!existsSync(path) || statSync(path).size === 0) return;
  const database = openReadOnly(path);
  try {
    const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'data_key'").get();
    if (table === undefined) return;
    const keys = database.prepare<[], WrappedKey & { active: number }>('SELECT * FROM data_key').all();
    const active = keys.find((key) => key.active === 1);
    if (active !== undefined) vault.openDataKeys(keys, active.id);
  } finally {
    database.close();
  }
}

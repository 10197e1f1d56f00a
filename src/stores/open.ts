import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SealingCipher } from '../core/policy.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock, House, Log, Random, SigningKeys, Vault } from '../ports.ts';
import { createAccounts } from './accounts.ts';
import { createAttempts } from './attempts.ts';
import { createAuditLog } from './audit.ts';
import { prepareAppender } from './audit-append.ts';
import { AuditHead } from './audit-head.ts';
import { createAuthenticators } from './authenticators.ts';
import { createBrowsers } from './browsers.ts';
import { createChallenges } from './challenges.ts';
import { ChangeBus } from './changes.ts';
import { createClients } from './clients.ts';
import { Commits } from './commits.ts';
import type { StoreContext } from './context.ts';
import { DataKeys, readDataKeys } from './data-keys.ts';
import { openDatabase, openReadOnly } from './database.ts';
import { createIdempotency } from './idempotency.ts';
import { createKeyRing, ensureDataKey } from './key-ring.ts';
import { createLiveCodes } from './live-codes.ts';
import { createLookups } from './lookups.ts';
import { createMessages } from './messages.ts';
import type { Migration } from './migrations.ts';
import { createPayments } from './payments.ts';
import { createPending } from './pending.ts';
import { Requests } from './requests.ts';
import { Resealing } from './resealing.ts';
import { createSessions } from './sessions.ts';
import { createVerifications, prepareChanges } from './state-changes.ts';
import { createStats } from './stats.ts';
import { createSwitches } from './switches.ts';

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
  /** `otp.sealing`: what new data keys are for; AES-256-GCM if absent. */
  readonly sealing?: SealingCipher;
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
  | 'challenges'
  | 'pending'
  | 'liveCodes'
  | 'lookups'
  | 'clients'
  | 'idempotency'
  | 'messages'
  | 'payments'
  | 'stats'
  | 'switches'
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
  const cipher = options.sealing ?? 'aes-256-gcm';
  const context = await openContext(options);
  await ensureDataKey(context, cipher);
  context.head.open();
  const dataKeys = new DataKeys(context.vault);
  dataKeys.current(context.reader);
  return assemble(context, { dataKeys, signing: options.signing, cipher });
}

async function openContext(options: StoreOptions): Promise<StoreContext> {
  const database = await openDatabase(options);
  const { db, writer, reader } = database;
  const { vault, log, clock, random, clockTolerance } = options;
  const owner = Buffer.from(random.bytes(8)).toString('hex');
  const head = new AuditHead({ file: headFile(options.path), owner, reader, vault, log });
  const changes = new ChangeBus(writer);
  const commits = new Commits({ db, writer, appender: prepareAppender(writer, vault), head });
  return { ...database, vault, clock, random, log, head, changes, commits, clockTolerance };
}

/** Where the head of the audit trail of a database lies. */
export const headFile = (databasePath: string): string => join(dirname(databasePath), 'audit.head');

type KeyParts = { readonly dataKeys: DataKeys; readonly signing: SigningKeys; readonly cipher: SealingCipher };

function assemble(context: StoreContext, { dataKeys, signing, cipher }: KeyParts): Stores {
  const apply = prepareChanges(context);
  const sessions = createSessions(context, apply);
  const requests = new Requests(context);
  const resealing = new Resealing(context, dataKeys);
  resealing.finish();
  return {
    keys: createKeyRing(context, { resealing, signing, cipher }),
    accounts: createAccounts(context),
    authenticators: createAuthenticators(context, dataKeys),
    attempts: createAttempts(context),
    sessions,
    expired: sessions,
    verifications: createVerifications(context, apply),
    browsers: createBrowsers(context),
    challenges: createChallenges(context),
    pending: createPending(context),
    liveCodes: createLiveCodes(context),
    lookups: createLookups(context),
    clients: createClients(context),
    idempotency: createIdempotency(context, dataKeys),
    messages: createMessages(context),
    payments: createPayments(context),
    stats: createStats(context),
    switches: createSwitches(context),
    audit: createAuditLog(context),
    changes: context.changes,
    requests,
    close: () => close(context, requests, resealing),
  };
}

/** Lets what is under way end, so that nothing that was answered is lost and nothing unanswered is left half-way. */
async function close(context: StoreContext, requests: Requests, resealing: Resealing): Promise<void> {
  context.changes.close();
  await resealing.stop();
  await requests.flush();
  await context.commits.settled();
  await context.head.flush();
  await context.close();
}

/** Opens the data keys of an existing database read-only, so that a wrong master key leaves every file as it was. */
function tryKeys({ path, vault }: StoreOptions): void {
  if (!existsSync(path) || statSync(path).size === 0) return;
  const database = openReadOnly(path);
  try {
    const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'data_key'").get();
    if (table === undefined) return;
    const { keys, active } = readDataKeys(database);
    if (active !== '') vault.openDataKeys(keys, active);
  } finally {
    database.close();
  }
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createArchive } from '../../src/crypto/archive.ts';
import { createMasterKey, loadMasterKey, parseMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createVault } from '../../src/crypto/vault.ts';
import { makeBackup, type Places } from '../../src/stores/backup.ts';
import { openDatabase } from '../../src/stores/database.ts';
import { inspectDatabase } from '../../src/stores/inspect.ts';
import { MIGRATIONS } from '../../src/stores/migrations.ts';
import { openStores } from '../../src/stores/open.ts';
import { type RestoreOptions, restoreBackup } from '../../src/stores/restore.ts';
import { addAccount, addToken, begin, event, type Fixture, openFixture, START, totp } from './fixture.ts';
import { challenge, payment, pending, text, wide } from './questions.ts';

let fixture: Fixture;
let places: Places;
beforeEach(async () => {
  fixture = await openFixture();
  places = placesIn(fixture.folder);
  writeFileSync(places.config, 'version: 1\n');
});
afterEach(() => fixture.remove());

const placesIn = (folder: string): Places => ({
  database: join(folder, 'data', 'sumun.db'),
  config: join(folder, 'config.yaml'),
  signing: join(folder, 'data', 'signing'),
  masterKey: join(folder, 'data', 'master.key'),
});

const withMaster = () => createArchive({ master: loadMasterKey(places.masterKey) }, systemRandom);
const backUp = (archive = withMaster()) =>
  makeBackup({ places, archive, vault: fixture.options.vault, clock: fixture.options.clock });

const restoring = (bytes: Uint8Array, more: Partial<RestoreOptions> = {}): RestoreOptions => ({
  bytes,
  archive: withMaster(),
  places,
  vaultOf: (text) =>
    createVault(text === undefined ? loadMasterKey(places.masterKey) : parseMasterKey(text, 'backup'), systemRandom),
  clock: fixture.options.clock,
  floors: { window: 1, lookAhead: 10 },
  event: event('backup.restored', fixture.time.now, { login: '', actor: 'cli' }),
  dryRun: false,
  ...more,
});

const listing = () =>
  readdirSync(fixture.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/-(wal|shm)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]);

describe('a backup', () => {
  test('is made of a database in use, while it is written to, and checked before it is answered', async () => {
    const kim = await addAccount(fixture.stores);
    await addToken(fixture.stores, totp(kim.id));
    let isDone = false;
    const writing = (async () => {
      for (let n = 0; !isDone; n++) {
        await fixture.stores.audit.append(event('signin.rejected', START, { detail: { n } }));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const made = await backUp();
    isDone = true;
    await writing;
    expect(made.contents).toMatchObject({ accounts: 1, authenticators: 1 });
    expect(made.contents.auditRecords).toBeGreaterThanOrEqual(2);
    expect(made.sha256).toBe(createHash('sha256').update(made.bytes).digest('hex'));
    expect(readdirSync(dirname(places.database)).filter((name) => name.startsWith('.'))).toEqual([]);
    for (const secret of ['12345678901234567890', 'SQLite format', 'PRIVATE KEY', 'kim@example.com']) {
      expect(Buffer.from(made.bytes).includes(secret)).toBe(false);
    }
  });

  test('brings the master key along under a pass-phrase only', async () => {
    const sealed = createArchive({ passphrase: 'correct horse battery' }, systemRandom);
    const names = async (archive: typeof sealed) =>
      archive.open((await backUp(archive)).bytes).entries.map((each) => each.name);
    expect(await names(sealed)).toContain('master.key');
    expect(await names(withMaster())).not.toContain('master.key');
  });
});

describe('restoring', () => {
  test('says what it would do and changes nothing on a dry run', async () => {
    await addAccount(fixture.stores);
    const { bytes } = await backUp();
    await fixture.stores.close();
    const before = listing();
    const plan = await restoreBackup(restoring(bytes, { dryRun: true }));
    expect(plan).toMatchObject({ madeAt: START, contents: { accounts: 1 } });
    expect(plan.files.find((each) => each.file === places.database)?.movedTo).toMatch(/before-restore/);
    expect(listing()).toEqual(before);
  });

  test('is refused while a process has the database open, and changes nothing', async () => {
    await addAccount(fixture.stores);
    const { bytes } = await backUp();
    await expect(restoreBackup(restoring(bytes))).rejects.toThrow(/stop the server first/);
    expect(await fixture.stores.accounts.findByLogin('kim')).toBeDefined();
    await addAccount(fixture.stores, 'lee');
  });

  test('RESTORE-1 moves the present files aside, ends sign-ins, and never lets a used code in again', async () => {
    const { stores, time } = fixture;
    const kim = await addAccount(stores);
    const time30 = await addToken(stores, totp(kim.id));
    const counter = await addToken(stores, totp(kim.id, { kind: 'hotp', period: 0 }));
    await begin(stores, kim.id, 'a');
    const { bytes } = await backUp();
    // After the backup: codes are used, somebody joins. Both are lost; the codes must stay used.
    const step = Math.floor(START / 30_000);
    const change = (authenticator: string, to: number) =>
      ({ kind: 'advance-moving-factor', authenticator, to, drift: 0 }) as const;
    await stores.verifications.commit([change(time30.id, step + 1), change(counter.id, 4)], event('token.tested'));
    await addAccount(stores, 'lee');
    await stores.close();
    time.now = START + 5000;
    const { files } = await restoreBackup(restoring(bytes));
    for (const { movedTo } of files.filter((each) => each.movedTo !== undefined))
      expect(existsSync(movedTo ?? '')).toBe(true);

    const again = await fixture.reopen();
    expect(await again.accounts.findByLogin('lee')).toBeUndefined();
    expect(await again.sessions.find('handle-a')).toBeUndefined();
    expect(await again.authenticators.find(time30.id)).toMatchObject({ movingFactor: step + 1 });
    expect(await again.authenticators.find(counter.id)).toMatchObject({ movingFactor: 10 });
    expect(await again.verifications.commit([change(time30.id, step + 1)], event('token.tested'))).toBe('conflict');
    expect(await again.verifications.commit([change(counter.id, 4)], event('token.tested'))).toBe('conflict');
    expect((await again.audit.read({ limit: 1, newestFirst: true }))[0]).toMatchObject({ kind: 'backup.restored' });
    expect(await again.audit.verify()).toMatchObject({ ok: true });
  });

  test('RESTORE-1 ends every question, live code and payment, and keeps recovery codes', async () => {
    const { stores } = fixture;
    const { id: accountId } = await addAccount(stores);
    const server = await addToken(stores, totp(accountId, { kind: 'server', period: 0 }));
    const ocra = await addToken(stores, totp(accountId, { kind: 'ocra', period: 0, movingFactor: 3 }));
    const code = { nonce: new Uint8Array(32), contextHash: '', boundTo: '', ttl: 60_000 };
    const live = await stores.liveCodes.issue(server.id, code, event('code.issued'));
    if (typeof live === 'string') throw new Error(live);
    await stores.challenges.add(
      challenge('ch', { accountId }),
      text('+821012345678'),
      wide,
      event('challenge.created'),
    );
    await stores.payments.add(payment('pay'), event('payment.created'));
    await stores.lookups.replaceRecovery(accountId, ['r'], event('recovery.created'));
    await stores.lookups.addTemporary(accountId, 't', START + 60_000, event('temporary.created'));
    await stores.idempotency.begin('s', 'k', 'b', START, 60_000);
    const begun = { kind: 'add-pending', pending: pending('tx') } as const;
    await stores.verifications.commit([begun], event('verification.challenged'));
    const { bytes } = await backUp();
    await stores.close();
    await restoreBackup(restoring(bytes));

    const again = await fixture.reopen();
    const spend = [
      { kind: 'use-challenge', challenge: 'ch' },
      { kind: 'use-live-code', code: live.id },
      { kind: 'spend-pending', pending: 'tx' },
      { kind: 'decide-payment', payment: 'pay', state: 'approved', evidence: undefined },
    ] as const;
    for (const change of spend) {
      expect(await again.verifications.commit([change], event('verification.accepted'))).toBe('conflict');
    }
    expect(await again.payments.find('pay')).toMatchObject({ state: 'cancelled', decidedAt: START });
    expect(await again.messages.claim(10, START, 60_000)).toEqual([]);
    expect((await again.lookups.list(accountId, START)).map((each) => each.mac)).toEqual(['r']);
    expect(await again.idempotency.begin('s', 'k', 'other', START, 60_000)).toEqual({ kind: 'new' });
    expect((await again.authenticators.find(server.id))?.movingFactor).toBeGreaterThan(1);
    expect(await again.authenticators.find(ocra.id)).toMatchObject({ movingFactor: 13 });
  });

  test('of a backup from an older version brings it up to date on the way', async () => {
    const old = placesIn(join(fixture.folder, 'old'));
    mkdirSync(dirname(old.database), { recursive: true });
    const { vault, clock } = fixture.options;
    const first = await openDatabase({ path: old.database, vault, clock, migrations: MIGRATIONS.slice(0, 1) });
    const { cipher: _, ...key } = vault.newDataKey('aes-256-gcm');
    first.writer.prepare('INSERT INTO data_key VALUES (?, ?, ?, 1, ?)').run(key.id, key.wrapped, key.canary, START);
    await first.close();
    const entries = [{ name: 'sumun.db', content: readFileSync(old.database) }];
    const bytes = withMaster().seal(entries, { madeAt: START, schema: 1 });
    await fixture.stores.close();
    await restoreBackup(restoring(bytes));
    const again = await fixture.reopen();
    expect((await again.audit.read({ limit: 5 })).map((record) => record.kind)).toEqual(['backup.restored']);
    expect(inspectDatabase(fixture.path)).toMatchObject({ schema: MIGRATIONS.length, faults: [] });
  });

  test('with a pass-phrase brings an installation to another machine', async () => {
    const kim = await addAccount(fixture.stores);
    await addToken(fixture.stores, totp(kim.id));
    const code = (await fixture.stores.authenticators.bind(kim.id))[0]?.codeAt(9);
    const archive = createArchive({ passphrase: 'correct horse battery' }, systemRandom);
    const { bytes } = await backUp(archive);
    const elsewhere = join(fixture.folder, 'elsewhere');
    mkdirSync(elsewhere);
    const there = placesIn(elsewhere);
    await restoreBackup(restoring(bytes, { archive, places: there }));
    expect(readFileSync(there.config, 'utf8')).toBe('version: 1\n');
    const vault = createVault(loadMasterKey(there.masterKey), systemRandom);
    const stores = await openStores({ ...fixture.options, path: there.database, vault });
    expect((await stores.authenticators.bind(kim.id))[0]?.codeAt(9)).toBe(code);
    expect(await stores.audit.verify()).toMatchObject({ ok: true });
    await stores.close();
  });

  test('refuses changed bytes, another master key and a newer schema, and changes nothing', async () => {
    await addAccount(fixture.stores);
    const { bytes } = await backUp();
    await fixture.stores.close();
    const newer = { number: MIGRATIONS.length + 1, name: 'later', statements: 'CREATE TABLE later (id TEXT) STRICT' };
    await (await fixture.reopen({ migrations: [...MIGRATIONS, newer] })).close();
    const newerBytes = (await backUpNewer()).bytes;
    const before = listing();
    await expect(restoreBackup(restoring(bytes.with(bytes.length - 100, 1 ^ (bytes.at(-100) ?? 0))))).rejects.toThrow();
    await expect(restoreBackup(restoring(newerBytes))).rejects.toThrow(/newer version/);
    const stranger = createMasterKey(join(fixture.folder, 'stranger.key'), systemRandom);
    const other = createArchive({ master: stranger }, systemRandom);
    await expect(restoreBackup(restoring(bytes, { archive: other }))).rejects.toThrow(/does not open/);
    expect(listing().filter(([file]) => file !== join(fixture.folder, 'stranger.key'))).toEqual(before);
  });
});

/** An archive as a newer program would make it: the present database file, unchecked. */
async function backUpNewer(): Promise<{ bytes: Uint8Array }> {
  const database = { name: 'sumun.db', content: readFileSync(places.database) };
  return { bytes: withMaster().seal([database], { madeAt: START, schema: MIGRATIONS.length + 1 }) };
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createArchive } from '../../src/crypto/archive.ts';
import { createMasterKey, loadMasterKey, parseMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createVault } from '../../src/crypto/vault.ts';
import { makeBackup, type Places } from '../../src/stores/backup.ts';
import { openStores } from '../../src/stores/open.ts';
import { type RestoreOptions, restoreBackup } from '../../src/stores/restore.ts';
import { addAccount, begin, event, type Fixture, openFixture, START, totp } from './fixture.ts';

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
    await fixture.stores.authenticators.add(totp(kim.id), event('token.enrolled'));
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
    const time30 = await stores.authenticators.add(totp(kim.id), event('token.enrolled'));
    const counter = await stores.authenticators.add(totp(kim.id, { kind: 'hotp', period: 0 }), event('token.enrolled'));
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

  test('with a pass-phrase brings an installation to another machine', async () => {
    const kim = await addAccount(fixture.stores);
    await fixture.stores.authenticators.add(totp(kim.id), event('token.enrolled'));
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
    const newer = { number: 2, name: 'later', statements: 'CREATE TABLE later (id TEXT) STRICT' };
    const { MIGRATIONS } = await import('../../src/stores/migrations.ts');
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
  return { bytes: withMaster().seal([database], { madeAt: START, schema: 2 }) };
}

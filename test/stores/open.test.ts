import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyError, masterKeyOf } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createVault } from '../../src/crypto/vault.ts';
import { openDatabase } from '../../src/stores/database.ts';
import { inspectDatabase } from '../../src/stores/inspect.ts';
import { MIGRATIONS, SchemaError } from '../../src/stores/migrations.ts';
import { addAccount, addToken, event, type Fixture, openFixture, START, totp } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const data = () => join(fixture.folder, 'data');

describe('opening', () => {
  test('makes files for their owner only, commits to disk, and keeps references', () => {
    for (const name of ['sumun.db', 'sumun.db-wal', 'audit.head', 'master.key']) {
      expect([name, statSync(join(data(), name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(statSync(data()).mode & 0o777).toBe(0o700);
    const raw = new SqliteDatabase(fixture.path);
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal');
    const loose = raw
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%STRICT%'")
      .pluck()
      .all();
    expect(loose).toEqual([]);
    raw.close();
    expect(inspectDatabase(fixture.path)).toMatchObject({
      schema: MIGRATIONS.length,
      faults: [],
      isWritable: true,
      newestAudit: undefined,
    });
  });

  test('keeps what was written', async () => {
    const kim = await addAccount(fixture.stores);
    await addToken(fixture.stores, totp(kim.id));
    await fixture.stores.close();
    const again = await fixture.reopen();
    expect(await again.accounts.findByLogin('kim')).toEqual(kim);
    expect(await again.authenticators.bind(kim.id)).toHaveLength(1);
  });

  test('with a wrong master key is refused, and every file stays as it was', async () => {
    await addAccount(fixture.stores);
    await fixture.stores.close();
    const files = () => readdirSync(data()).filter((name) => !/-(wal|shm)$/.test(name) && name !== 'signing');
    const contents = () => files().map((name) => [name, readFileSync(join(data(), name)).toString('base64')]);
    const before = contents();
    const vault = createVault(masterKeyOf(systemRandom.bytes(32)), systemRandom);
    await expect(fixture.reopen({ vault })).rejects.toThrow(KeyError);
    expect(contents()).toEqual(before);
    expect((await (await fixture.reopen()).accounts.list()).length).toBe(1);
  });

  test('several times at once on a new file makes one schema and one key', async () => {
    const path = join(fixture.folder, 'new', 'sumun.db');
    const opened = await Promise.all(Array.from({ length: 4 }, () => fixture.reopen({ path })));
    const kim = await addAccount(opened[0] ?? fixture.stores);
    expect(await opened[3]?.accounts.findByLogin('kim')).toEqual(kim);
    expect((await opened[1]?.keys.status())?.sealing).toHaveLength(1);
  });
});

test('a full disk lets nothing through, and writing goes on by itself when there is room again', async () => {
  const database = await openDatabase(fixture.options);
  const pages = Number(database.writer.pragma('page_count', { simple: true }));
  database.writer.pragma(`max_page_count = ${pages}`);
  const write = () =>
    database.db.transaction().execute(async (trx) => {
      for (let n = 0; n < 500; n++)
        await trx
          .insertInto('attempt')
          .values(attempt(`${n}`))
          .execute();
    });
  await expect(write()).rejects.toThrow(/full/);
  const count = () => database.reader.prepare('SELECT count(*) FROM attempt').pluck().get();
  expect(count()).toBe(0);
  database.writer.pragma('max_page_count = 1000000');
  await write();
  expect(count()).toBe(500);
  await database.close();
});

const attempt = (n: string) => ({
  key_hash: n.padStart(200, '0'),
  login_hash: n,
  failures: 0,
  level: 0,
  total: 0,
  locked_until: 0,
  touched_at: 0,
});

describe('migrations', () => {
  const next = {
    number: MIGRATIONS.length + 1,
    name: 'colour',
    statements: 'ALTER TABLE account ADD COLUMN colour TEXT',
  };

  test('bring an existing database up to date after copying it', async () => {
    await addAccount(fixture.stores);
    await fixture.stores.close();
    const again = await fixture.reopen({ migrations: [...MIGRATIONS, next] });
    expect(await again.accounts.findByLogin('kim')).toBeDefined();
    const copy = join(data(), `sumun.db.schema-${MIGRATIONS.length}.${START}`);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const raw = new SqliteDatabase(copy);
    expect(raw.prepare('SELECT max(number) FROM schema_migration').pluck().get()).toBe(MIGRATIONS.length);
    expect(raw.prepare('SELECT count(*) FROM account').pluck().get()).toBe(1);
    raw.close();
    await again.close();
    await expect(fixture.reopen()).rejects.toThrow(
      `schema ${MIGRATIONS.length + 1}, this version knows ${MIGRATIONS.length}`,
    );
  });

  test('that fail leave the database as it was', async () => {
    await fixture.stores.close();
    const broken = { ...next, statements: `${next.statements}; SELECT no_such_function()` };
    await expect(fixture.reopen({ migrations: [...MIGRATIONS, broken] })).rejects.toThrow();
    await addAccount(await fixture.reopen());
  });

  test('with another text than was applied are refused', async () => {
    await fixture.stores.close();
    const changed = MIGRATIONS.map((each) => ({ ...each, statements: `${each.statements} ` }));
    await expect(fixture.reopen({ migrations: changed })).rejects.toThrow(SchemaError);
  });
});

describe('rotating keys', () => {
  test('seals every seed anew, and a process that was running keeps working', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await addToken(stores, totp(kim.id));
    await addToken(stores, totp(kim.id, { kind: 'hotp', period: 0 }));
    const code = (await stores.authenticators.bind(kim.id))[0]?.codeAt(7);
    const command = await fixture.reopen();
    expect(await command.keys.rotate(event('key.rotated'))).toEqual({ resealed: 2 });
    expect(await stores.keys.status()).toMatchObject({
      sealing: [
        { active: false, seals: 0 },
        { active: true, seals: 2 },
      ],
      signing: [{ active: true }, { active: false }],
    });
    expect((await stores.authenticators.bind(kim.id)).map((each) => each.codeAt(7))).toEqual([code, code]);
    await addToken(stores, totp(kim.id));
    expect((await stores.keys.status()).sealing[1]?.seals).toBe(3);
  });
});

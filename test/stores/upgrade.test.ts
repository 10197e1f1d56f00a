import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seedContext } from '../../src/stores/data-keys.ts';
import { openDatabase } from '../../src/stores/database.ts';
import { inspectDatabase } from '../../src/stores/inspect.ts';
import { initial } from '../../src/stores/migrations/0001-initial.ts';
import { MIGRATIONS } from '../../src/stores/migrations.ts';
import { addAccount, addToken, event, type Fixture, openFixture, START, totp } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

/** A database as the first schema left it: one person, two authenticators, a trail of one record. */
async function makeFirst(path: string): Promise<{ readonly seed: Buffer; readonly columns: readonly string[] }> {
  const { vault, clock } = fixture.options;
  const database = await openDatabase({ path, vault, clock, migrations: [initial] });
  const { cipher: _, ...key } = vault.newDataKey('aes-256-gcm');
  const sealer = vault.openDataKeys([{ ...key, cipher: 'aes-256-gcm' }], key.id);
  const seed = Buffer.from('12345678901234567890');
  const { writer } = database;
  writer.prepare('INSERT INTO data_key VALUES (?, ?, ?, 1, ?)').run(key.id, key.wrapped, key.canary, START);
  writer.prepare("INSERT INTO account VALUES ('a1', 'Kim', 'kim', '김', '', '', '{}', 'active', ?)").run(START);
  writer.exec("INSERT INTO account_group VALUES ('a1', 'staff')");
  const insert = writer.prepare(
    `INSERT INTO authenticator VALUES (?, 'a1', ?, 'phone', 'SHA256', 8, ?, ?, ?, ?, 1, ?, ?, ?)`,
  );
  insert.run('t1', 'totp', 60, sealer.seal(seed, seedContext('t1')), key.id, 77, 'active', START, START + 1);
  insert.run('t2', 'hotp', 0, sealer.seal(seed, seedContext('t2')), key.id, 5, 'revoked', START, null);
  const columns = writer.pragma('table_info(authenticator)') as { name: string }[];
  await database.close();
  return { seed, columns: columns.map((column) => column.name) };
}

describe('a database of the first schema', () => {
  test('keeps everything when it is brought up to date', async () => {
    const path = join(fixture.folder, 'old', 'sumun.db');
    const { seed } = await makeFirst(path);
    const stores = await fixture.reopen({ path });
    expect(await stores.accounts.findByLogin('kim')).toMatchObject({ id: 'a1', login: 'Kim', groups: ['staff'] });
    expect(await stores.authenticators.list('a1')).toEqual([
      {
        id: 't1',
        accountId: 'a1',
        kind: 'totp',
        label: 'phone',
        algorithm: 'SHA256',
        digits: 8,
        suite: '',
        serial: '',
        period: 60,
        movingFactor: 77,
        drift: 1,
        status: 'active',
        createdAt: START,
        lastUsedAt: START + 1,
      },
      expect.objectContaining({ id: 't2', kind: 'hotp', movingFactor: 5, status: 'revoked', lastUsedAt: undefined }),
    ]);
    const code = fixture.options.vault.bindCode(seed, { algorithm: 'SHA256', digits: 8 })(78);
    expect((await stores.authenticators.bind('a1')).map((each) => each.codeAt(78))).toEqual([code]);
    expect((await stores.keys.status()).sealing).toMatchObject([{ active: true, cipher: 'aes-256-gcm', seals: 2 }]);
    expect(inspectDatabase(path)).toMatchObject({ schema: MIGRATIONS.length, faults: [] });
  });

  test('still never moves a factor back, and forgets authenticators with their person', async () => {
    const path = join(fixture.folder, 'old', 'sumun.db');
    await makeFirst(path);
    const stores = await fixture.reopen({ path });
    const raw = new SqliteDatabase(path);
    expect(() => raw.exec("UPDATE authenticator SET moving_factor = 76 WHERE id = 't1'")).toThrow(/never goes back/);
    raw.close();
    await stores.accounts.delete('a1', event('user.deleted'));
    expect(await stores.authenticators.find('t1')).toBeUndefined();
  });

  test('has the tables that a new one has', async () => {
    const path = join(fixture.folder, 'old', 'sumun.db');
    await makeFirst(path);
    await (await fixture.reopen({ path })).close();
    const schemaOf = (file: string) => {
      const raw = new SqliteDatabase(file, { readonly: true });
      const rows = raw.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all();
      raw.close();
      return rows;
    };
    expect(schemaOf(path)).toEqual(schemaOf(fixture.path));
  });
});

test('every kind of authenticator is kept with its suite, serial and first counter', async () => {
  const { stores } = fixture;
  const { id } = await addAccount(stores);
  const suite = 'OCRA-1:HOTP-SHA256-6:C-QH64';
  const server = await addToken(stores, totp(id, { kind: 'server', period: 0, suite }));
  const ocra = await addToken(stores, totp(id, { kind: 'ocra', period: 0, suite, serial: 'A-1', movingFactor: 12 }));
  expect(server).toMatchObject({ kind: 'server', suite, serial: '', movingFactor: 0 });
  expect(await stores.authenticators.findBySerial('A-1')).toEqual(ocra);
  expect(ocra.movingFactor).toBe(12);
  expect(await stores.authenticators.findBySerial('')).toBeUndefined();
  expect(await stores.authenticators.add(totp(id, { serial: 'A-1' }), event('token.enrolled'))).toBe('exists');
  expect(await stores.authenticators.list(id)).toHaveLength(2);
  const question = { question: '0'.repeat(64), counter: 1 };
  const [bound] = await stores.authenticators.bind(id);
  expect(bound?.respond(question)).toMatch(/^\d{6}$/);
  expect(stores.authenticators.decoy().respond(question)).toMatch(/^\d{6}$/);
});

test('a token is renamed and deleted', async () => {
  const { stores } = fixture;
  const token = await addToken(stores, totp((await addAccount(stores)).id));
  expect(await stores.authenticators.relabel(token.id, 'old phone', event('token.changed'))).toBe('updated');
  expect(await stores.authenticators.find(token.id)).toMatchObject({ label: 'old phone' });
  expect(await stores.authenticators.delete(token.id, event('token.deleted'))).toBe('deleted');
  expect(await stores.authenticators.delete(token.id, event('token.deleted'))).toBe('missing');
  expect(await stores.authenticators.relabel(token.id, 'x', event('token.changed'))).toBe('missing');
  expect((await stores.audit.read({ limit: 10 })).map((record) => record.kind)).toEqual([
    'user.added',
    'token.enrolled',
    'token.changed',
    'token.deleted',
  ]);
});

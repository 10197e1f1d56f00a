import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SealingCipher } from '../../src/core/policy.ts';
import { seedContext } from '../../src/stores/data-keys.ts';
import type { Stores } from '../../src/stores/open.ts';
import { addAccount, addToken, event, type Fixture, openFixture, START, totp } from './fixture.ts';

let fixture: Fixture;
let accountId: string;
beforeEach(async () => {
  fixture = await openFixture();
  accountId = (await addAccount(fixture.stores)).id;
});
afterEach(() => fixture.remove());

const tokens = (count: number, stores = fixture.stores) =>
  Promise.all(Array.from({ length: count }, () => addToken(stores, totp(accountId))));
const codes = async (stores: Stores = fixture.stores) =>
  new Set((await stores.authenticators.bind(accountId)).map((each) => each.codeAt(7)));
const expected = () =>
  fixture.options.vault.bindCode(Buffer.from('12345678901234567890'), { algorithm: 'SHA1', digits: 6 })(7);

/** Makes a new key active and stops there, as a process that died would. */
function rotateHalf(cipher: SealingCipher): string {
  const raw = new SqliteDatabase(fixture.path);
  const { id, wrapped, canary } = fixture.options.vault.newDataKey(cipher);
  raw.exec('UPDATE data_key SET active = 0');
  raw
    .prepare('INSERT INTO data_key (id, wrapped, canary, active, created_at, cipher) VALUES (?, ?, ?, 1, ?, ?)')
    .run(id, wrapped, canary, START + 1, cipher);
  raw.close();
  return id;
}

describe('rotating the sealing key', () => {
  test('seals every seed anew in small steps, while others verify, enrol and suspend', async () => {
    await tokens(450);
    const [first, second] = await tokens(2);
    const command = await fixture.reopen();
    let isDone = false;
    let verified = 0;
    const verifying = (async () => {
      for (let to = 0; !isDone; to++) {
        const change = { kind: 'advance-moving-factor', authenticator: first?.id ?? '', to, drift: 0 } as const;
        expect(await fixture.stores.verifications.commit([change], event('token.tested'))).toBe('committed');
        expect((await fixture.stores.authenticators.bindOne(second?.id ?? ''))?.codeAt(7)).toBe(expected());
        verified += 1;
      }
    })();
    const { resealed } = await command.keys.rotate(event('key.rotated'));
    isDone = true;
    await verifying;
    expect(verified).toBeGreaterThan(1);
    expect(resealed).toBe(452);
    expect((await command.keys.status()).sealing).toMatchObject([
      { active: false, seals: 0 },
      { active: true, seals: 452 },
    ]);
    expect(await codes()).toEqual(new Set([expected()]));
    expect(await fixture.stores.audit.verify()).toMatchObject({ ok: true });
  });

  test.each(['aes-256-gcm', 'aria-256-gcm', 'seed-cbc-hmac-sha256'] as const)(
    'to %s keeps every seed readable, also half-way',
    async (sealing) => {
      await tokens(3);
      const other = await fixture.reopen({ sealing });
      rotateHalf(sealing);
      await addToken(fixture.stores, totp(accountId));
      expect(await codes()).toEqual(new Set([expected()]));
      expect((await other.keys.status()).sealing.map((key) => [key.cipher, key.seals])).toEqual([
        ['aes-256-gcm', 3],
        [sealing, 1],
      ]);
      fixture.time.now = START + 2;
      expect(await other.keys.rotate(event('key.rotated'))).toEqual({ resealed: 4 });
      expect((await fixture.stores.keys.status()).sealing.at(-1)).toMatchObject({ cipher: sealing, seals: 4 });
      expect(await codes()).toEqual(new Set([expected()]));
    },
  );

  test('that was interrupted is finished at the next start, and the log says so', async () => {
    await tokens(3);
    await fixture.stores.close();
    const key = rotateHalf('aes-256-gcm');
    const again = await fixture.reopen();
    while (!fixture.logged.some((line) => line.event === 'keys.resealed')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(fixture.logged.map((line) => line.event)).toContain('keys.resealing-resumed');
    expect((await again.keys.status()).sealing.find((each) => each.active)).toMatchObject({ id: key, seals: 3 });
    expect(await codes(again)).toEqual(new Set([expected()]));
  });

  test('never seals a seed to another row than its own', async () => {
    await tokens(2);
    await fixture.stores.keys.rotate(event('key.rotated'));
    const raw = new SqliteDatabase(fixture.path);
    const [left, right] = raw.prepare<[], { id: string; seed: Buffer }>('SELECT id, seed FROM authenticator').all();
    raw.prepare('UPDATE authenticator SET seed = ? WHERE id = ?').run(right?.seed, left?.id);
    raw.close();
    expect(seedContext(left?.id ?? '')).not.toBe(seedContext(right?.id ?? ''));
    await expect(fixture.stores.authenticators.bind(accountId)).rejects.toThrow();
    await expect(fixture.stores.keys.rotate(event('key.rotated'))).rejects.toThrow();
  });
});

import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event, type Fixture, openFixture, START } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const limits = { failures: 5, lockFor: [60_000, 300_000] };
const key = { login: 'kim', browser: '' };
const DAY = 86_400_000;

test('of 500 guesses at once, over two openings of the database, at most the limit is evaluated', async () => {
  const other = await fixture.reopen();
  const stores = [fixture.stores, other];
  const reserved = await Promise.all(
    Array.from({ length: 500 }, (_, n) => (stores[n % 2] ?? other).attempts.reserve(key, limits, START)),
  );
  expect(reserved.filter((each) => each.kind === 'reserved')).toHaveLength(5);
  expect(reserved.at(-1)).toEqual({ kind: 'locked', until: START + 60_000 });
});

test('a lock ends by the clock, the next one is longer, and one browser does not lock another', async () => {
  const { attempts } = fixture.stores;
  const reserve = (now: number, browser = '') => attempts.reserve({ login: 'kim', browser }, limits, now);
  for (let n = 0; n < 5; n++) expect(await reserve(START)).toEqual({ kind: 'reserved' });
  expect(await reserve(START + 59_999)).toEqual({ kind: 'locked', until: START + 60_000 });
  expect(await reserve(START, 'known')).toEqual({ kind: 'reserved' });
  expect(await attempts.lockedUntil('kim', START)).toBe(START + 60_000);
  expect(await attempts.lockedUntil('lee', START)).toBeUndefined();
  for (let n = 0; n < 5; n++) expect(await reserve(START + 60_000)).toEqual({ kind: 'reserved' });
  expect(await reserve(START + 60_000)).toEqual({ kind: 'locked', until: START + 360_000 });
});

test('a released attempt does not count, and takes the lock it set with it', async () => {
  const { attempts } = fixture.stores;
  for (let n = 0; n < 5; n++) await attempts.reserve(key, limits, START);
  await attempts.release(key, limits);
  expect(await attempts.lockedUntil('kim', START)).toBeUndefined();
  expect(await attempts.reserve(key, limits, START)).toEqual({ kind: 'reserved' });
  expect((await attempts.reserve(key, limits, START)).kind).toBe('locked');
});

test('an administrator unlocks every bucket of the login, and of no other', async () => {
  const { attempts, audit } = fixture.stores;
  for (const login of ['kim', 'lee']) {
    for (const browser of ['', 'known'])
      for (let n = 0; n < 5; n++) await attempts.reserve({ login, browser }, limits, START);
  }
  await attempts.unlock('id', 'kim', event('user.unlocked'));
  expect(await attempts.lockedUntil('kim', START)).toBeUndefined();
  expect(await attempts.lockedUntil('lee', START)).toBe(START + 60_000);
  expect(await audit.read({ limit: 9, kind: 'user.unlocked' })).toMatchObject([{ detail: { account: 'id' } }]);
});

test('clearing belongs to the commit of a verification', async () => {
  const { attempts, verifications } = fixture.stores;
  for (let n = 0; n < 4; n++) await attempts.reserve(key, limits, START);
  await verifications.commit([{ kind: 'clear-attempts', key }], event('token.tested'));
  for (let n = 0; n < 5; n++) expect((await attempts.reserve(key, limits, START)).kind).toBe('reserved');
});

test('the hundredth failure locks until an administrator acts, and no sweep forgets it', async () => {
  const { attempts, sessions } = fixture.stores;
  const patient = { failures: 100, lockFor: [1000] };
  for (let n = 0; n < 100; n++) await attempts.reserve(key, patient, START);
  const later = START + 1000 * DAY;
  await sessions.sweep(later, { idle: 1, max: 1 });
  expect((await attempts.reserve(key, patient, later)).kind).toBe('locked');
  expect(await attempts.lockedUntil('kim', later)).toBeGreaterThan(later);
});

test('failures are forgotten after as many quiet days as there were', async () => {
  const { attempts, sessions } = fixture.stores;
  for (let n = 0; n < 4; n++) await attempts.reserve(key, limits, START);
  const raw = new SqliteDatabase(fixture.path, { readonly: true });
  const rows = () => raw.prepare('SELECT count(*) FROM attempt').pluck().get();
  await sessions.sweep(START + 4 * DAY, { idle: 1, max: 1 });
  expect(rows()).toBe(1);
  await sessions.sweep(START + 4 * DAY + 1, { idle: 1, max: 1 });
  expect(rows()).toBe(0);
  raw.close();
});

test('no login name stands in the table of attempts', async () => {
  await fixture.stores.attempts.reserve({ login: 'somebody-secret', browser: 'b' }, limits, START);
  const raw = new SqliteDatabase(fixture.path, { readonly: true });
  expect(JSON.stringify(raw.prepare('SELECT * FROM attempt').all())).not.toContain('somebody-secret');
  raw.close();
});

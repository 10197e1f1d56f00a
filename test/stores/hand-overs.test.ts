import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Redeemed, Redemption } from '../../src/ports.ts';
import { openDatabase } from '../../src/stores/database.ts';
import { MIGRATIONS } from '../../src/stores/migrations.ts';
import type { Stores } from '../../src/stores/open.ts';
import { addAccount, begin, event, type Fixture, openFixture, START, transaction } from './fixture.ts';

const APP = 'app.example.com';
const MINUTE = 60_000;

let fixture: Fixture;
let kim: { readonly id: string };
let signInId: string;
beforeEach(async () => {
  fixture = await openFixture();
  kim = await addAccount(fixture.stores);
  await begin(fixture.stores, kim.id, 'portal', { host: 'gw.example.com' });
  signInId = (await fixture.stores.sessions.find('handle-portal'))?.id ?? '';
});
afterEach(() => fixture.remove());

/** A transaction of the application's host, and a code for it. */
async function issue(code: string, at = START, id = `t-${code}`): Promise<void> {
  const { browsers, sessions } = fixture.stores;
  await browsers.addTransaction(
    transaction(id, at, { host: APP, origin: `https://${APP}`, returnTo: '/x', method: 'GET' }),
  );
  await sessions.addHandOver({ hash: code, transaction: id, signIn: signInId, createdAt: at, expiresAt: at + MINUTE });
}

const redeem = (code: string, changes: Partial<Redemption> = {}, stores: Stores = fixture.stores): Promise<Redeemed> =>
  stores.sessions.redeem(
    {
      codeHash: code,
      browserHash: 'browser',
      scheme: 'https',
      host: APP,
      handleHash: `handle-${code}`,
      replaces: undefined,
      now: START + 1000,
      ...changes,
    },
    (outcome) =>
      event(outcome.kind === 'redeemed' ? 'handover.accepted' : 'handover.refused', START + 1000, {
        login: outcome.login,
        reason: outcome.kind === 'refused' ? outcome.reason : '',
      }),
  );

const audited = async () =>
  (await fixture.stores.audit.read({ limit: 100 }))
    .filter(({ kind }) => kind.startsWith('handover'))
    .map(({ kind, login, reason }) => [kind, login, reason].join(' '));

describe('redeeming a hand-over code', () => {
  test('gives the sign-in a handle on the host, with what was proved, and says where to go on', async () => {
    await issue('c1');
    const outcome = await redeem('c1');
    expect(outcome).toMatchObject({ kind: 'redeemed', accountId: kim.id, login: 'kim', signIn: signInId });
    expect(outcome.kind === 'redeemed' && outcome.transaction).toMatchObject({
      returnTo: '/x',
      origin: `https://${APP}`,
    });
    expect(await fixture.stores.sessions.find('handle-c1')).toMatchObject({
      id: signInId,
      host: APP,
      proofs: { otp: START },
      startedAt: START,
      authTime: START,
      lastSeen: START + 1000,
    });
    expect(await fixture.stores.sessions.find('handle-portal')).toMatchObject({ id: signInId, host: 'gw.example.com' });
    expect(await audited()).toEqual(['handover.accepted kim ']);
  });

  test('works once among many at a time, in this process and another', async () => {
    await issue('c1');
    const other = await fixture.reopen();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        redeem('c1', { handleHash: `h${index}` }, index % 2 === 0 ? fixture.stores : other),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'redeemed')).toHaveLength(1);
    expect(outcomes.filter((each) => each.kind === 'refused' && each.reason === 'code-spent')).toHaveLength(19);
  });

  test.each([
    ['other-browser', { browserHash: 'thief' }],
    ['other-host', { host: 'b.example.com' }],
    ['other-host', { scheme: 'http' }],
    ['code-expired', { now: START + MINUTE }],
  ] as const)('is refused for %s, and the code is spent', async (reason, changes) => {
    await issue('c1');
    expect(await redeem('c1', changes)).toMatchObject({ kind: 'refused', reason, login: 'kim', route: 'r' });
    expect(await redeem('c1')).toMatchObject({ kind: 'refused', reason: 'code-spent' });
    expect(await fixture.stores.sessions.find('handle-c1')).toBeUndefined();
    expect(await audited()).toEqual([`handover.refused kim ${reason}`, 'handover.refused kim code-spent']);
  });

  test('of a code that nobody issued changes nothing and fills no audit trail', async () => {
    expect(await redeem('made-up')).toEqual({ kind: 'refused', reason: 'code-unknown', login: '', route: '' });
    expect(await audited()).toEqual([]);
  });

  test('spends the transaction: another code for it opens nothing', async () => {
    await issue('c1', START, 't');
    const { sessions } = fixture.stores;
    await sessions.addHandOver({
      hash: 'c2',
      transaction: 't',
      signIn: signInId,
      createdAt: START,
      expiresAt: START + MINUTE,
    });
    expect((await redeem('c1')).kind).toBe('redeemed');
    expect(await redeem('c2')).toMatchObject({ reason: 'transaction-gone' });
    expect(await fixture.stores.browsers.findTransaction('t', START)).toBeUndefined();
  });

  test('is refused once the sign-in ended, timed out, or its account was suspended', async () => {
    await issue('c1');
    await issue('c2');
    await issue('late', START + 3_600_000);
    expect(await redeem('late', { now: START + 3_600_001 })).toMatchObject({ reason: 'signin-ended' });
    await fixture.stores.accounts.setStatus(kim.id, 'suspended', event('user.suspended'));
    expect(await redeem('c1')).toMatchObject({ reason: 'signin-ended' });
    await fixture.stores.sessions.revoke({ id: signInId }, event('session.revoked'));
    expect(await redeem('c2')).toMatchObject({ reason: 'signin-ended' });
  });
});

describe('the cookies of one sign-in', () => {
  test('are worth what was proved when they were made; a rise elsewhere reaches them with the next hand-over', async () => {
    const { sessions } = fixture.stores;
    await issue('c1');
    await redeem('c1');
    const later = START + 5000;
    const up = { riseFrom: signInId, proofs: { pin: later }, startedAt: later, host: 'gw.example.com' };
    expect(await begin(fixture.stores, kim.id, 'up', up)).toBe('committed');
    expect((await sessions.find('handle-up'))?.proofs).toEqual({ otp: START, pin: later });
    expect(await sessions.find('handle-c1')).toMatchObject({ proofs: { otp: START }, authTime: START });
    expect(await sessions.find('handle-portal')).toBeUndefined();
    await issue('c2');
    let told = 0;
    fixture.stores.changes.onChange(() => {
      told += 1;
    });
    await redeem('c2', { now: later + 1 });
    expect(told).toBe(1);
    expect(await sessions.find('handle-c1')).toBeUndefined();
    expect((await sessions.find('handle-c2'))?.proofs).toEqual({ otp: START, pin: later });
  });

  test('that are worth the same live side by side, so that tabs do not throw each other out', async () => {
    await issue('c1');
    await issue('c2');
    let told = 0;
    fixture.stores.changes.onChange(() => {
      told += 1;
    });
    await redeem('c1');
    await redeem('c2');
    expect(told).toBe(0);
    for (const hash of ['handle-c1', 'handle-c2']) expect(await fixture.stores.sessions.find(hash)).toBeDefined();
  });

  test('end together', async () => {
    await issue('c1');
    await redeem('c1');
    expect(await fixture.stores.sessions.revoke({ id: signInId }, event('signout'))).toBe(1);
    for (const hash of ['handle-c1', 'handle-portal']) expect(await fixture.stores.sessions.find(hash)).toBeUndefined();
  });

  test('take the place of another sign-in that the browser had on the host', async () => {
    const lee = await addAccount(fixture.stores, 'lee');
    await begin(fixture.stores, lee.id, 'lee', { host: APP });
    const replaces = (await fixture.stores.sessions.find('handle-lee'))?.id;
    await issue('c1');
    await redeem('c1', { replaces });
    expect(await fixture.stores.sessions.find('handle-lee')).toBeUndefined();
    await issue('c2');
    await redeem('c2', { replaces: signInId });
    expect(await fixture.stores.sessions.find('handle-c2')).toBeDefined();
  });
});

test('a new sign-in on the portal ends the one it replaces, and only that', async () => {
  await begin(fixture.stores, kim.id, 'other', { host: 'gw.example.com' });
  await begin(fixture.stores, kim.id, 'new', { host: 'gw.example.com', replaces: signInId });
  expect(await fixture.stores.sessions.find('handle-portal')).toBeUndefined();
  expect(await fixture.stores.sessions.find('handle-other')).toBeDefined();
  expect(await fixture.stores.sessions.find('handle-new')).toBeDefined();
});

test('codes are swept away a day after their end', async () => {
  await issue('c1');
  const limits = { idle: 40 * 86_400_000, max: 40 * 86_400_000 };
  const count = () => {
    const raw = new SqliteDatabase(fixture.path, { readonly: true });
    const rows = raw.prepare('SELECT count(*) FROM hand_over').pluck().get();
    raw.close();
    return rows;
  };
  await fixture.stores.sessions.sweep(START + 23 * 3_600_000, limits);
  expect(count()).toBe(1);
  await fixture.stores.sessions.sweep(START + 25 * 3_600_000, limits);
  expect(count()).toBe(0);
});

test('sessions of the schema before keep their cookies and what was proved', async () => {
  const path = join(fixture.folder, 'second', 'sumun.db');
  const { vault, clock } = fixture.options;
  const database = await openDatabase({ path, vault, clock, migrations: MIGRATIONS.slice(0, 2) });
  database.writer.exec(`
    INSERT INTO account VALUES ('a1', 'Kim', 'kim', '김', '', '', '{}', 'active', ${START});
    INSERT INTO sign_in VALUES ('s1', 'a1', '{"otp":${START},"pin":${START + 5}}', ${START}, ${START + 5}, ${START}, 1800000,
      36000000, '192.0.2.1', 'test', 'a.example.com', NULL);
    INSERT INTO handle VALUES ('h1', 's1', 'a.example.com', ${START});
    INSERT INTO login_transaction VALUES ('t1', 'b', 'a.example.com', 'r', '/', 'otp', NULL, NULL, ${START}, ${START + MINUTE},
      NULL);`);
  await database.close();
  const stores = await fixture.reopen({ path });
  expect(await stores.sessions.find('h1')).toMatchObject({
    id: 's1',
    proofs: { otp: START, pin: START + 5 },
    authTime: START + 5,
  });
  expect(await stores.browsers.findTransaction('t1', START)).toMatchObject({
    id: 't1',
    origin: undefined,
    method: undefined,
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addAccount,
  addToken,
  atMost,
  begin,
  event,
  type Fixture,
  openFixture,
  START,
  signIn,
  totp,
  transaction,
} from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const HOUR = 3_600_000;

describe('committing a sign-in', () => {
  test('opens a session that its handle finds, with the account as it is', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores, 'Kim', ['staff', 'hr']);
    expect(await begin(stores, kim.id, 't1')).toBe('committed');
    const session = await stores.sessions.find('handle-t1');
    expect(session).toMatchObject({
      account: { login: 'Kim', groups: ['hr', 'staff'] },
      host: 'a.example.com',
      startedAt: START,
    });
    expect(session?.proofs).toEqual({ otp: START });
    expect(session?.authTime).toBe(START);
    expect(await stores.sessions.find('handle-t2')).toBeUndefined();
  });

  test('accepts a time step once (RFC 6238 §5.2)', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const token = await addToken(stores, totp(kim.id));
    const change = { kind: 'advance-moving-factor', authenticator: token.id, to: 59, drift: 1 } as const;
    await stores.browsers.addTransaction(transaction('t1'));
    await stores.browsers.addTransaction(transaction('t2'));
    const commit = (id: string) => stores.sessions.commitSignIn([change], signIn(kim.id, id), event('signin.accepted'));
    const outcomes = await Promise.all([commit('t1'), commit('t2')]);
    expect(outcomes.sort()).toEqual(['committed', 'conflict']);
    expect(await stores.authenticators.find(token.id)).toMatchObject({ movingFactor: 59, drift: 1, lastUsedAt: START });
    expect(await stores.audit.read({ limit: 10, kind: 'signin.accepted' })).toHaveLength(1);
  });

  test('spends a login transaction once, and not after its end', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    expect(await begin(stores, kim.id, 't1')).toBe('committed');
    const again = signIn(kim.id, 't1', START, { handleHash: 'other' });
    expect(await stores.sessions.commitSignIn([], again, event('signin.accepted'))).toBe('conflict');
    await stores.browsers.addTransaction(transaction('t2'));
    const late = signIn(kim.id, 't2', START + 600_000);
    expect(await stores.sessions.commitSignIn([], late, event('signin.accepted'))).toBe('conflict');
    expect(await stores.sessions.find('other')).toBeUndefined();
  });

  test('writes nothing at all on a conflict', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const token = await addToken(stores, totp(kim.id));
    const change = { kind: 'advance-moving-factor', authenticator: token.id, to: 7, drift: 0 } as const;
    const unknown = signIn(kim.id, 'no-such-transaction');
    expect(await stores.sessions.commitSignIn([change], unknown, event('signin.accepted'))).toBe('conflict');
    expect(await stores.authenticators.find(token.id)).toMatchObject({ movingFactor: -1 });
    expect(await stores.audit.read({ limit: 10, kind: 'signin.accepted' })).toHaveLength(0);
  });

  test.each(['suspended', 'deleted'] as const)('refuses an account that was %s meanwhile', async (how) => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await stores.browsers.addTransaction(transaction('t1'));
    if (how === 'suspended') await stores.accounts.setStatus(kim.id, 'suspended', event('user.suspended'));
    else await stores.accounts.delete(kim.id, event('user.deleted'));
    expect(await stores.sessions.commitSignIn([], signIn(kim.id, 't1'), event('signin.accepted'))).toBe('conflict');
  });

  test('stops while the clock lies behind the audit trail, and goes on when it has caught up', async () => {
    const { stores, time } = fixture;
    const kim = await addAccount(stores);
    time.now = START - 60_000;
    await expect(begin(stores, kim.id, 't1')).rejects.toThrow('the clock lies behind');
    expect(await stores.sessions.find('handle-t1')).toBeUndefined();
    time.now = START - 14_000;
    expect(await begin(stores, kim.id, 't2')).toBe('committed');
  });
});

describe('concurrent sign-ins', () => {
  const concurrent = atMost(2, 'end_oldest');

  test('end the oldest live one', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    for (const [index, id] of ['a', 'b', 'c'].entries())
      await begin(stores, kim.id, id, { concurrent, startedAt: START + index });
    expect(await stores.sessions.find('handle-a')).toBeUndefined();
    expect(await stores.sessions.find('handle-b')).toBeDefined();
    expect(await stores.sessions.find('handle-c')).toBeDefined();
  });

  test('are refused where the policy says so, leaving everything as it was', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const refuse = atMost(1, 'refuse');
    expect(await begin(stores, kim.id, 'a', { concurrent: refuse })).toBe('committed');
    expect(await begin(stores, kim.id, 'b', { concurrent: refuse })).toBe('too-many');
    expect(await stores.browsers.findTransaction('b', START)).toBeDefined();
  });

  test('do not count what timed out', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const refuse = atMost(1, 'refuse');
    await begin(stores, kim.id, 'a', { concurrent: refuse });
    expect(await begin(stores, kim.id, 'b', { concurrent: refuse, startedAt: START + HOUR })).toBe('committed');
  });
});

describe('step-up', () => {
  test('keeps the sign-in, merges its proofs and replaces its handles on that host only', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await begin(stores, kim.id, 'a');
    const before = await stores.sessions.find('handle-a');
    const riseFrom = before?.id ?? '';
    const later = START + 60_000;
    expect(await begin(stores, kim.id, 'b', { riseFrom, proofs: { pin: later }, startedAt: later })).toBe('committed');
    expect(await stores.sessions.find('handle-a')).toBeUndefined();
    expect(await stores.sessions.find('handle-b')).toMatchObject({
      id: riseFrom,
      proofs: { otp: START, pin: later },
      startedAt: START,
      authTime: later,
    });
  });

  test('is a conflict when the sign-in ended, timed out or belongs to somebody else', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const lee = await addAccount(stores, 'lee');
    await begin(stores, kim.id, 'a');
    const riseFrom = (await stores.sessions.find('handle-a'))?.id ?? '';
    expect(await begin(stores, lee.id, 'b', { riseFrom })).toBe('conflict');
    expect(await begin(stores, kim.id, 'c', { riseFrom, startedAt: START + HOUR })).toBe('conflict');
    await stores.sessions.revoke({ id: riseFrom }, event('session.revoked'));
    expect(await begin(stores, kim.id, 'd', { riseFrom })).toBe('conflict');
  });
});

describe('the end of sign-ins', () => {
  test.each([
    ['revoking', (f: Fixture, id: string) => f.stores.sessions.revoke({ accountId: id }, event('session.revoked'))],
    ['suspending', (f: Fixture, id: string) => f.stores.accounts.setStatus(id, 'suspended', event('user.suspended'))],
    [
      'a new password',
      (f: Fixture, id: string) => f.stores.accounts.setSecret(id, 'pw', 'hash', event('user.changed')),
    ],
    ['deleting', (f: Fixture, id: string) => f.stores.accounts.delete(id, event('user.deleted'))],
  ])('%s ends every sign-in of the account and tells at once', async (_, end) => {
    const kim = await addAccount(fixture.stores);
    const lee = await addAccount(fixture.stores, 'lee');
    await begin(fixture.stores, kim.id, 'a');
    await begin(fixture.stores, kim.id, 'b');
    await begin(fixture.stores, lee.id, 'c');
    let told = 0;
    fixture.stores.changes.onChange(() => {
      told += 1;
    });
    await end(fixture, kim.id);
    expect(told).toBe(1);
    expect(await fixture.stores.sessions.find('handle-a')).toBeUndefined();
    expect(await fixture.stores.sessions.find('handle-b')).toBeUndefined();
    expect(await fixture.stores.sessions.find('handle-c')).toBeDefined();
  });

  test('an expired handle and a revoked one can be told apart for a day', async () => {
    const { stores } = fixture;
    const limits = { idle: HOUR / 2, max: 10 * HOUR };
    const kim = await addAccount(stores);
    await begin(stores, kim.id, 'a');
    await begin(stores, kim.id, 'b');
    const b = await stores.sessions.find('handle-b');
    await stores.sessions.revoke({ id: b?.id ?? '' }, event('session.revoked'));
    await stores.sessions.sweep(START + 23 * HOUR, limits);
    expect(await stores.expired.ownerOf('handle-a')).toEqual({ accountId: kim.id, revoked: false });
    expect(await stores.expired.ownerOf('handle-b')).toEqual({ accountId: kim.id, revoked: true });
    await stores.sessions.sweep(START + 25 * HOUR, limits);
    expect(await stores.expired.ownerOf('handle-a')).toBeUndefined();
    expect(await stores.expired.ownerOf('handle-b')).toBeUndefined();
  });

  test('writing when a sign-in was last used never moves a time back', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await begin(stores, kim.id, 'a');
    const id = (await stores.sessions.find('handle-a'))?.id ?? '';
    await stores.sessions.touch(new Map([[id, START + 5000]]));
    await stores.sessions.touch(new Map([[id, START + 1000]]));
    expect((await stores.sessions.find('handle-a'))?.lastSeen).toBe(START + 5000);
    expect(await stores.sessions.list({}, START + 6000)).toMatchObject([
      { id, login: 'kim', amr: ['otp'], lastSeen: START + 5000 },
    ]);
    expect(await stores.sessions.list({ accountId: 'nobody' }, START)).toEqual([]);
    expect(await stores.sessions.list({}, START + HOUR)).toEqual([]);
  });
});

test('another process sees a change within half a second, and this one hears of it', async () => {
  const kim = await addAccount(fixture.stores);
  await begin(fixture.stores, kim.id, 'a');
  const other = await fixture.reopen();
  const heard = new Promise<void>((resolve) => fixture.stores.changes.onChange(resolve));
  await other.accounts.setStatus(kim.id, 'suspended', event('user.suspended'));
  expect(await fixture.stores.sessions.find('handle-a')).toBeUndefined();
  await heard;
});

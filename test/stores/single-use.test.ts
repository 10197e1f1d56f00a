import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { LIVE_CODE_TRIES, LIVE_CODES_PER_MINUTE } from '../../src/core/verification/challenge.ts';
import type { StateChange } from '../../src/ports.ts';
import { addAccount, addToken, event, type Fixture, openFixture, START, totp } from './fixture.ts';
import { challenge, payment, pending, text, wide } from './questions.ts';

let fixture: Fixture;
let accountId: string;
let token: string;
beforeEach(async () => {
  fixture = await openFixture();
  accountId = (await addAccount(fixture.stores)).id;
  token = (await addToken(fixture.stores, totp(accountId, { kind: 'server', period: 0 }))).id;
});
afterEach(() => fixture.remove());

const commit = (change: StateChange, at = START, stores = fixture.stores) =>
  stores.verifications.commit([change], event('verification.accepted', at));
const issue = (at = START) =>
  fixture.stores.liveCodes.issue(
    token,
    { nonce: new Uint8Array(32).fill(7), contextHash: '', boundTo: '', ttl: MINUTE },
    event('code.issued', at),
  );
const issued = async (at = START) => {
  const live = await issue(at);
  if (typeof live === 'string') throw new Error(live);
  return live;
};

/** Makes one thing of each sort and answers the change that spends it. */
const spendable: Readonly<Record<string, () => Promise<StateChange>>> = {
  challenge: async () => {
    await fixture.stores.challenges.add(challenge('ch'), undefined, wide, event('challenge.created'));
    return { kind: 'use-challenge', challenge: 'ch' };
  },
  'live code': async () => ({ kind: 'use-live-code', code: (await issued()).id }),
  'recovery code': async () => {
    await fixture.stores.lookups.replaceRecovery(accountId, ['m1', 'm2'], event('recovery.created'));
    const [code] = await fixture.stores.lookups.list(accountId, START);
    return { kind: 'use-lookup-code', code: code?.id ?? '' };
  },
  'temporary code': async () => {
    await fixture.stores.lookups.addTemporary(accountId, 'm3', START + MINUTE, event('temporary.created'));
    const [code] = await fixture.stores.lookups.list(accountId, START);
    return { kind: 'use-lookup-code', code: code?.id ?? '' };
  },
  'pending verification': async () => {
    await commit({ kind: 'add-pending', pending: pending('tx') });
    return { kind: 'spend-pending', pending: 'tx' };
  },
  'step of a pending verification': async () => {
    await commit({ kind: 'add-pending', pending: pending('tx') });
    return {
      kind: 'advance-pending',
      pending: 'tx',
      was: ['otp', 'sms'],
      remaining: ['sms'],
      proofs: { pw: START, otp: START },
      challengeId: 'ch',
    };
  },
  payment: async () => {
    await fixture.stores.payments.add(payment('pay'), event('payment.created'));
    return { kind: 'decide-payment', payment: 'pay', state: 'approved', evidence: 'jws' };
  },
  'time step': async () => ({ kind: 'advance-moving-factor', authenticator: token, to: 9, drift: 0 }),
};

describe('what may happen once', () => {
  test.each(Object.keys(spendable))('RACE-3 a %s is spent by one of many over two processes', async (name) => {
    const other = await fixture.reopen();
    const change = await spendable[name]?.();
    if (change === undefined) throw new Error(name);
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, n) => commit(change, START, n % 2 ? other : fixture.stores)),
    );
    expect(outcomes.filter((each) => each === 'committed')).toHaveLength(1);
    expect(await fixture.stores.audit.verify()).toMatchObject({ ok: true });
  });

  test.each(Object.keys(spendable).filter((name) => !/recovery|time step/.test(name)))(
    'G116 a %s is over at its expiry',
    async (name) => {
      const change = await spendable[name]?.();
      if (change === undefined) throw new Error(name);
      const end = START + (/code/.test(name) ? MINUTE : 180_000);
      expect(await commit(change, end)).toBe('conflict');
      expect(await commit(change, end - 1)).toBe('committed');
    },
  );

  test('a change that fails takes the others of its commit with it', async () => {
    const changes = [await spendable['recovery code']?.(), await spendable['payment']?.()].filter(
      (x) => x !== undefined,
    );
    await commit({ kind: 'decide-payment', payment: 'pay', state: 'cancelled', evidence: undefined });
    const outcome = await fixture.stores.verifications.commit(changes, event('verification.accepted'));
    expect(outcome).toBe('conflict');
    expect(await fixture.stores.lookups.list(accountId, START)).toHaveLength(2);
    expect(await fixture.stores.payments.find('pay')).toMatchObject({ state: 'cancelled', evidence: undefined });
  });
});

describe('a live code', () => {
  test('is one of its authenticator: a new issue has the next counter and kills the one before', async () => {
    const first = await issued();
    const second = await issued();
    expect([first.counter, second.counter]).toEqual([1, 2]);
    expect(second).toMatchObject({ authenticatorId: token, attempts: 0, expiresAt: START + MINUTE });
    expect(await fixture.stores.liveCodes.current(accountId, START)).toEqual([
      { ...second, nonce: Buffer.from(second.nonce) },
    ]);
    expect(await commit({ kind: 'use-live-code', code: first.id })).toBe('conflict');
    expect(await commit({ kind: 'use-live-code', code: second.id })).toBe('committed');
    expect(await fixture.stores.liveCodes.current(accountId, START)).toEqual([]);
    expect(await fixture.stores.authenticators.find(token)).toMatchObject({ movingFactor: 2, lastUsedAt: START });
  });

  test('is issued to one of two devices last, whichever asks at the same time', async () => {
    const codes = await Promise.all(Array.from({ length: 8 }, () => issued()));
    expect(new Set(codes.map((code) => code.counter)).size).toBe(8);
    expect(await fixture.stores.liveCodes.current(accountId, START)).toMatchObject([{ counter: 8 }]);
  });

  test('is dead after its tries, and after its time', async () => {
    const { liveCodes } = fixture.stores;
    const live = await issued();
    for (let n = 1; n < LIVE_CODE_TRIES; n++) await liveCodes.countWrong([live.id], START);
    expect(await liveCodes.current(accountId, START)).toMatchObject([{ attempts: LIVE_CODE_TRIES - 1 }]);
    expect(await liveCodes.current(accountId, live.expiresAt)).toEqual([]);
    await liveCodes.countWrong([live.id], START);
    expect(await liveCodes.current(accountId, START)).toEqual([]);
    expect(await commit({ kind: 'use-live-code', code: live.id })).toBe('conflict');
  });

  test('is fetched so many times a minute', async () => {
    for (let n = 0; n < LIVE_CODES_PER_MINUTE; n++) await issued(START + n);
    expect(await issue(START + MINUTE - 1)).toBe('limited');
    expect(await fixture.stores.authenticators.find(token)).toMatchObject({ movingFactor: LIVE_CODES_PER_MINUTE });
    expect((await issued(START + MINUTE)).counter).toBe(LIVE_CODES_PER_MINUTE + 1);
  });

  test('is not issued to a suspended authenticator, nor to one of another kind, nor spent once suspended', async () => {
    const live = await issued();
    await fixture.stores.authenticators.setStatus(token, 'suspended', event('token.suspended'));
    expect(await issue()).toBe('missing');
    expect(await fixture.stores.liveCodes.current(accountId, START)).toEqual([]);
    expect(await commit({ kind: 'use-live-code', code: live.id })).toBe('conflict');
    token = (await addToken(fixture.stores, totp(accountId))).id;
    expect(await issue()).toBe('missing');
  });
});

describe('codes on a list', () => {
  test('are replaced whole', async () => {
    const { lookups } = fixture.stores;
    const macs = async (at: number) =>
      (await lookups.list(accountId, at)).map((code) => `${code.kind} ${code.mac}`).sort();
    await lookups.replaceRecovery(accountId, ['a', 'b', 'c'], event('recovery.created'));
    const second = (await lookups.list(accountId, START)).find((code) => code.mac === 'b');
    await commit({ kind: 'use-lookup-code', code: second?.id ?? '' });
    expect(await macs(START)).toEqual(['recovery a', 'recovery c']);
    await lookups.replaceRecovery(accountId, ['d'], event('recovery.created'));
    await lookups.addTemporary(accountId, 'e', START + MINUTE, event('temporary.created'));
    await lookups.addTemporary(accountId, 'f', START + MINUTE, event('temporary.created'));
    expect(await macs(START)).toEqual(['recovery d', 'temporary f']);
    expect(await macs(START + MINUTE)).toEqual(['recovery d']);
  });
});

describe('a pending verification', () => {
  test('is kept as it was begun, and advanced', async () => {
    await commit({ kind: 'add-pending', pending: pending('tx', { accountId }) });
    expect(await fixture.stores.pending.find('tx', START)).toEqual(pending('tx', { accountId }));
    const proofs = { pw: START, otp: START };
    const step = { pending: 'tx', was: ['otp', 'sms'], remaining: ['sms'], proofs, challengeId: 'ch' } as const;
    expect(await commit({ kind: 'advance-pending', ...step })).toBe('committed');
    expect(await fixture.stores.pending.find('tx', START)).toEqual(
      pending('tx', { accountId, remaining: ['sms'], proofs, challengeId: 'ch' }),
    );
    expect(await fixture.stores.pending.find('tx', START + 180_000)).toBeUndefined();
    await commit({ kind: 'spend-pending', pending: 'tx' });
    expect(await fixture.stores.pending.find('tx', START)).toBeUndefined();
  });
});

test('a payment keeps when and how it was decided', async () => {
  await fixture.stores.payments.add(payment('pay', { accountId }), event('payment.created'));
  expect(await fixture.stores.payments.find('pay')).toEqual(payment('pay', { accountId }));
  await commit({ kind: 'decide-payment', payment: 'pay', state: 'approved', evidence: 'jws' }, START + 5);
  await fixture.stores.accounts.delete(accountId, event('user.deleted'));
  expect(await fixture.stores.payments.find('pay')).toEqual(
    payment('pay', { accountId, state: 'approved', decidedAt: START + 5, evidence: 'jws' }),
  );
});

test('questions and codes are swept after a day, messages after a month, kept answers at once', async () => {
  const { stores } = fixture;
  await stores.challenges.add(challenge('ch', { accountId }), text('+821012345678'), wide, event('challenge.created'));
  await commit({ kind: 'add-pending', pending: pending('tx') });
  await issued();
  await stores.lookups.replaceRecovery(accountId, ['r'], event('recovery.created'));
  await stores.lookups.addTemporary(accountId, 't', START + MINUTE, event('temporary.created'));
  await stores.idempotency.begin('s', 'k', 'b', START, MINUTE);
  await stores.payments.add(payment('pay'), event('payment.created'));
  const raw = new SqliteDatabase(fixture.path, { readonly: true });
  const tables = ['challenge', 'pending_verification', 'live_code', 'lookup_code', 'idempotency', 'message', 'payment'];
  const left = async (at: number) => {
    await stores.sessions.sweep(at, { idle: HOUR, max: HOUR });
    return tables.map((table) => raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  };
  expect(await left(START + MINUTE - 1)).toEqual([1, 1, 1, 2, 1, 1, 1]);
  expect(await left(START + MINUTE)).toEqual([1, 1, 1, 2, 0, 1, 1]);
  expect(await left(START + MINUTE + DAY)).toEqual([1, 1, 0, 1, 0, 1, 1]);
  expect(await left(START + 3 * MINUTE + DAY)).toEqual([0, 0, 0, 1, 0, 1, 1]);
  expect(await left(START + 30 * DAY)).toEqual([0, 0, 0, 1, 0, 0, 1]);
  raw.close();
});

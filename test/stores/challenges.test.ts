import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../src/core/time.ts';
import type { Challenge } from '../../src/core/verification/challenge.ts';
import type { MessageLimits } from '../../src/ports.ts';
import { addAccount, event, type Fixture, openFixture, START } from './fixture.ts';
import { challenge, text, wide } from './questions.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const created = (at = START, address = '192.0.2.1') => event('challenge.created', at, { address });
const use = (id: string, at = START) =>
  fixture.stores.verifications.commit([{ kind: 'use-challenge', challenge: id }], event('verification.accepted', at));

describe('a challenge', () => {
  test('is kept as it was made', async () => {
    const { challenges } = fixture.stores;
    const { id: accountId } = await addAccount(fixture.stores);
    const made = challenge('ch_1', { accountId, method: 'ocra', authenticatorId: 't1', question: '12345678' });
    expect(await challenges.add(made, undefined, wide, created())).toEqual({ kind: 'added' });
    expect(await challenges.find('ch_1')).toEqual(made);
    expect(await challenges.find('ch_2')).toBeUndefined();
    expect(await fixture.stores.messages.claim(10, START, MINUTE)).toEqual([]);
  });

  test('voids an older open one bound to the same thing, of the same person and method only', async () => {
    const { challenges } = fixture.stores;
    const others = [
      challenge('other-method', { method: 'ocra' }),
      challenge('other-person', { login: 'lee' }),
      challenge('other-thing', { boundTo: 'tx_2' }),
    ];
    for (const each of [challenge('old'), ...others]) await challenges.add(each, undefined, wide, created());
    await challenges.add(challenge('new'), undefined, wide, created());
    const states = await Promise.all(['old', 'new', ...others.map(({ id }) => id)].map((id) => challenges.find(id)));
    expect(states.map((each) => each?.state)).toEqual(['voided', 'open', 'open', 'open', 'open']);
    expect(await use('old')).toBe('conflict');
    expect(await use('new')).toBe('committed');
    expect((await challenges.find('other-method'))?.state).toBe('voided');
    expect((await challenges.find('other-person'))?.state).toBe('open');
  });

  test('G116 counts from the moment it was made until, not including, its expiry', async () => {
    const { challenges } = fixture.stores;
    await challenges.add(challenge('a', { expiresAt: START + 10, maxAttempts: 9 }), undefined, wide, created());
    expect(await challenges.reserveTry('a', START + 9)).toBe('tried');
    expect(await challenges.reserveTry('a', START + 10)).toBe('expired');
    expect(await use('a', START + 10)).toBe('conflict');
    expect(await challenges.cancel('a', event('challenge.cancelled', START + 10))).toBe('gone');
    expect(await use('a', START + 9)).toBe('committed');
  });

  test('is tried as often as it says, whoever tries at the same time', async () => {
    const other = await fixture.reopen();
    await fixture.stores.challenges.add(challenge('a', { maxAttempts: 5 }), undefined, wide, created());
    const tries = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? other : fixture.stores).challenges.reserveTry('a', START)),
    );
    expect(tries.filter((each) => each === 'tried')).toHaveLength(5);
    expect(tries.filter((each) => each === 'exhausted')).toHaveLength(35);
    expect(await other.challenges.reserveTry('unknown', START)).toBe('none');
  });

  test('is answered or cancelled once', async () => {
    const { challenges } = fixture.stores;
    await challenges.add(challenge('a'), undefined, wide, created());
    expect(await challenges.cancel('a', event('challenge.cancelled'))).toBe('cancelled');
    expect(await challenges.cancel('a', event('challenge.cancelled'))).toBe('gone');
    expect(await challenges.reserveTry('a', START)).toBe('none');
    expect(await use('a')).toBe('conflict');
  });
});

describe('the message of a challenge', () => {
  test('is queued with it, and again when a resend is due', async () => {
    const { challenges, messages } = fixture.stores;
    const { id: accountId } = await addAccount(fixture.stores);
    await challenges.add(challenge('a', { accountId }), text('+821012345678'), wide, created());
    const resend = (at: number) =>
      challenges.resend('a', 30_000, text('+821012345678'), wide, event('challenge.resent', at));
    expect(await resend(START + 29_999)).toEqual({ kind: 'limited', until: START + 30_000 });
    expect(await resend(START + 30_000)).toEqual({ kind: 'queued' });
    expect(await resend(START + 31_000)).toEqual({ kind: 'limited', until: START + 60_000 });
    expect(await resend(START + 180_000)).toEqual({ kind: 'gone' });
    expect(await messages.claim(10, START + 30_000, MINUTE)).toMatchObject([
      { challengeId: 'a', accountId, to: '+821012345678', state: 'sending', tries: 1 },
      { challengeId: 'a' },
    ]);
  });

  const cases: readonly (readonly [string, Partial<MessageLimits>, number])[] = [
    ['to one number', { perNumber: { count: 3, per: MINUTE } }, START + MINUTE],
    ['to one person', { perUser: { count: 3, per: 2 * MINUTE } }, START + 2 * MINUTE],
    ['from one address', { perAddress: { count: 3, per: 3 * MINUTE } }, START + 3 * MINUTE],
    ['to one number in a day', { perDay: 3 }, START + DAY],
    ['to everybody in a day', { budget: 3 }, START + DAY],
    ['at all where none are allowed', { budget: 0 }, START + DAY],
  ];
  test.each(cases)('SMS-1 is limited %s, for known and unknown names alike', async (_, limit, until) => {
    const limits = { ...wide, ...limit };
    const { id } = await addAccount(fixture.stores);
    const ask = (n: number, who: Partial<Challenge>, to: string | undefined) =>
      fixture.stores.challenges.add(
        challenge(`${who.login}-${n}`, { boundTo: `tx_${n}`, ...who }),
        to === undefined ? undefined : text(to),
        limits,
        created(),
      );
    const known = [];
    for (let n = 0; n < 5; n++) known.push(await ask(n, { login: 'kim', accountId: id }, '+821011112222'));
    const allowed = limits.budget === 0 ? 0 : 3;
    expect(known.filter((each) => each.kind === 'added')).toHaveLength(allowed);
    expect(known.at(-1)).toEqual({ kind: 'limited', until });
    expect(await fixture.stores.challenges.find('kim-4')).toBeUndefined();
    expect(await fixture.stores.messages.claim(100, START, MINUTE)).toHaveLength(allowed);
    if ('perNumber' in limit || 'perUser' in limit || 'perDay' in limit) {
      const unknown = [];
      for (let n = 0; n < 5; n++) unknown.push(await ask(n, { login: 'nobody' }, undefined));
      expect(unknown).toEqual(known);
    }
  });

  test('SMS-1 is never sent more often than the limits say, however many ask at once over two processes', async () => {
    const other = await fixture.reopen();
    const { id: accountId } = await addAccount(fixture.stores);
    const asked = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        (n % 2 ? other : fixture.stores).challenges.add(
          challenge(`c${n}`, { accountId, boundTo: `tx_${n}` }),
          text('+821011112222', `192.0.2.${n}`),
          { ...wide, perNumber: { count: 7, per: MINUTE } },
          created(),
        ),
      ),
    );
    expect(asked.filter((each) => each.kind === 'added')).toHaveLength(7);
    expect(await other.messages.claim(100, START, MINUTE)).toHaveLength(7);
  });

  test('to nobody uses up no budget of those who exist', async () => {
    const limits = { ...wide, budget: 1 };
    const { challenges } = fixture.stores;
    await challenges.add(challenge('a', { login: 'nobody' }), undefined, limits, created());
    expect(await challenges.add(challenge('b'), text('+821011112222'), limits, created())).toEqual({ kind: 'added' });
  });
});

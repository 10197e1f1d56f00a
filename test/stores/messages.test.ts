import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { addAccount, event, type Fixture, openFixture, START } from './fixture.ts';
import { challenge, text, wide } from './questions.ts';

let fixture: Fixture;
let accountId: string;
beforeEach(async () => {
  fixture = await openFixture();
  accountId = (await addAccount(fixture.stores)).id;
});
afterEach(() => fixture.remove());

const queue = async (n: number) => {
  const made = challenge(`c${n}`, { accountId, boundTo: `tx_${n}` });
  await fixture.stores.challenges.add(made, text('+821012345678'), wide, event('challenge.created', START + n));
};
const claim = (at: number, limit = 10) => fixture.stores.messages.claim(limit, at, MINUTE);
const sent = (id: string) => fixture.stores.messages.sent(id, 'main', `ref-${id}`, event('sms.sent'));

test('messages are taken in order, each by one taker', async () => {
  const other = await fixture.reopen();
  for (let n = 0; n < 20; n++) await queue(n);
  const taken = await Promise.all([
    claim(START + 20, 7),
    other.messages.claim(7, START + 20, MINUTE),
    claim(START + 20),
  ]);
  const ids = taken.flat().map((message) => message.challengeId);
  expect(new Set(ids).size).toBe(20);
  expect(await claim(START + 20)).toEqual([]);
});

test('a message whose taker died is due again after the lease', async () => {
  await queue(0);
  const [first] = await claim(START);
  expect(await claim(START + MINUTE - 1)).toEqual([]);
  expect(await claim(START + MINUTE)).toMatchObject([{ id: first?.id, tries: 2 }]);
});

test('a message that was not sent is tried again at its moment, or never', async () => {
  await queue(0);
  const id = (await claim(START))[0]?.id ?? '';
  await fixture.stores.messages.failed(id, 'timeout', START + 5000, event('sms.failed'));
  expect(await fixture.stores.messages.find(id)).toMatchObject({ state: 'queued', nextAt: START + 5000 });
  expect(await claim(START + 4999)).toEqual([]);
  expect(await claim(START + 5000)).toHaveLength(1);
  await fixture.stores.messages.failed(id, 'refused', undefined, event('sms.failed'));
  expect(await fixture.stores.messages.find(id)).toMatchObject({ state: 'failed' });
  expect(await claim(START + 10 * MINUTE)).toEqual([]);
});

test('a receipt is noted for the message it names, the last word being the first one given', async () => {
  await queue(0);
  const id = (await claim(START))[0]?.id ?? '';
  const { messages } = fixture.stores;
  expect(await messages.receipt('main', `ref-${id}`, true, START)).toBe('unknown');
  await sent(id);
  expect(await messages.receipt('other', `ref-${id}`, true, START)).toBe('unknown');
  expect(await messages.receipt('main', '', true, START)).toBe('unknown');
  expect(await messages.receipt('main', `ref-${id}`, true, START)).toBe('noted');
  expect(await messages.receipt('main', `ref-${id}`, false, START)).toBe('noted');
  expect(await messages.find(id)).toMatchObject({ state: 'delivered', provider: 'main', reference: `ref-${id}` });
});

test('messages are counted by state', async () => {
  for (let n = 0; n < 5; n++) await queue(n);
  await fixture.stores.challenges.add(challenge('x', { login: 'nobody' }), undefined, wide, event('challenge.created'));
  const [first, second] = await claim(START + 5, 3);
  await sent(first?.id ?? '');
  await fixture.stores.messages.failed(second?.id ?? '', 'no', undefined, event('sms.failed'));
  const none = { queued: 0, sending: 0, sent: 0, delivered: 0, failed: 0 };
  expect(await fixture.stores.messages.counts(START)).toEqual({ ...none, queued: 2, sending: 1, sent: 1, failed: 1 });
  expect(await fixture.stores.messages.counts(START + 10)).toEqual(none);
});

test('a person who is deleted is sent nothing more, and the number is forgotten', async () => {
  await queue(0);
  const id = (await claim(START))[0]?.id ?? '';
  await fixture.stores.accounts.delete(accountId, event('user.deleted'));
  expect(await fixture.stores.messages.find(id)).toMatchObject({ state: 'failed', to: '' });
});

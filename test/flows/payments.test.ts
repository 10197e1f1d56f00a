import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import type { PaymentFields } from '../../src/core/verification/payment.ts';
import {
  cancelPayment,
  createPayment,
  findPayment,
  type PaymentRequest,
  paymentEvidence,
} from '../../src/flows/payments.ts';
import { setUser } from '../../src/flows/users.ts';
import { verifyPayment } from '../../src/flows/verify-payment.ts';
import { enrol, ocra, texted, wrong } from './asking.ts';
import { addPerson, BY, codeOf, type Opened, openHouse, policy } from './house.ts';

const SUITE = 'OCRA-1:HOTP-SHA256-8:QH64-T30S';
let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  await setUser(opened.house, policy.users, 'kim', { phone: '010-1234-5678' }, BY);
  await enrol(opened.house, 'ocra', { suite: SUITE });
});
afterEach(() => opened.remove());

const fields: PaymentFields = {
  type: 'transfer',
  amount: '1250000',
  currency: 'KRW',
  payee: { name: '홍길동', bank: '004', account: '110-123-456789' },
  payer: { account: '' },
  memo: '',
  extra: {},
};

async function create(changes: Partial<PaymentRequest> = {}) {
  const created = await createPayment(opened.house, policy, {
    login: 'kim',
    client: 'bank',
    app: 'bank',
    fields,
    method: 'ocra',
    ttl: 5 * MINUTE,
    by: BY,
    language: 'ko',
    host: '',
    ...changes,
  });
  if (created.kind !== 'created') throw new Error(created.kind);
  return created;
}

/** What an authenticator shows for an object it was given. */
const respond = (hash: string, steps = 0): string =>
  ocra(SUITE, { question: hash, timeStep: Math.floor(opened.time.now / 30_000) + steps });
const confirm = (id: string, code: string, more: { readonly fields?: PaymentFields; readonly client?: string } = {}) =>
  verifyPayment(opened.house, policy, { id, client: 'bank', code, by: BY, ...more });

describe('a payment confirmed by OCRA', () => {
  test.each([-1, 0, 1])(
    'by the response of a clock %i steps off; the evidence says what was confirmed',
    async (steps) => {
      const { payment, question } = await create();
      expect(question).toBe(payment.hash);
      const approved = await confirm(payment.id, respond(payment.hash, steps), { fields });
      if (approved.kind !== 'approved') throw new Error(approved.kind);
      expect(decodeJwt(approved.evidence)).toMatchObject({
        payment: payment.id,
        hash: payment.hash,
        login: 'kim',
        method: 'ocra',
        decided_at: opened.time.now / 1000,
      });
      expect(decodeJwt(approved.evidence)).not.toHaveProperty('sub');
      expect(await paymentEvidence(opened.house, { id: payment.id, client: 'bank' })).toBe(approved.evidence);
      expect(await paymentEvidence(opened.house, { id: payment.id, client: 'other' })).toBeUndefined();
      expect(await confirm(payment.id, respond(payment.hash, steps))).toEqual({ kind: 'gone' });
    },
  );

  test('a response two steps off, to another object, or a plain TOTP confirms nothing', async () => {
    const { payment } = await create();
    const { payment: other } = await create({ fields: { ...fields, amount: '1' } });
    for (const code of [respond(payment.hash, 2), respond(other.hash), codeOf(opened.time.now)]) {
      expect(await confirm(payment.id, code)).toEqual({ kind: 'rejected' });
    }
    expect((await confirm(payment.id, respond(payment.hash))).kind).toBe('approved');
  });

  test('the same object twice has two hashes', async () => {
    const [first, second] = [await create(), await create()];
    expect(first.payment.hash).not.toBe(second.payment.hash);
  });

  test('another amount in the caller’s copy voids it, whatever the code', async () => {
    const { payment } = await create();
    const changed = { ...fields, amount: '9250000' };
    expect(await confirm(payment.id, respond(payment.hash), { fields: changed })).toEqual({ kind: 'mismatch' });
    expect(await confirm(payment.id, respond(payment.hash), { fields })).toEqual({ kind: 'gone' });
    expect(await findPayment(opened.house, { id: payment.id, client: 'bank' })).toMatchObject({ state: 'mismatch' });
    const [last] = await opened.house.audit.read({ limit: 1, newestFirst: true });
    expect(last).toMatchObject({ kind: 'payment.rejected', reason: 'tx-mismatch' });
  });

  test('a counter suite spends the responses it passes', async () => {
    const suite = 'OCRA-1:HOTP-SHA256-8:C-QH64';
    await addPerson(opened.house, 'park', 'none');
    await enrol(opened.house, 'ocra', { suite, login: 'park' });
    const { payment } = await create({ login: 'park' });
    expect((await confirm(payment.id, ocra(suite, { question: payment.hash, counter: 4 }))).kind).toBe('approved');
    const { payment: next } = await create({ login: 'park' });
    expect((await confirm(next.id, ocra(suite, { question: next.hash, counter: 4 }))).kind).toBe('rejected');
    expect((await confirm(next.id, ocra(suite, { question: next.hash, counter: 5 }))).kind).toBe('approved');
  });

  test('it is over at its time, when given up, and for everybody else', async () => {
    const { payment } = await create();
    expect(await confirm(payment.id, respond(payment.hash), { client: 'other' })).toEqual({ kind: 'gone' });
    expect(await cancelPayment(opened.house, { id: payment.id, client: 'other', by: BY })).toEqual({ kind: 'gone' });
    expect(await cancelPayment(opened.house, { id: payment.id, client: 'bank', by: BY })).toEqual({
      kind: 'cancelled',
    });
    expect(await confirm(payment.id, respond(payment.hash))).toEqual({ kind: 'gone' });
    const { payment: late } = await create();
    opened.time.now += 5 * MINUTE;
    expect(await confirm(late.id, respond(late.hash))).toEqual({ kind: 'gone' });
  });

  test('a login that does not exist gets a payment that nothing confirms', async () => {
    const { payment, question } = await create({ login: 'nobody' });
    expect(question).toBe(payment.hash);
    expect(await confirm(payment.id, respond(payment.hash))).toEqual({ kind: 'rejected' });
  });

  test('wrong codes are attempts of the person', async () => {
    const { payment } = await create();
    for (let index = 0; index < 5; index++) await confirm(payment.id, '00000000');
    expect((await confirm(payment.id, respond(payment.hash))).kind).toBe('locked');
  });
});

describe('a payment confirmed by SMS', () => {
  test('by the code of its own message, which knows the payment', async () => {
    const { payment } = await create({ method: 'sms' });
    const { payment: other } = await create({ method: 'sms', fields: { ...fields, amount: '1' } });
    const [message] = await opened.house.messages.claim(1, opened.time.now, MINUTE);
    const challenge = await opened.house.challenges.find(message?.challengeId ?? '');
    expect(challenge).toMatchObject({ boundTo: payment.id, question: payment.hash });
    const code = await texted(opened.house, payment.challengeId);
    expect(await confirm(other.id, code)).toEqual({ kind: 'rejected' });
    expect(await confirm(payment.id, wrong(code))).toEqual({ kind: 'rejected' });
    expect((await confirm(payment.id, code)).kind).toBe('approved');
  });

  test('over the limit of messages nothing stays open', async () => {
    for (let index = 0; index < 5; index++) await create({ method: 'sms' });
    await expect(create({ method: 'sms' })).rejects.toThrow('limited');
    const [last] = await opened.house.audit.read({ limit: 1, newestFirst: true });
    expect(last?.kind).toBe('payment.cancelled');
  });
});

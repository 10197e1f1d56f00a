import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../src/core/policy.ts';
import type { PaymentFields } from '../../src/core/verification/payment.ts';
import { createPayment } from '../../src/flows/payments.ts';
import { verifyPayment } from '../../src/flows/verify-payment.ts';
import { type Sender, startSender } from '../../src/messaging/sender.ts';
import { addPerson, PASSWORD } from '../flows/house.ts';
import { hidden, openPortal, type PortalFixture } from '../portal/fixture.ts';
import { policyOf, SMS_CODE } from '../portal/policy.ts';
import { event } from '../stores/fixture.ts';
import { HttpCentre, keptLog, until } from './parts.ts';

const centre = new HttpCentre();
const log = keptLog();
let portal: PortalFixture;
let sender: Sender;

const auth = { kind: 'sign-in', requirement: { factors: ['pw', 'sms'] } } as const;
const policyWith = (budget = 10_000): Policy =>
  policyOf([{ name: 'hr', paths: [{ kind: 'prefix', path: '/hr/' }], auth }], {
    sms: { providers: [centre.settings()], code: { ...SMS_CODE, budget } },
  });

beforeAll(async () => {
  await centre.start();
  portal = await openPortal();
  portal.policy.current = policyWith();
  const kim = await addPerson(portal.house, 'kim');
  await portal.house.accounts.update(kim.id, { phone: '+82 10-1234-5678' }, event('user.changed', portal.time.now));
  sender = startSender({ policy: () => portal.policy.current, house: portal.house, log, every: 5 });
});
afterAll(async () => {
  await sender.close();
  await portal.close();
  await centre.stop();
});
beforeEach(() => {
  portal.time.now += 25 * 60 * 60_000;
  centre.received.length = 0;
});

const arrived = async (): Promise<{ readonly to: string; readonly text: string }> => {
  await until(() => centre.received.length > 0);
  return JSON.parse(centre.received.at(-1)?.body ?? '') as { to: string; text: string };
};

test('from the sign-in page to the phone and back: the code that arrives signs in', async () => {
  const visitor = portal.visitor();
  const form = await portal.open(visitor, '/hr/', ['pw', 'sms']);
  const step = await visitor.post('/_sumun/login', { ...form, login: 'kim', password: PASSWORD });
  const { to, text } = await arrived();
  expect(to).toBe('+821012345678');
  const [, code = ''] = /^\[에이콤\] Code (\d{6}) \(valid 3 min\)\n@hr\.corp\.example #\1$/.exec(text) ?? [];
  const done = await visitor.post('/_sumun/login', { ...hidden(step.text), sms: code });
  expect([done.status, done.headers.location]).toEqual([303, '/hr/']);
});

describe('a payment', () => {
  const fields: PaymentFields = {
    type: 'transfer',
    amount: '1500000',
    currency: 'KRW',
    payee: { name: '김철수', bank: '004', account: '123-456-789012' },
    payer: { account: '987-654' },
    memo: '',
    extra: {},
  };
  const by = { actor: 'api:bank', address: '192.0.2.1', request: '' };
  const ask = async () => {
    const request = { login: 'kim', client: 'bank', app: 'bank', fields, method: 'sms', ttl: 180_000 } as const;
    const more = { by, language: 'ko', host: '' } as const;
    const created = await createPayment(portal.house, portal.policy.current, { ...request, ...more });
    if (created.kind !== 'created') throw new Error(created.kind);
    return created.payment;
  };

  test('the message says amount and end of the account as the server knows them; its code approves that payment', async () => {
    const payment = await ask();
    const { text } = await arrived();
    const [, code = ''] =
      /^\[에이콤\] 받는 계좌 끝 9012, 1,500,000원 승인번호 (\d{6}) \(3분간 유효\)$/.exec(text) ?? [];
    const asked = { id: payment.id, client: 'bank', code, by };
    expect(await verifyPayment(portal.house, portal.policy.current, asked)).toMatchObject({ kind: 'approved' });
  });

  test('that was decided before its message went out is not asked about any more', async () => {
    const quiet = { ...portal.policy.current };
    portal.policy.current = policyOf([], { sms: { providers: [], code: SMS_CODE } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const request = { login: 'kim', client: 'bank', app: 'bank', fields, method: 'sms', ttl: 180_000 } as const;
    const created = await createPayment(portal.house, quiet, { ...request, by, language: 'ko', host: '' });
    if (created.kind !== 'created') throw new Error(created.kind);
    const { id } = created.payment;
    const change = { kind: 'decide-payment', payment: id, state: 'cancelled', evidence: undefined } as const;
    await portal.house.verifications.commit([change], event('payment.cancelled', portal.time.now));
    portal.policy.current = quiet;
    await until(async () => (await portal.house.messages.counts(portal.time.now - 1)).failed === 1);
    expect(centre.received).toEqual([]);
  });
});

test('SMS-1: ten thousand requests for codes send no more than the budget of the day', async () => {
  portal.policy.current = policyWith(7);
  const many = { count: 100_000, per: 1000 };
  const limits = { perNumber: many, perUser: many, perAddress: many, perDay: 100_000, budget: 7 };
  const now = portal.time.now;
  const message = { to: '01012345678', language: 'ko', host: '', address: '192.0.2.7' } as const;
  let refused = 0;
  const kim = await portal.house.accounts.findByLogin('kim');
  const asking = Array.from({ length: 10_000 }, async (_, index) => {
    const challenge = {
      id: `ch_${index}`,
      accountId: kim?.id,
      login: 'kim',
      method: 'sms',
      boundTo: `tx_${index}`,
      authenticatorId: undefined,
      question: '',
      attempts: 0,
      maxAttempts: 5,
      state: 'open',
      createdAt: now,
      expiresAt: now + 180_000,
      resendAfter: now,
    } as const;
    const added = await portal.house.challenges.add(challenge, message, limits, event('challenge.created', now));
    if (added.kind === 'limited') refused += 1;
  });
  await Promise.all(asking);
  expect(refused).toBe(10_000 - 7);
  await until(async () => (await portal.house.messages.counts(now - 1)).sent === 7);
  expect(centre.received).toHaveLength(7);
});

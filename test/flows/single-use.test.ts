import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../src/core/policy.ts';
import { MINUTE } from '../../src/core/time.ts';
import { answerChallenge } from '../../src/flows/answer-challenge.ts';
import { authenticate } from '../../src/flows/authenticate.ts';
import { createChallenge } from '../../src/flows/challenges.ts';
import { createRecoveryCodes } from '../../src/flows/lookup-codes.ts';
import { createPayment } from '../../src/flows/payments.ts';
import { issueServerCode } from '../../src/flows/server-codes.ts';
import { setUser } from '../../src/flows/users.ts';
import { verifyPayment } from '../../src/flows/verify-payment.ts';
import { appCode, ask, asking, challenged, enrol, PASSWORD, texted } from './asking.ts';
import { addPerson, BY, type Opened, openHouse, policy } from './house.ts';

/** Lock-out would hide a second acceptance. */
const open: Policy = {
  ...policy,
  otp: { ...policy.otp, lockout: { failures: 1000, lockFor: [MINUTE] } },
  sms: { ...policy.sms, code: { ...policy.sms.code, tries: 1000 } },
};
const TIMES = 24;

let opened: Opened;
let houses: readonly Opened['house'][];
beforeEach(async () => {
  opened = await openHouse();
  // Two handles on one database: two processes, as far as the stores can tell.
  houses = [opened.house, { ...opened.house, ...(await opened.reopen()) }];
  await addPerson(opened.house);
  await setUser(opened.house, policy.users, 'kim', { phone: '010-1234-5678' }, BY);
});
afterEach(() => opened.remove());

/** How many of many simultaneous uses over both handles were accepted. */
async function accepted(use: (house: Opened['house']) => Promise<{ readonly kind: string }>): Promise<number> {
  const uses = Array.from({ length: TIMES }, (_, index) => use(houses[index % houses.length] ?? opened.house));
  const kinds = (await Promise.all(uses)).map(({ kind }) => kind);
  return kinds.filter((kind) => kind === 'accepted' || kind === 'approved').length;
}

describe('RACE-3: used by many at once over two store handles, exactly one is accepted', () => {
  test('a time-based code', async () => {
    expect(await accepted((house) => authenticate(house, open, asking(house)))).toBe(1);
  });

  test('a recovery code', async () => {
    const created = await createRecoveryCodes(opened.house, 'kim', 1, BY);
    const otp = created.kind === 'created' ? (created.codes[0]?.replace('-', '') ?? '') : '';
    expect(await accepted((house) => authenticate(house, open, asking(house, { credentials: { otp } })))).toBe(1);
  });

  test('a server-synchronised code', async () => {
    const token = await enrol(opened.house, 'server');
    const issued = await issueServerCode(opened.house, policy, { authenticatorId: token.id }, BY);
    if (issued.kind !== 'issued') throw new Error(issued.kind);
    const otp = appCode(opened.house, token, issued.live);
    expect(await accepted((house) => authenticate(house, open, asking(house, { credentials: { otp } })))).toBe(1);
  });

  test('a verification under way and its code by SMS', async () => {
    const begun = challenged(await ask(opened, { need: ['pw', 'sms'], credentials: { pw: PASSWORD } }, open));
    const sms = await texted(opened.house, begun.need[0]?.challenge);
    const second = { pending: begun.transaction, credentials: { sms } };
    expect(await accepted((house) => authenticate(house, open, asking(house, second)))).toBe(1);
  });

  test('the code of a challenge', async () => {
    const boundTo = 'api:portal';
    const request = { login: 'kim', method: 'sms', boundTo, by: BY, language: 'ko', host: '', app: 'portal' } as const;
    const created = await createChallenge(opened.house, open, request);
    if (created.kind !== 'created') throw new Error(created.kind);
    const { id } = created.challenge;
    const code = await texted(opened.house, id);
    const reply = { id, boundTo, code, app: 'portal', channel: 'api', address: '', request: '' } as const;
    expect(await accepted((house) => answerChallenge(house, open, reply))).toBe(1);
  });

  test('the confirmation of a payment', async () => {
    const fields = {
      type: 'transfer',
      amount: '1',
      currency: 'KRW',
      payee: { name: 'P', bank: '', account: '' },
      payer: { account: '' },
      memo: '',
      extra: {},
    };
    const request = { login: 'kim', client: 'bank', app: 'bank', fields, method: 'sms', ttl: MINUTE, by: BY } as const;
    const created = await createPayment(opened.house, open, { ...request, language: 'ko', host: '' });
    if (created.kind !== 'created') throw new Error(created.kind);
    const { id, challengeId } = created.payment;
    const code = await texted(opened.house, challengeId);
    expect(await accepted((house) => verifyPayment(house, open, { id, client: 'bank', code, by: BY }))).toBe(1);
  });
});

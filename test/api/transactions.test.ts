import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transactionOperations } from '../../src/api/resources/transactions.ts';
import { verifyOperation } from '../../src/api/resources/verify.ts';
import { MINUTE } from '../../src/core/time.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { addPerson, WRONG } from './people.ts';
import { type Reply, type Served, serveApi } from './served.ts';

const FIELDS = {
  amount: '1250000',
  currency: 'KRW',
  payee: { name: '김민지', bank: '004', account: '123-45-678' },
  payer: { account: '987-65' },
  memo: '관리비',
};

let served: Served;
let key: string;

beforeAll(async () => {
  served = await serveApi([verifyOperation, ...transactionOperations]);
  key = await served.key({ name: 'bank', scopes: ['transactions', 'verify'] });
});
afterAll(() => served.close());

const post = (path: string, body?: object, by = key): Promise<Reply> =>
  served.call('POST', `/api/v1/transactions${path}`, { key: by, body });
const get = (path: string, by = key): Promise<Reply> => served.call('GET', `/api/v1/transactions${path}`, { key: by });

let people = 0;
async function paying(fields: object = FIELDS) {
  people += 1;
  served.time.now += 20 * MINUTE;
  const person = await addPerson(served.house, `payer-${people}`, { secrets: false });
  const created = await post('', { user: person.login, method: 'sms', app: 'bank-web', ...fields });
  const payment = await served.house.payments.find(created.body.id);
  const challenge = await served.house.challenges.find(payment?.challengeId ?? '');
  if (challenge === undefined) throw new Error(created.text);
  const code = smsCodeOf(challenge, served.holder.policy.sms.code.digits, served.house.digests);
  return { person, id: String(created.body.id), code, created };
}

describe('a transaction', () => {
  test('is approved by its own code, with evidence that can be shown', async () => {
    const { id, code, person } = await paying();
    expect((await get(`/${id}`)).body).toMatchObject({
      id,
      state: 'pending',
      method: 'sms',
      app: 'bank-web',
      decided_at: null,
    });
    const approved = await post(`/${id}/verify`, { code, fields: FIELDS });
    expect(approved).toMatchObject({ status: 200, body: { result: 'approved' } });
    expect((await get(`/${id}`)).body).toMatchObject({ state: 'approved', decided_at: served.time.now / 1000 });
    const { body } = await get(`/${id}/evidence`);
    expect(body.evidence).toBe(approved.body.evidence);
    const keys = createLocalJWKSet(served.house.signer.publicKeys(served.time.now) as JSONWebKeySet);
    const { payload } = await compactVerify(body.evidence, keys);
    const claims = JSON.parse(Buffer.from(payload).toString());
    expect(claims).toMatchObject({ payment: id, hash: body.hash, login: person.login, method: 'sms' });
    expect(JSON.parse(body.canonical)).toMatchObject({ amount: '1250000', payee: FIELDS.payee });
  });

  test('is approved once', async () => {
    const { id, code } = await paying();
    const replies = await Promise.all(Array.from({ length: 10 }, () => post(`/${id}/verify`, { code })));
    expect(replies.filter(({ body }) => body.result === 'approved')).toHaveLength(1);
    expect((await post(`/${id}/verify`, { code })).status).toBe(410);
  });

  test.each([
    ['another amount', { ...FIELDS, amount: '9250000' }],
    ['another payee', { ...FIELDS, payee: { ...FIELDS.payee, account: '999-99-999' } }],
    ['another memo', { ...FIELDS, memo: '' }],
    ['something more', { ...FIELDS, extra: { note: 'x' } }],
  ])('is void after %s (dynamic linking)', async (_, fields) => {
    const { id, code } = await paying();
    expect(await post(`/${id}/verify`, { code, fields })).toMatchObject({ status: 409, body: { code: 'tx_mismatch' } });
    expect((await get(`/${id}`)).body.state).toBe('mismatch');
    expect((await post(`/${id}/verify`, { code })).status).toBe(410);
  });

  test('is not approved by the code of another, by an OTP or by a wrong code', async () => {
    const other = await paying({ ...FIELDS, amount: '1' });
    const { id, person } = await paying();
    const rejected = { result: 'rejected', reason: 'invalid_credentials' };
    expect((await post(`/${id}/verify`, { code: other.code })).body).toEqual(rejected);
    expect((await post(`/${id}/verify`, { code: person.otp() })).body).toEqual(rejected);
    expect((await post(`/${id}/verify`, { code: WRONG })).body).toEqual(rejected);
    expect((await post(`/${id}/verify`, { code: 'abc' })).status).toBe(400);
    expect((await get(`/${id}/evidence`)).status).toBe(409);
  });

  test('belongs to the client that made it', async () => {
    const { id, code } = await paying();
    const other = await served.key({ scopes: ['transactions'] });
    for (const reply of [
      await get(`/${id}`, other),
      await get(`/${id}/evidence`, other),
      await post(`/${id}/verify`, { code }, other),
      await post(`/${id}/cancel`, undefined, other),
      await get('/pay_nothing'),
    ]) {
      expect(reply).toMatchObject({ status: 410, body: { code: 'transaction_gone' } });
    }
  });

  test('can be given up once', async () => {
    const { id, code } = await paying();
    expect((await post(`/${id}/cancel`)).body.state).toBe('cancelled');
    expect(await post(`/${id}/cancel`)).toMatchObject({ status: 409, body: { code: 'already_decided' } });
    expect((await post(`/${id}/verify`, { code })).status).toBe(410);
  });

  test('expires', async () => {
    const { id, code } = await paying({ ...FIELDS, expires_in: 60 });
    served.time.now += MINUTE;
    expect((await get(`/${id}`)).body.state).toBe('expired');
    expect((await post(`/${id}/verify`, { code })).status).toBe(410);
  });

  test('looks the same for a login that does not exist (ENUM-1)', async () => {
    const { created } = await paying();
    const unknown = await post('', { user: 'nobody-pays', method: 'sms', app: 'bank-web', ...FIELDS });
    const shape = ({ status, body }: Reply) => [status, Object.keys(body), body.state];
    expect(shape(unknown)).toEqual(shape(created));
    expect((await post(`/${unknown.body.id}/verify`, { code: WRONG })).body.reason).toBe('invalid_credentials');
  });

  test.each([
    ['a number as amount', { amount: 1250000 }],
    ['a negative amount', { amount: '-1' }],
    ['an amount in words', { amount: '1e6' }],
    ['a leading zero', { amount: '007' }],
    ['a lower-case currency', { currency: 'krw' }],
    ['no payee', { payee: undefined }],
    ['a stranger in the payee', { payee: { name: 'x', hidden: 'y' } }],
    ['a text too long', { memo: 'x'.repeat(257) }],
    ['a life too long', { expires_in: 86_401 }],
  ])('with %s is refused', async (_, change) => {
    expect((await post('', { user: 'kim', ...FIELDS, ...change })).status).toBe(400);
  });
});

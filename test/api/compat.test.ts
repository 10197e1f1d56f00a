import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revokeClient } from '../../src/flows/clients.ts';
import { addPerson, PASSWORD, type Person, WRONG } from './people.ts';
import { BY, type Reply, type Served, serveApi } from './served.ts';

let served: Served;
let otpOnly: string;
let payroll: string;
let bySms: string;
let kim: Person;

beforeAll(async () => {
  served = await serveApi([]);
  otpOnly = await served.key({ name: 'otp-only', scopes: ['verify'], app: 'notice' });
  payroll = await served.key({ name: 'pw-otp', scopes: ['verify'], app: 'payroll' });
  bySms = await served.key({ name: 'by-sms', scopes: ['verify'], app: 'sms-only' });
  kim = await addPerson(served.house, 'kim', { groups: ['hr'] });
});
afterAll(() => served.close());

const form = (path: string, fields: Record<string, string>, key: string): Promise<Reply> =>
  served.call('POST', `/validate/${path}`, {
    body: new URLSearchParams(fields).toString(),
    headers: { authorization: key, 'content-type': 'application/x-www-form-urlencoded' },
  });

const result = ({ body }: Reply) => body.result;

describe('/validate/check', () => {
  test('accepts in the frame plug-ins expect', async () => {
    const reply = await form('check', { user: 'kim', pass: kim.otp(), realm: '' }, otpOnly);
    expect(reply).toMatchObject({
      status: 200,
      body: {
        jsonrpc: '2.0',
        id: 1,
        result: { status: true, value: true, authentication: 'ACCEPT' },
        detail: { username: 'kim' },
        versionnumber: '0.0.0',
      },
    });
    const [record] = await served.house.audit.read({ limit: 1, newestFirst: true });
    expect(record).toMatchObject({ kind: 'verification.accepted', route: 'notice', actor: 'api:otp-only' });
  });

  test('takes JSON and a bearer key too', async () => {
    const body = { user: 'kim', pass: kim.otp() };
    const reply = await served.call('POST', '/validate/check', { key: otpOnly, body });
    expect(result(reply)).toMatchObject({ value: true });
  });

  test('reads password and code from one field', async () => {
    expect(result(await form('check', { user: 'kim', pass: `${PASSWORD}${kim.otp()}` }, payroll))).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    });
    expect(result(await form('check', { user: 'kim', pass: kim.otp() }, payroll))).toMatchObject({ value: false });
  });

  test('refuses everything wrong in one and the same way (ENUM-1)', async () => {
    const used = kim.otp();
    await form('check', { user: 'kim', pass: used }, otpOnly);
    const replies = [
      await form('check', { user: 'kim', pass: WRONG }, otpOnly),
      await form('check', { user: 'kim', pass: used }, otpOnly),
      await form('check', { user: 'kim', pass: 'letters' }, otpOnly),
      await form('check', { user: 'nobody', pass: WRONG }, otpOnly),
      await form('check', { user: 'kim', pass: WRONG, transaction_id: 'tx_nothing' }, otpOnly),
    ];
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(result(replies[0] as Reply)).toEqual({ status: true, value: false, authentication: 'REJECT' });
  });

  test('asks for the code and goes on by transaction_id', async () => {
    const asked = await form('check', { user: 'kim', pass: '' }, otpOnly);
    expect(asked.body).toMatchObject({
      result: { value: false, authentication: 'CHALLENGE' },
      detail: { multi_challenge: [{ client_mode: 'interactive' }] },
    });
    const transaction_id = asked.body.detail.transaction_id;
    const foreign = await form('check', { user: 'kim', pass: kim.otp(), transaction_id }, payroll);
    expect(result(foreign)).toMatchObject({ value: false, authentication: 'REJECT' });
    const done = await form('check', { user: 'kim', pass: kim.otp(), transaction_id }, otpOnly);
    expect(result(done)).toMatchObject({ value: true, authentication: 'ACCEPT' });
    expect(result(await form('check', { user: 'kim', pass: kim.otp(), state: transaction_id }, otpOnly)).value).toBe(
      false,
    );
  });

  test.each([
    ['no user', { pass: '123456' }],
    ['an empty user', { user: '', pass: '123456' }],
    ['no pass', { user: 'kim' }],
    ['nothing', {}],
  ])('with %s makes no decision (G105)', async (_, fields) => {
    const reply = await form('check', fields, otpOnly);
    expect(reply).toMatchObject({ status: 400, body: { result: { status: false, error: { code: 905 } } } });
  });

  test.each([
    ['a number', '{"user":"kim","pass":123456}'],
    ['a list', '{"user":["kim"],"pass":"123456"}'],
    ['null', '{"user":null,"pass":"123456"}'],
    ['a name twice', '{"user":"kim","user":"lee","pass":"123456"}'],
    ['no object', '"kim"'],
  ])('with %s in the JSON makes no decision (G105)', async (_, body) => {
    expect((await served.call('POST', '/validate/check', { key: otpOnly, body })).status).toBe(400);
  });

  test('with a field twice makes no decision', async () => {
    const reply = await served.call('POST', '/validate/check', {
      body: 'user=kim&user=lee&pass=123456',
      headers: { authorization: otpOnly, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(reply.status).toBe(400);
  });

  test('needs a key, and a POST: credentials do not belong into an address', async () => {
    expect((await form('check', { user: 'kim', pass: '1' }, '')).body).toMatchObject({
      result: { status: false, error: { code: 4033 } },
    });
    await served.key({ name: 'short-lived' });
    const gone = await served.key({ name: 'gone', scopes: ['verify'] });
    await revokeClient(served.house, 'gone', BY);
    expect((await form('check', { user: 'kim', pass: '1' }, gone)).status).toBe(401);
    const reader = await served.key({ scopes: ['users:read'] });
    expect((await form('check', { user: 'kim', pass: '1' }, reader)).status).toBe(403);
    const get = await served.call('GET', '/validate/check?user=kim&pass=123456', { key: otpOnly });
    expect(get.status).toBe(405);
  });
});

describe('/validate/triggerchallenge and /validate/polltransaction', () => {
  test('ask for the code by SMS and say that it is awaited', async () => {
    const asked = await form('triggerchallenge', { user: 'kim' }, bySms);
    expect(asked.body).toMatchObject({
      result: { value: 1, authentication: 'CHALLENGE' },
      detail: { multi_challenge: [{ type: 'sms' }] },
    });
    const id = asked.body.detail.transaction_id;
    const poll = (path: string, key = bySms) => served.call('GET', `/validate/polltransaction${path}`, { key });
    const pending = { result: { value: false }, detail: { challenge_status: 'pending' } };
    expect((await poll(`?transaction_id=${id}`)).body).toMatchObject(pending);
    expect((await poll(`/${id}`)).body).toMatchObject(pending);
    expect((await poll(`/${id}`, otpOnly)).body).toMatchObject({ detail: { challenge_status: 'declined' } });
    const wrong = await form('check', { user: 'kim', pass: WRONG, transaction_id: id }, bySms);
    expect(result(wrong)).toMatchObject({ value: false, authentication: 'REJECT' });
  });

  test('give nobody a challenge in place of a password', async () => {
    const asked = await form('triggerchallenge', { user: 'kim' }, payroll);
    expect(result(asked)).toMatchObject({ value: 0, authentication: 'REJECT' });
  });
});

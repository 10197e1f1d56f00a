import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { challengeOperations } from '../../src/api/resources/challenges.ts';
import { verifyOperation } from '../../src/api/resources/verify.ts';
import { MINUTE } from '../../src/core/time.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { addPerson, PASSWORD, type Person, WRONG } from './people.ts';
import { type Reply, type Served, serveApi } from './served.ts';

let served: Served;
let key: string;
let kim: Person;

beforeAll(async () => {
  served = await serveApi([verifyOperation, ...challengeOperations]);
  key = await served.key({ name: 'portal', scopes: ['verify'] });
  kim = await addPerson(served.house, 'kim', { phone: '+821012345678' });
});
afterAll(() => served.close());

const post = (path: string, body?: object, by = key): Promise<Reply> =>
  served.call('POST', `/api/v1/challenges${path}`, { key: by, body });
const get = (path: string, by = key): Promise<Reply> => served.call('GET', `/api/v1/challenges${path}`, { key: by });

let people = 0;
/** A challenge by SMS for somebody of their own, so that no limit of another test is met. */
async function texted(): Promise<{ readonly id: string; readonly code: string; readonly login: string }> {
  people += 1;
  served.time.now += 20 * MINUTE; // beyond the limits for an address
  const { login } = await addPerson(served.house, `texted-${people}`, { secrets: false, token: false });
  const created = await post('', { user: login, method: 'sms' });
  const challenge = await served.house.challenges.find(created.body.id);
  if (challenge === undefined) throw new Error(created.text);
  const { digits } = served.holder.policy.sms.code;
  return { id: challenge.id, login, code: smsCodeOf(challenge, digits, served.house.digests) };
}

describe('a challenge by SMS', () => {
  test('is created, answered once, and then gone', async () => {
    const { id, code, login } = await texted();
    expect((await get(`/${id}`)).body).toMatchObject({ id, method: 'sms', state: 'open' });
    const accepted = await post(`/${id}/answer`, { code, app: 'erp' });
    expect(accepted).toMatchObject({ status: 200, body: { result: 'accept', amr: ['sms'], user: { login } } });
    expect(await post(`/${id}/answer`, { code, app: 'erp' })).toMatchObject({
      status: 410,
      body: { code: 'challenge_gone' },
    });
    expect((await get(`/${id}`)).body.state).toBe('used');
  });

  test('refuses a wrong code like every refusal, and says nothing of form as an attempt', async () => {
    const { id, code } = await texted();
    expect((await post(`/${id}/answer`, { code: 'abc' })).status).toBe(400);
    const wrong = code === WRONG ? '111111' : WRONG;
    expect((await post(`/${id}/answer`, { code: wrong })).body).toEqual({
      result: 'reject',
      reason: 'invalid_credentials',
    });
    expect((await post(`/${id}/answer`, { code: ` ${code.slice(0, 3)}-${code.slice(3)}` })).body.result).toBe('accept');
  });

  test('is for its client only', async () => {
    const { id, code } = await texted();
    const other = await served.key({ scopes: ['verify'] });
    for (const reply of [
      await get(`/${id}`, other),
      await post(`/${id}/answer`, { code }, other),
      await post(`/${id}/resend`, undefined, other),
      await post(`/${id}/cancel`, undefined, other),
      await get('/ch_nothing'),
    ]) {
      expect(reply).toMatchObject({ status: 410, body: { code: 'challenge_gone' } });
    }
    expect((await post(`/${id}/answer`, { code })).body.result).toBe('accept');
  });

  test('can be given up', async () => {
    const { id, code } = await texted();
    expect((await post(`/${id}/cancel`)).status).toBe(204);
    expect((await get(`/${id}`)).body.state).toBe('voided');
    expect((await post(`/${id}/answer`, { code })).status).toBe(410);
  });

  test('is sent again after a while, not before', async () => {
    const { id } = await texted();
    const early = await post(`/${id}/resend`);
    expect(early).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    served.time.now += 31_000;
    expect((await post(`/${id}/resend`)).status).toBe(202);
  });

  test('expires', async () => {
    const { id, code } = await texted();
    served.time.now += 4 * MINUTE;
    expect((await get(`/${id}`)).body.state).toBe('expired');
    expect((await post(`/${id}/answer`, { code })).body).not.toMatchObject({ result: 'accept' });
  });

  test('looks the same for a login that does not exist (ENUM-1)', async () => {
    served.time.now += 20 * MINUTE;
    const unknown = await post('', { user: 'nobody-of-this-name', method: 'sms' });
    const { login } = await addPerson(served.house, 'enumerated', { secrets: false });
    const known = await post('', { user: login, method: 'sms' });
    const masked = ({ body, status }: Reply) => ({ status, body: { ...body, id: body.id.length } });
    expect(masked(unknown)).toEqual(masked(known));
    const answered = await post(`/${unknown.body.id}/answer`, { code: WRONG });
    expect(answered.body).toEqual({ result: 'reject', reason: 'invalid_credentials' });
  });

  test('proves too little where the policy asks more', async () => {
    const refused = { status: 403, body: { code: 'auth_too_weak' } };
    expect(await post('', { user: 'kim', method: 'sms', app: 'payroll' })).toMatchObject(refused);
    const { id, code } = await texted();
    expect(await post(`/${id}/answer`, { code, app: 'payroll' })).toMatchObject(refused);
  });

  test('is not offered without a provider', async () => {
    const { policy } = served.holder;
    served.holder.policy = { ...policy, sms: { ...policy.sms, providers: [] } };
    expect(await post('', { user: 'kim', method: 'sms' })).toMatchObject({
      status: 400,
      body: { code: 'not_available' },
    });
    served.holder.policy = policy;
  });
});

describe('a challenge of a verification under way', () => {
  test('can be resent and given up by its client, but is answered there', async () => {
    served.time.now += 20 * MINUTE;
    const body = { user: 'kim', auth: 'id+pw+sms', password: PASSWORD };
    const asked = await served.call('POST', '/api/v1/verify', { key, body });
    const [offer] = asked.body.need;
    expect(offer).toMatchObject({ method: 'sms', target: expect.stringMatching(/5678$/) });
    expect(offer.target).not.toContain('1234');
    expect((await get(`/${offer.challenge}`)).body.state).toBe('open');
    const challenge = await served.house.challenges.find(offer.challenge);
    if (challenge === undefined) throw new Error('no challenge');
    const sms = smsCodeOf(challenge, served.holder.policy.sms.code.digits, served.house.digests);
    expect((await post(`/${offer.challenge}/answer`, { code: sms })).status).toBe(410);
    served.time.now += 31_000;
    expect((await post(`/${offer.challenge}/resend`)).status).toBe(202);
    const transaction = asked.body.transaction;
    const done = await served.call('POST', '/api/v1/verify', { key, body: { transaction, sms } });
    expect(done.body).toMatchObject({ result: 'accept', amr: ['pwd', 'sms', 'mfa'] });
  });
});

describe('other methods', () => {
  test('push is not offered', async () => {
    expect(await post('', { user: 'kim', method: 'push' })).toMatchObject({
      status: 400,
      body: { code: 'not_available' },
    });
  });

  test('a server-synchronised code tells what it is computed from only to keys that may fetch codes', async () => {
    const event = { at: served.time.now, kind: 'token.enrolled', login: 'kim', actor: 'cli' } as const;
    const more = { address: '', route: '', request: '', reason: '', detail: {} };
    await served.house.authenticators.add(
      {
        accountId: kim.accountId,
        kind: 'server',
        label: 'phone',
        algorithm: 'SHA256',
        digits: 6,
        period: 0,
        suite: 'OCRA-1:HOTP-SHA256-6:C-QH64',
        seed: randomBytes(32),
      },
      { ...event, ...more },
    );
    const plain = await post('', { user: 'kim', method: 'server' });
    expect([plain.status, plain.body.live]).toEqual([201, undefined]);
    const device = await served.key({ scopes: ['verify', 'tokens:issue'] });
    const { body } = await post('', { user: 'kim', method: 'server' }, device);
    expect(body.live.nonce).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(body)).not.toMatch(/"code"/);
  });
});

describe('waiting', () => {
  test('ends when the state changes', async () => {
    const { id, code } = await texted();
    const waiting = get(`/${id}?wait=25`);
    await post(`/${id}/answer`, { code });
    expect((await waiting).body.state).toBe('used');
  });

  test('takes 0 to 25 seconds', async () => {
    const { id } = await texted();
    for (const wait of ['26', '-1', '1.5', 'x', '']) expect((await get(`/${id}?wait=${wait}`)).status).toBe(400);
    expect((await get(`/${id}?wait=0`)).body.state).toBe('open');
  });

  test('for one that is closed does not wait', async () => {
    const { id } = await texted();
    await post(`/${id}/cancel`);
    expect((await get(`/${id}?wait=25`)).body.state).toBe('voided');
  });
});

describe('a stream of events', () => {
  const open = (id: string) =>
    new Promise<{ text: () => string; type: string | undefined; ended: Promise<void>; abort: () => void }>(
      (resolve, reject) => {
        const sent = httpRequest(`${served.origin}/api/v1/challenges/${id}`, {
          headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' },
        });
        sent.on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
          response.on('error', () => undefined);
          const ended = new Promise<void>((done) => response.on('close', done));
          resolve({ text: () => text, type: response.headers['content-type'], ended, abort: () => sent.destroy() });
        });
        sent.on('error', reject);
        sent.end();
      },
    );

  test('says the state and every change, and ends with the challenge', async () => {
    const { id, code } = await texted();
    const stream = await open(id);
    expect(stream.type).toBe('text/event-stream');
    await expect.poll(() => stream.text()).toMatch(/^event: state\ndata: \{.*"state":"open".*\}\n\n$/);
    await post(`/${id}/answer`, { code });
    await stream.ended;
    const states = [...stream.text().matchAll(/"state":"(\w+)"/g)].map((match) => match[1]);
    expect(states).toEqual(['open', 'used']);
  });

  test('stops asking when the caller goes', async () => {
    const { id } = await texted();
    const looks = vi.spyOn(served.house.challenges, 'find');
    const stream = await open(id);
    await expect.poll(() => looks.mock.calls.length).toBeGreaterThan(2);
    stream.abort();
    await stream.ended;
    let before = 0;
    const isQuiet = (): boolean => {
      const count = looks.mock.calls.length;
      const quiet = count === before;
      before = count;
      return quiet;
    };
    await expect.poll(isQuiet, { interval: 600, timeout: 5000 }).toBe(true);
    looks.mockRestore();
  });
});

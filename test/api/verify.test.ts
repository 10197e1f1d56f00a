import { readFileSync } from 'node:fs';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { verifyOperation } from '../../src/api/resources/verify.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { addPerson, PASSWORD, type Person, PIN, WRONG } from './people.ts';
import { type Reply, type Served, serveApi } from './served.ts';

let served: Served;
let key: string;
let detailed: string;
let kim: Person;

beforeAll(async () => {
  served = await serveApi([verifyOperation]);
  key = await served.key({ name: 'vpn-hq', scopes: ['verify'] });
  detailed = await served.key({ name: 'curious', scopes: ['verify', 'verify:detail'] });
  kim = await addPerson(served.house, 'Kim', { groups: ['staff', 'hr'] });
});
afterAll(() => served.close());

const verify = (body: object, options: { key?: string; headers?: Record<string, string> } = {}): Promise<Reply> =>
  served.call('POST', '/api/v1/verify', { key: options.key ?? key, body, headers: options.headers ?? {} });

let people = 0;
const somebody = (options: Parameters<typeof addPerson>[2] = {}): Promise<Person> => {
  people += 1;
  return addPerson(served.house, `person-${people}`, { secrets: false, ...options });
};

describe('POST /verify', () => {
  test('accepts everything that was asked for, and signs it', async () => {
    const body = { user: ' KIM ', auth: 'id+pw+otp+pin', password: PASSWORD, pin: PIN, otp: kim.otp(), app: 'erp' };
    const reply = await verify({ ...body, context: { ip: '10.9.9.9' } });
    expect(reply).toMatchObject({
      status: 200,
      body: {
        result: 'accept',
        amr: ['pwd', 'pin', 'otp', 'mfa'],
        auth_time: Math.floor(served.time.now / 1000),
        user: { login: 'Kim', name: 'Kim', groups: ['hr', 'staff'] },
      },
    });
    expect(Object.keys(reply.body).sort()).toEqual(['amr', 'assertion', 'auth_time', 'result', 'transaction', 'user']);
    const keys = createLocalJWKSet(served.house.signer.publicKeys(served.time.now) as JSONWebKeySet);
    const currentDate = new Date(served.time.now);
    const { payload } = await jwtVerify(reply.body.assertion, keys, { audience: 'erp', issuer: 'sumun', currentDate });
    expect(payload).toMatchObject({ sub: 'Kim', amr: ['pwd', 'pin', 'otp', 'mfa'], sid: reply.body.transaction });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
    const [record] = await served.house.audit.read({ limit: 1, newestFirst: true });
    expect(record).toMatchObject({
      kind: 'verification.accepted',
      login: 'kim',
      route: 'erp',
      address: '10.9.9.9',
      actor: 'api:vpn-hq',
      detail: { channel: 'api' },
    });
  });

  test('accepts a code once', async () => {
    const body = { user: 'kim', auth: 'id+otp', otp: kim.otp() };
    expect((await verify(body)).body.result).toBe('accept');
    expect((await verify(body)).body).toEqual({ result: 'reject', reason: 'invalid_credentials' });
    expect((await verify(body, { key: detailed })).body.reason_detail).toBe('otp_replayed');
  });

  test('accepts one of many calls with one code at the same time (RACE-3)', async () => {
    const person = await somebody();
    const body = { user: person.login, auth: 'id+otp', otp: person.otp() };
    const replies = await Promise.all(Array.from({ length: 30 }, () => verify(body)));
    expect(replies.filter(({ body: { result } }) => result === 'accept')).toHaveLength(1);
  });

  test('repeats an accept for its Idempotency-Key for a minute, not longer (REPLAY)', async () => {
    const person = await somebody();
    const body = { user: person.login, auth: 'id+otp', otp: person.otp() };
    const headers = { 'idempotency-key': 'v-1' };
    const first = await verify(body, { headers });
    expect((await verify(body, { headers })).body).toEqual(first.body);
    expect((await verify({ ...body, otp: person.otp() }, { headers })).body.code).toBe('idempotency_mismatch');
    served.time.now += MINUTE + 1;
    expect((await verify(body, { headers })).body.result).toBe('reject');
  });

  test('leaves no secret in log, audit trail or database (LOG-2)', async () => {
    const canaries = ['canary-password-7f3a', '90817263'];
    const [password, otp] = canaries;
    const body = { user: 'kim', auth: 'id+pw+otp', password, otp };
    await verify(body, { headers: { 'idempotency-key': 'canary' } });
    await verify({ ...body, otp: 'not a code 90817263' });
    const places = [
      served.lines.join('\n'),
      JSON.stringify(await served.house.audit.read({ limit: 1000 })),
      readFileSync(served.database, 'latin1'),
      readFileSync(`${served.database}-wal`, 'latin1'),
    ];
    for (const canary of canaries) for (const place of places) expect(place.includes(canary)).toBe(false);
    for (const line of served.lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  test('reads a code as people type it (G111)', async () => {
    const wide = (code: string) => code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
    const shapes = [(code: string) => ` ${code} `, (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`, wide];
    for (const shape of shapes) {
      expect((await verify({ user: 'kim', auth: 'id+otp', otp: shape(kim.otp()) })).body.result).toBe('accept');
    }
  });
});

describe('where it counts', () => {
  test('a route asks what its policy says', async () => {
    const accepted = await verify({ user: 'kim', password: PASSWORD, otp: kim.otp(), app: 'payroll' });
    expect(accepted.body).toMatchObject({ result: 'accept', amr: ['pwd', 'otp', 'mfa'] });
    const short = await verify({ user: 'kim', otp: kim.otp(), app: 'payroll' });
    expect([short.status, short.body.errors]).toEqual([400, [{ path: 'password', message: 'this is asked for' }]]);
  });

  test('a caller can ask for more than the policy and never for less', async () => {
    expect(await verify({ user: 'kim', auth: 'id+otp', otp: kim.otp(), app: 'payroll' })).toMatchObject({
      status: 403,
      body: { code: 'auth_too_weak' },
    });
    const more = { user: 'kim', auth: 'id+pw+pin+otp', password: PASSWORD, pin: PIN, app: 'payroll' };
    expect((await verify({ ...more, otp: kim.otp() })).body.result).toBe('accept');
  });

  test('a route is closed to whom its policy does not let in, with the answer of a wrong code', async () => {
    const person = await addPerson(served.house, 'outsider');
    const body = { user: 'outsider', password: PASSWORD, otp: person.otp(), app: 'payroll' };
    expect((await verify(body)).body).toEqual({ result: 'reject', reason: 'invalid_credentials' });
    expect((await verify({ ...body, otp: person.otp() }, { key: detailed })).body.reason_detail).toBe('policy_denied');
  });

  test('a name nobody knows needs auth, or a default of the policy', async () => {
    const { policy } = served.holder;
    served.holder.policy = { ...policy, defaultRequirement: undefined };
    expect(await verify({ user: 'kim', otp: kim.otp(), app: 'unheard-of' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'auth' }] },
    });
    served.holder.policy = { ...policy, defaultRequirement: { factors: ['otp'] } };
    expect((await verify({ user: 'kim', otp: kim.otp(), app: 'unheard-of' })).body.result).toBe('accept');
    served.holder.policy = policy;
  });

  test('a key that is bound to an application speaks for no other', async () => {
    const bound = await served.key({ scopes: ['verify'], app: 'notice' });
    const other = await verify({ user: 'kim', auth: 'id+otp', otp: kim.otp(), app: 'erp' }, { key: bound });
    expect(other).toMatchObject({ status: 403, body: { code: 'app' } });
    expect((await verify({ user: 'kim', otp: kim.otp() }, { key: bound })).body.result).toBe('accept');
    const [record] = await served.house.audit.read({ limit: 1, newestFirst: true });
    expect(record?.route).toBe('notice');
  });
});

describe('a refusal', () => {
  const mask = ({ status, text, headers }: Reply) => [
    status,
    text,
    [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name)),
  ];

  test('is the same for unknown, suspended, unequipped, wrong password, PIN and code (ENUM-1)', async () => {
    const [forPassword, forPin, forCode] = [
      await addPerson(served.house, 'for-password'),
      await addPerson(served.house, 'for-pin'),
      await addPerson(served.house, 'for-code'),
    ];
    await addPerson(served.house, 'empty', { token: false });
    const suspended = await addPerson(served.house, 'suspended');
    const event = { at: served.time.now, kind: 'user.suspended', login: 'suspended', actor: 'cli' } as const;
    const more = { address: '', route: '', request: '', reason: '', detail: {} };
    await served.house.accounts.setStatus(suspended.accountId, 'suspended', { ...event, ...more });
    const body = { auth: 'id+pw+pin+otp', password: PASSWORD, pin: PIN };
    const cases = {
      unknown_user: { ...body, user: 'nobody', otp: WRONG },
      user_suspended: { ...body, user: 'suspended', otp: suspended.otp() },
      no_credential: { ...body, user: 'empty', otp: WRONG },
      wrong_password: { ...body, user: forPassword.login, password: 'wrong horse battery', otp: forPassword.otp() },
      wrong_pin: { ...body, user: forPin.login, pin: '111111', otp: forPin.otp() },
      otp_wrong: { ...body, user: forCode.login, otp: WRONG },
    };
    const answers = [];
    for (const [detail, each] of Object.entries(cases)) {
      answers.push(mask(await verify(each)));
      expect((await verify(each, { key: detailed })).body.reason_detail).toBe(detail);
    }
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test('becomes a lock at the limit, for logins that exist and those that do not', async () => {
    const person = await somebody();
    for (const user of [person.login, 'no-such-person']) {
      for (let attempt = 0; attempt < 5; attempt++) {
        expect((await verify({ user, auth: 'id+otp', otp: WRONG })).body.reason).toBe('invalid_credentials');
      }
      const locked = await verify({ user, auth: 'id+otp', otp: WRONG });
      expect(locked).toMatchObject({ status: 200, body: { result: 'reject', reason: 'locked', retry_after: 60 } });
    }
    expect((await verify({ user: person.login, auth: 'id+otp', otp: person.otp() })).body.reason).toBe('locked');
  });
});

describe('what is no submission', () => {
  afterEach(() => vi.restoreAllMocks());

  const big = 'x'.repeat(60 * 1024);
  const bad: readonly (readonly [string, object | string, string])[] = [
    ['no user', { auth: 'id+otp', otp: '123456' }, 'user'],
    ['an empty user', { user: '', auth: 'id+otp', otp: '123456' }, 'user'],
    ['a blank user', { user: '  ', auth: 'id+otp', otp: '123456' }, 'user'],
    ['null as user', { user: null, auth: 'id+otp', otp: '123456' }, 'user'],
    ['a list as user', { user: ['kim'], auth: 'id+otp', otp: '123456' }, 'user'],
    ['an object as user', { user: { login: 'kim', admin: true }, auth: 'id+otp', otp: '123456' }, 'user'],
    ['a large user', { user: big, auth: 'id+otp', otp: '123456' }, 'user'],
    ['a control character in the user', { user: 'ki\u0000m', auth: 'id+otp', otp: '123456' }, 'user'],
    ['an empty password', { user: 'kim', auth: 'id+pw', password: '' }, 'password'],
    ['null as password', { user: 'kim', auth: 'id+pw', password: null }, 'password'],
    ['a list as password', { user: 'kim', auth: 'id+pw', password: ['a'] }, 'password'],
    ['a large password', { user: 'kim', auth: 'id+pw', password: big }, 'password'],
    ['a name twice', '{"user":"kim","user":"lee","auth":"id+otp","otp":"123456"}', ''],
    ['an unknown field', { user: 'kim', auth: 'id+otp', otp: '123456', force: true }, 'force'],
    ['no factor', { user: 'kim', auth: 'id' }, 'auth'],
    ['bypass', { user: 'kim', auth: 'bypass' }, 'auth'],
    ['an unknown factor', { user: 'kim', auth: 'id+face' }, 'auth'],
    ['a factor twice', { user: 'kim', auth: 'id+otp+otp', otp: '123456' }, 'auth'],
    ['no ID in front', { user: 'kim', auth: 'otp', otp: '123456' }, 'auth'],
    ['a bad application', { user: 'kim', auth: 'id+otp', otp: '123456', app: '../x' }, 'app'],
    ['a bad address', { user: 'kim', auth: 'id+otp', otp: '123456', context: { ip: 'here' } }, 'context.ip'],
  ];

  test.each(bad)('%s is 400 within 20 ms and without a hash (G105)', async (_, body, path) => {
    const { hasher, attempts } = served.house;
    const touched = [vi.spyOn(hasher, 'verify'), vi.spyOn(attempts, 'reserve')];
    const times: number[] = [];
    let reply = await served.call('POST', '/api/v1/verify', { key, body });
    for (let time = 0; time < 3; time++) {
      const began = performance.now();
      reply = await served.call('POST', '/api/v1/verify', { key, body });
      times.push(performance.now() - began);
    }
    expect([reply.status, reply.body.code]).toEqual([400, 'bad_request']);
    expect(reply.body.errors[0].path.split('.')[0]).toBe(path.split('.')[0]);
    for (const spy of touched) expect(spy).not.toHaveBeenCalled();
    expect(Math.min(...times)).toBeLessThan(20);
  });

  test.each([
    '',
    '1',
    '12345',
    '1234567',
    '123456789',
    '+12345',
    '1e5',
    '0x1E240',
    'abcdef',
    '12345\u0000',
    '１２３４５',
    '१२३४५६',
    123456,
    ['123456'],
    { code: '123456' },
    true,
    null,
  ])('the OTP %j is a fault of form and no attempt (G111)', async (otp) => {
    const person = await somebody();
    for (let time = 0; time < 6; time++) {
      expect(await verify({ user: person.login, auth: 'id+otp', otp })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'otp' }] },
      });
    }
    expect((await verify({ user: person.login, auth: 'id+otp', otp: person.otp() })).body.result).toBe('accept');
  });
});

describe('a transaction', () => {
  test('is asked for what is missing and goes on with it', async () => {
    const asked = await verify({ user: 'kim', auth: 'id+pw+otp', password: PASSWORD, app: 'erp' });
    expect(asked).toMatchObject({ status: 200, body: { result: 'challenge', need: [{ method: 'otp' }] } });
    expect(asked.body.expires_at).toBeGreaterThan(served.time.now / 1000);
    const done = await verify({ transaction: asked.body.transaction, otp: kim.otp() });
    expect(done.body).toMatchObject({
      result: 'accept',
      transaction: asked.body.transaction,
      amr: ['pwd', 'otp', 'mfa'],
    });
    const again = await verify({ transaction: asked.body.transaction, otp: kim.otp() });
    expect(again).toMatchObject({ status: 410, body: { code: 'transaction_gone' } });
  });

  test('belongs to the client, the person and the application it began with', async () => {
    const { body } = await verify({ user: 'kim', auth: 'id+pw+otp', password: PASSWORD, app: 'erp' });
    const { transaction } = body;
    const lee = await somebody();
    const gone = { status: 410, body: { code: 'transaction_gone' } };
    expect(await verify({ transaction, otp: kim.otp() }, { key: detailed })).toMatchObject(gone);
    expect(await verify({ transaction, user: lee.login, otp: kim.otp() })).toMatchObject(gone);
    expect(await verify({ transaction, app: 'notice', otp: kim.otp() })).toMatchObject(gone);
    expect(await verify({ transaction: 'tx_nothing', otp: kim.otp() })).toMatchObject(gone);
    expect((await verify({ transaction, user: 'KIM', app: 'erp', otp: kim.otp() })).body.result).toBe('accept');
  });

  test('ends with its time', async () => {
    const { body } = await verify({ user: 'kim', auth: 'id+pw+otp', password: PASSWORD });
    served.time.now += HOUR;
    expect((await verify({ transaction: body.transaction, otp: kim.otp() })).status).toBe(410);
  });

  test('is not begun by a wrong password, and the answer is that of any refusal', async () => {
    const wrong = await verify({ user: 'kim', auth: 'id+pw+otp', password: 'wrong horse battery' });
    expect(wrong.body).toEqual({ result: 'reject', reason: 'invalid_credentials' });
    const unknown = await verify({ user: 'nobody-there', auth: 'id+pw+otp', password: PASSWORD });
    expect(unknown.text).toBe(wrong.text);
  });

  test('by SMS looks the same for every login (ENUM-1)', async () => {
    const ask = async (user: string) => (await verify({ user, app: 'sms-only' })).body;
    const [known, unknown] = [await ask('kim'), await ask('who-is-this')];
    const shape = ({ need, ...rest }: Reply['body']) => [Object.keys(rest), Object.keys(need[0]), need[0].method];
    expect(shape(unknown)).toEqual(shape(known));
    expect(known.need[0].target).toBe(unknown.need[0].target);
  });
});

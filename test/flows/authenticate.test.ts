import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Allow } from '../../src/core/access/route.ts';
import type { Policy } from '../../src/core/policy.ts';
import { MINUTE } from '../../src/core/time.ts';
import type { AuthenticationRequest } from '../../src/core/verification/authentication.ts';
import { createRecoveryCodes, createTemporaryCode } from '../../src/flows/lookup-codes.ts';
import { setUser, suspendUser } from '../../src/flows/users.ts';
import { ask, challenged, enrol, PASSWORD, PIN, PLACE, recording, texted, wrong } from './asking.ts';
import { addPerson, BY, codeOf, hotp, type Opened, openHouse, policy } from './house.ts';

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
});
afterEach(() => opened.remove());

const events = async () => opened.house.audit.read({ limit: 500 });
const last = async () => (await opened.house.audit.read({ limit: 1, newestFirst: true }))[0];
const phone = (number = '010-1234-5678', login = 'kim') =>
  setUser(opened.house, policy.users, login, { phone: number }, BY);
const everybody: Allow = { users: [], groups: [], networks: [], schedules: [], exceptUsers: [], exceptGroups: [] };

describe('a verification in one step', () => {
  test.each([
    [['otp'], {}, 'otp'],
    [['pw', 'otp'], { pw: PASSWORD }, 'pw+otp'],
    [['pin', 'otp'], { pin: PIN }, 'pin+otp'],
    [['pw', 'pin'], { pw: PASSWORD, pin: PIN }, 'pw+pin'],
  ] as const)('%j is accepted, committed and counted as what proved it', async (need, more, method) => {
    await addPerson(opened.house);
    const { now } = opened.time;
    const outcome = await ask(opened, { need, credentials: { otp: codeOf(now), ...more } });
    expect(outcome).toMatchObject({ kind: 'accepted', account: { login: 'kim' } });
    expect(outcome.kind === 'accepted' && outcome.transaction).toMatch(/^tx_[A-Za-z0-9_-]{22}$/);
    expect(await last()).toMatchObject({
      kind: 'verification.accepted',
      login: 'kim',
      route: 'vpn-hq',
      actor: 'api:portal',
      detail: { channel: 'api', method },
    });
  });

  test('G112: a code is accepted once, in whatever channel', async () => {
    await addPerson(opened.house);
    expect((await ask(opened)).kind).toBe('accepted');
    for (const channel of ['api', 'radius'] as const) {
      expect(await ask(opened, { channel })).toMatchObject({ kind: 'rejected', reason: 'otp-replayed' });
    }
  });

  test('what people know has to come at once: without it nothing was attempted', async () => {
    await addPerson(opened.house);
    const before = (await events()).length;
    expect(await ask(opened, { need: ['pw', 'pin', 'otp'], credentials: { otp: '123456', pin: PIN } })).toEqual({
      kind: 'missing',
      factors: ['pw'],
    });
    expect((await events()).length).toBe(before);
  });

  test.each([
    ['who is not in the group', { ...everybody, groups: ['admins'] }, 'policy-denied'],
    ['who is excepted', { ...everybody, exceptUsers: ['kim'] }, 'policy-denied'],
    [
      'at a closed hour',
      { ...everybody, schedules: [{ name: 'never', timezone: 'UTC', days: [], from: 0, to: 0, exceptDates: [] }] },
      'policy-denied',
    ],
    ['from nowhere', { ...everybody, networks: [{ name: 'office', cidrs: [] }] }, 'location-missing'],
  ] as const)('%s proves everything and is refused all the same', async (_, allow, reason) => {
    await addPerson(opened.house);
    expect(await ask(opened, { allow, address: '' })).toMatchObject({ kind: 'rejected', reason });
    expect((await ask(opened, { allow: everybody })).kind).toBe('accepted');
  });

  test('lock-out counts every channel and is said with its end', async () => {
    await addPerson(opened.house);
    for (let index = 0; index < 5; index++)
      expect((await ask(opened, { credentials: { otp: '000000' } })).kind).toBe('rejected');
    expect(await ask(opened, { channel: 'radius' })).toMatchObject({ kind: 'locked', until: opened.time.now + MINUTE });
    expect(await last()).toMatchObject({ kind: 'verification.locked', reason: 'locked' });
  });

  test('several factors in one field are one attempt, whatever the lengths of the tokens', async () => {
    await addPerson(opened.house);
    const text = () => `${PIN}${codeOf(opened.time.now)}`;
    const inOne = (typed: string): Partial<AuthenticationRequest> => ({
      channel: 'radius',
      need: ['pin', 'otp'],
      credentials: {},
      concatenated: { text: typed, order: 'pin+otp' },
    });
    expect(await ask(opened, inOne('1'))).toMatchObject({ kind: 'rejected', reason: 'wrong-pin' });
    expect((await ask(opened, inOne(text()))).kind).toBe('accepted');
    await enrol(opened.house, 'hotp', { digits: 8, seed: Buffer.alloc(20, 7) });
    opened.time.now += 30_000;
    expect((await ask(opened, inOne(text()))).kind).toBe('accepted');
    const [code] = await recovery();
    expect((await ask(opened, inOne(`${PIN} ${code}`))).kind).toBe('accepted');
  });

  test('CHAP proves an OTP of the acceptance window, once, and labels nothing', async () => {
    await addPerson(opened.house);
    const chap = (code: string) => ask(opened, { credentials: {}, otpMatches: (candidate) => candidate === code });
    const { now } = opened.time;
    expect(await chap(codeOf(now, 2))).toMatchObject({ kind: 'rejected', reason: 'otp-wrong' });
    expect((await chap(codeOf(now))).kind).toBe('accepted');
    expect(await chap(codeOf(now))).toMatchObject({ kind: 'rejected', reason: 'otp-wrong' });
  });
});

const recovery = async (count = 2): Promise<readonly string[]> => {
  const created = await createRecoveryCodes(opened.house, 'kim', count, BY);
  return created.kind === 'created' ? created.codes : [];
};
const lookup = (code: string, changes: Partial<AuthenticationRequest> = {}) =>
  ask(opened, { credentials: { otp: code.replace('-', '') }, ...changes });

describe('recovery and temporary codes', () => {
  test('each counts once as an OTP, also for somebody without an authenticator', async () => {
    await addPerson(opened.house, 'kim', 'none');
    const [first = '', second = ''] = await recovery();
    expect(first).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(await lookup(first)).toMatchObject({
      kind: 'accepted',
      proofs: { otp: opened.time.now, lookup: opened.time.now },
    });
    expect((await lookup(first)).kind).toBe('rejected');
    expect((await lookup(second)).kind).toBe('accepted');
  });

  test('a new list ends the old one; a code of somebody else is wrong', async () => {
    await addPerson(opened.house);
    await addPerson(opened.house, 'park', 'none');
    const [old = ''] = await recovery();
    const [code = ''] = await recovery();
    expect((await lookup(old)).kind).toBe('rejected');
    expect((await lookup(code, { login: 'park' })).kind).toBe('rejected');
    expect((await lookup(code)).kind).toBe('accepted');
  });

  test('does not count where one kind of OTP does, and is not spent there', async () => {
    await addPerson(opened.house);
    const [code = ''] = await recovery();
    const place = { ...PLACE, otp: 'time' } as const;
    expect(await lookup(code, { place })).toMatchObject({ kind: 'rejected', reason: 'kind-not-accepted' });
    expect((await lookup(code)).kind).toBe('accepted');
  });

  test('a temporary code counts until it expires; a newer one ends it', async () => {
    await addPerson(opened.house);
    const create = async () => {
      const created = await createTemporaryCode(opened.house, 'kim', { validFor: 60 * MINUTE }, BY);
      return created.kind === 'created' ? created.code : '';
    };
    const [older, newer] = [await create(), await create()];
    expect((await lookup(older)).kind).toBe('rejected');
    opened.time.now += 60 * MINUTE - 1;
    expect((await lookup(newer)).kind).toBe('accepted');
    const late = await create();
    opened.time.now += 60 * MINUTE;
    expect((await lookup(late)).kind).toBe('rejected');
  });

  test('none of them stands anywhere in clear', async () => {
    await addPerson(opened.house);
    const codes = await recovery(5);
    const written = JSON.stringify(await events());
    for (const code of codes) expect(written).not.toContain(code.replace('-', ''));
  });
});

describe('a verification in two steps', () => {
  const first = (changes: Partial<AuthenticationRequest> = {}) =>
    ask(opened, { need: ['pw', 'sms'], credentials: { pw: PASSWORD }, ...changes });
  const second = (pending: string, sms: string, changes: Partial<AuthenticationRequest> = {}) =>
    ask(opened, { need: [], pending, credentials: { sms }, login: '', ...changes });

  async function begun() {
    await addPerson(opened.house);
    await phone();
    const outcome = challenged(await first());
    const challenge = outcome.need[0]?.challenge;
    return { outcome, challenge, code: await texted(opened.house, challenge) };
  }

  test('the right password has a code sent, and the code completes it', async () => {
    const { outcome, code } = await begun();
    expect(outcome.need).toEqual([
      {
        method: 'sms',
        challenge: expect.stringMatching(/^ch_/),
        target: '010-****-5678',
        question: undefined,
        resendAfter: opened.time.now + 30_000,
      },
    ]);
    const claimed = await opened.house.messages.claim(5, opened.time.now, MINUTE);
    expect(claimed).toMatchObject([{ to: '01012345678', state: 'sending' }]);
    expect(await second(outcome.transaction, code)).toMatchObject({
      kind: 'accepted',
      proofs: { pw: expect.any(Number), sms: expect.any(Number) },
    });
    expect(await last()).toMatchObject({ kind: 'verification.accepted', detail: { method: 'pw+sms' } });
    expect((await second(outcome.transaction, code)).kind).toBe('gone');
  });

  test('a wrong password sends nothing and is a rejection like any other', async () => {
    await addPerson(opened.house);
    await phone();
    expect((await first({ credentials: { pw: 'not the right one' } })).kind).toBe('rejected');
    expect(await opened.house.messages.claim(5, opened.time.now, MINUTE)).toEqual([]);
  });

  test('a wrong code leaves it open for another try; five tries end the challenge', async () => {
    const { outcome, code } = await begun();
    const lenient: Policy = { ...policy, otp: { ...policy.otp, lockout: { failures: 50, lockFor: [MINUTE] } } };
    for (let index = 0; index < 5; index++) {
      const tried = await ask(opened, { pending: outcome.transaction, credentials: { sms: wrong(code) } }, lenient);
      expect(tried).toMatchObject({ kind: 'rejected', reason: 'sms-wrong', knowledgeProved: true });
    }
    const tried = await ask(opened, { pending: outcome.transaction, credentials: { sms: code } }, lenient);
    expect(tried).toMatchObject({ kind: 'rejected', reason: 'attempts-exhausted' });
  });

  test.each([
    [3 * MINUTE - 1000, 'accepted'],
    [3 * MINUTE + 1000, 'gone'],
  ])('G116: after %i ms the code is %s', async (later, kind) => {
    const { outcome, code } = await begun();
    opened.time.now += later;
    expect((await second(outcome.transaction, code)).kind).toBe(kind);
  });

  test('G116: a code counts for its own verification only', async () => {
    const { outcome, code } = await begun();
    opened.time.now += 30_000;
    const again = challenged(await first());
    expect((await second(again.transaction, code)).kind).toBe('rejected');
    expect((await second(outcome.transaction, code)).kind).toBe('accepted');
  });

  test('nobody else continues it: not another key, not in another application', async () => {
    const { outcome, code } = await begun();
    const { transaction } = outcome;
    expect((await second(transaction, code, { boundTo: 'api:other' })).kind).toBe('gone');
    expect((await second(transaction, code, { place: { ...PLACE, name: 'other' } })).kind).toBe('gone');
    expect((await second('tx_unknown', code)).kind).toBe('gone');
    expect((await second(transaction, code, { login: 'park' })).kind).toBe('accepted');
  });

  test('who is suspended between the steps is refused', async () => {
    const { outcome, code } = await begun();
    await suspendUser(opened.house, 'kim', BY);
    expect(await second(outcome.transaction, code)).toMatchObject({ kind: 'rejected', reason: 'suspended' });
  });

  test('the first factor does not reset the count, and does not add to it', async () => {
    await addPerson(opened.house);
    await phone();
    for (let index = 0; index < 4; index++) await first({ credentials: { pw: 'not the right one' } });
    const { transaction } = challenged(await first());
    expect((await second(transaction, '000000')).kind).toBe('rejected');
    expect((await second(transaction, '000000')).kind).toBe('locked');
  });

  test('id+sms: every login, known or not, hears the same', async () => {
    await addPerson(opened.house);
    await phone();
    await addPerson(opened.house, 'bare', 'none');
    await addPerson(opened.house, 'susi');
    await phone('010-9999-0000', 'susi');
    await suspendUser(opened.house, 'susi', BY);
    const heard = [];
    for (const login of ['kim', 'nobody', 'bare', 'susi']) {
      const outcome = challenged(await ask(opened, { login, need: ['sms'], credentials: {} }));
      heard.push(
        JSON.stringify({ ...outcome, transaction: '', need: outcome.need.map((each) => ({ ...each, challenge: '' })) }),
      );
      expect(outcome.need[0]?.target).toBeUndefined();
      expect(await second(outcome.transaction, '000000')).toMatchObject({ kind: 'rejected' });
    }
    expect(new Set(heard).size).toBe(1);
    expect((await opened.house.messages.claim(9, opened.time.now, MINUTE)).map(({ to }) => to)).toEqual([
      '01012345678',
    ]);
  });

  test('SMS-1: whoever asks again and again is limited, known or not, and no more is sent than allowed', async () => {
    await addPerson(opened.house);
    await phone();
    for (const login of ['kim', 'nobody']) {
      const kinds = [];
      for (let index = 0; index < 12; index++)
        kinds.push((await ask(opened, { login, need: ['sms'], credentials: {} })).kind);
      expect(kinds.filter((kind) => kind === 'challenge')).toHaveLength(5);
      expect(kinds.slice(5).every((kind) => kind === 'limited')).toBe(true);
    }
    expect(await opened.house.messages.claim(99, opened.time.now, MINUTE)).toHaveLength(5);
  });

  test('an OTP that was not given is asked for', async () => {
    await addPerson(opened.house);
    const { transaction, need } = challenged(await ask(opened, { need: ['pw', 'otp'], credentials: { pw: PASSWORD } }));
    expect(need).toMatchObject([{ method: 'otp' }]);
    expect((await ask(opened, { pending: transaction, credentials: { otp: '000000' } })).kind).toBe('rejected');
    expect(await ask(opened, { pending: transaction, credentials: {} })).toEqual({ kind: 'missing', factors: ['otp'] });
    expect((await ask(opened, { pending: transaction })).kind).toBe('accepted');
  });

  test('SMS and OTP: the OTP is spent with the first step, the code completes it', async () => {
    await addPerson(opened.house);
    await phone();
    const { transaction, need } = challenged(await ask(opened, { need: ['otp', 'sms'] }));
    expect(need.map(({ method }) => method)).toEqual(['sms']);
    expect((await ask(opened)).kind).toBe('rejected');
    const outcome = await second(transaction, await texted(opened.house, need[0]?.challenge));
    expect(outcome).toMatchObject({ kind: 'accepted', proofs: { otp: expect.any(Number), sms: expect.any(Number) } });
  });

  test('a person who proved the password and has no number is refused, not left waiting', async () => {
    await addPerson(opened.house);
    expect(await first()).toMatchObject({ kind: 'rejected', reason: 'no-authenticator' });
  });
});

describe('SMS in the place of an OTP', () => {
  const place = (when: 'no_device' | 'user_choice' | 'outage') =>
    ({ ...PLACE, smsFallback: { when, maxSession: 60 * MINUTE } }) as const;

  test.each(['no_device', 'outage'] as const)('%s: offered only while it is so', async (when) => {
    await addPerson(opened.house, 'kim', when === 'no_device' ? 'none' : 'totp');
    await phone();
    const request = { need: ['pw', 'otp'], credentials: { pw: PASSWORD }, place: place(when) } as const;
    if (when === 'outage') {
      expect(challenged(await ask(opened, request)).need.map(({ method }) => method)).toEqual(['otp']);
      await opened.house.switches.declareOutage(opened.time.now + MINUTE, {
        ...(await anEvent()),
        kind: 'outage.declared',
      });
    }
    const { transaction, need } = challenged(await ask(opened, request));
    expect(need.map(({ method }) => method)).toEqual(['otp', 'sms']);
    const code = await texted(opened.house, need[1]?.challenge);
    const outcome = await ask(opened, { pending: transaction, credentials: { sms: code }, place: place(when) });
    expect(outcome).toMatchObject({ kind: 'accepted', proofs: { sms: opened.time.now, fallback: opened.time.now } });
    expect(await last()).toMatchObject({ detail: { method: 'pw+sms', fallback: true } });
  });

  test('by choice: sent when the person asks for it', async () => {
    await addPerson(opened.house);
    await phone();
    const request = { need: ['pw', 'otp'], credentials: { pw: PASSWORD }, place: place('user_choice') } as const;
    const { transaction, need } = challenged(await ask(opened, request));
    expect(need).toMatchObject([{ method: 'otp' }, { method: 'sms', challenge: undefined }]);
    expect(await opened.house.messages.claim(5, opened.time.now, MINUTE)).toEqual([]);
    const asked = challenged(
      await ask(opened, { pending: transaction, credentials: {}, wanted: 'sms', place: place('user_choice') }),
    );
    const sms = asked.need.find(({ method }) => method === 'sms');
    const code = await texted(opened.house, sms?.challenge);
    const outcome = await ask(opened, {
      pending: transaction,
      credentials: { sms: code },
      place: place('user_choice'),
    });
    expect(outcome.kind).toBe('accepted');
  });

  test('seeds that cannot be opened are an outage', async () => {
    await addPerson(opened.house);
    await phone();
    const broken = {
      ...opened.house,
      authenticators: { ...opened.house.authenticators, bind: () => Promise.reject(new Error('sealed')) },
    };
    const request = { need: ['pw', 'otp'], credentials: { pw: PASSWORD, otp: '123456' } } as const;
    await expect(ask({ house: broken }, request)).rejects.toThrow('sealed');
    const { need } = challenged(await ask({ house: broken }, { ...request, place: place('outage') }));
    expect(need.map(({ method }) => method)).toEqual(['otp', 'sms']);
  });

  const anEvent = async () => {
    const [event] = await events();
    if (event === undefined) throw new Error('nothing happened');
    const { seq: _seq, prevHash: _prev, hash: _hash, ...plain } = event;
    return { ...plain, at: opened.time.now };
  };
});

describe('every refusal asks the ports the same questions in the same order (ENUM-1)', () => {
  const right = () => ({ pw: PASSWORD, pin: PIN, otp: codeOf(opened.time.now) });
  const shapes: readonly (readonly [string, Partial<AuthenticationRequest>])[] = [
    ['OTP alone', { need: ['otp'] }],
    ['password, PIN and OTP', { need: ['pw', 'pin', 'otp'] }],
    ['RADIUS, one field', { channel: 'radius', need: ['pin', 'otp'] }],
    [
      'a place with rules and a fallback',
      {
        need: ['pin', 'otp'],
        place: {
          ...PLACE,
          otpRules: [{ groups: ['*'], routes: [], mode: 'fallback', methods: ['server', 'time'], when: ['no_code'] }],
          smsFallback: { when: 'outage', maxSession: MINUTE },
        },
      },
    ],
  ];

  test.each(shapes)('%s', async (name, shape) => {
    const { house } = opened;
    await addPerson(house);
    await addPerson(house, 'bare', 'none');
    await addPerson(house, 'serv', 'none');
    await enrol(house, 'server', { login: 'serv' });
    await addPerson(house, 'susi');
    await suspendUser(house, 'susi', BY);
    const bad = { pw: 'not the right one', pin: '9513', otp: '000000' };
    const cases: readonly (readonly [string, Partial<ReturnType<typeof right>>])[] = [
      ['nobody', bad],
      ['nobody', right()],
      ['susi', right()],
      ['bare', right()],
      ['serv', right()],
      ['kim', { ...right(), otp: '000000' }],
      ['kim', { ...right(), otp: '00000000' }],
      ['kim', bad],
      ...(shape.need?.includes('pw') ? ([['kim', { ...right(), pw: bad.pw }]] as const) : []),
      ...(shape.need?.includes('pin') ? ([['kim', { ...right(), pin: bad.pin }]] as const) : []),
    ];
    const traces = new Set<string>();
    for (const [login, credentials] of cases) {
      const { ports, calls } = recording(house);
      const inOne = {
        credentials: {},
        concatenated: { text: `${credentials.pin}${credentials.otp}`, order: 'pin+otp' },
      } as const;
      const typed = name === 'RADIUS, one field' ? inOne : { credentials };
      const outcome = await ask({ house: ports }, { ...shape, login, ...typed });
      expect(outcome.kind, `${login} ${JSON.stringify(credentials)}`).toBe('rejected');
      await house.attempts.unlock('', login, await auditTemplate());
      traces.add(calls.join('\n'));
    }
    expect([...traces]).toHaveLength(1);
    expect([...traces][0]).toContain('authenticators.decoy');
  });

  const auditTemplate = async () => {
    const [event] = await events();
    if (event === undefined) throw new Error('nothing happened');
    const { seq: _seq, prevHash: _prev, hash: _hash, ...plain } = event;
    return { ...plain, kind: 'user.unlocked' as const, at: opened.time.now };
  };

  test('an accepted OTP costs five questions', async () => {
    await addPerson(opened.house);
    const { ports, calls } = recording(opened.house);
    expect((await ask({ house: ports })).kind).toBe('accepted');
    expect(calls).toEqual([
      'accounts.findByLogin',
      'attempts.reserve',
      'authenticators.bind',
      'authenticators.decoy',
      'verifications.commit',
    ]);
  });
});

test('an event code skips nothing it does not spend (RFC 4226 §7.4)', async () => {
  await addPerson(opened.house, 'kim', 'hotp');
  expect((await ask(opened, { credentials: { otp: hotp(3) } })).kind).toBe('accepted');
  expect((await ask(opened, { credentials: { otp: hotp(2) } })).kind).toBe('rejected');
});

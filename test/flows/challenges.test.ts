import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { answerChallenge, type ChallengeReply } from '../../src/flows/answer-challenge.ts';
import {
  awaitChallenge,
  type ChallengeRequest,
  cancelChallenge,
  createChallenge,
  resendChallenge,
} from '../../src/flows/challenges.ts';
import { setUser } from '../../src/flows/users.ts';
import { appCode, enrol, ocra, recording, texted, wrong } from './asking.ts';
import { addPerson, BY, type Opened, openHouse, policy } from './house.ts';

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  await setUser(opened.house, policy.users, 'kim', { phone: '010-1234-5678' }, BY);
});
afterEach(() => opened.remove());

const BOUND = 'api:portal';
const OWN = { boundTo: BOUND, by: BY, language: 'ko', host: '' } as const;

async function create(changes: Partial<ChallengeRequest> = {}) {
  const request = { login: 'kim', method: 'sms', app: 'portal', ...OWN, ...changes } as const;
  const created = await createChallenge(opened.house, policy, request);
  if (created.kind !== 'created') throw new Error(created.kind);
  return created;
}

const answer = (id: string, code: string, changes: Partial<ChallengeReply> = {}) =>
  answerChallenge(opened.house, policy, {
    id,
    boundTo: BOUND,
    code,
    app: 'portal',
    channel: 'api',
    address: '192.0.2.7',
    request: '',
    ...changes,
  });

describe('a code by SMS, apart from a verification', () => {
  test('is right once, for whoever asked for it', async () => {
    const { challenge } = await create();
    const code = await texted(opened.house, challenge.id);
    expect(await answer(challenge.id, code, { boundTo: 'api:other' })).toEqual({ kind: 'gone' });
    expect(await answer(challenge.id, wrong(code))).toEqual({ kind: 'rejected', reason: 'sms-wrong' });
    expect(await answer(challenge.id, code)).toMatchObject({
      kind: 'accepted',
      account: { login: 'kim' },
      proofs: { sms: opened.time.now },
    });
    expect(await answer(challenge.id, code)).toEqual({ kind: 'gone' });
  });

  test('G116: a new one ends the old one; it is over at its time', async () => {
    const { challenge: old } = await create();
    const code = await texted(opened.house, old.id);
    const { challenge } = await create();
    expect(await answer(old.id, code)).toEqual({ kind: 'gone' });
    const own = await texted(opened.house, challenge.id);
    opened.time.now += 3 * MINUTE;
    expect(await answer(challenge.id, own)).toEqual({ kind: 'rejected', reason: 'challenge-expired' });
  });

  test('SMS-2: a resend says the same code, not before its time', async () => {
    const { challenge } = await create();
    const code = await texted(opened.house, challenge.id);
    const again = () => resendChallenge(opened.house, policy, { id: challenge.id, ...OWN });
    expect(await again()).toMatchObject({ kind: 'limited', until: opened.time.now + 30_000 });
    opened.time.now += 30_000;
    expect(await again()).toEqual({ kind: 'queued' });
    expect(await texted(opened.house, challenge.id)).toBe(code);
    expect(await opened.house.messages.claim(9, opened.time.now, MINUTE)).toHaveLength(2);
    expect(await resendChallenge(opened.house, policy, { id: challenge.id, ...OWN, boundTo: 'api:x' })).toEqual({
      kind: 'gone',
    });
  });

  test('for a login that does not exist it looks the same and nothing is sent', async () => {
    const { ports, calls } = recording(opened.house);
    const shapes = [];
    for (const login of ['kim', 'nobody']) {
      const request = { login, method: 'sms', app: 'portal', ...OWN } as const;
      const created = await createChallenge(ports, policy, request);
      if (created.kind !== 'created') throw new Error(created.kind);
      const { id: _id, accountId: _account, login: _login, ...rest } = created.challenge;
      shapes.push(JSON.stringify([rest, created.target, created.live]));
      calls.push('|');
      expect((await answer(created.challenge.id, '000000')).kind).toBe('rejected');
    }
    expect(shapes[0]).toBe(shapes[1]);
    const [first, second] = calls
      .join(' ')
      .split('|')
      .map((each) => each.trim());
    expect(first).toBe(second);
    expect(await opened.house.messages.claim(9, opened.time.now, MINUTE)).toHaveLength(1);
  });

  test('nobody who is not let into the application is sent anything', async () => {
    const { challenge } = await create({ app: 'hr' });
    expect(challenge.accountId).toBeDefined();
    const closed = { ...policy, sms: { ...policy.sms, code: { ...policy.sms.code, prefixes: ['+1'] } } };
    await createChallenge(opened.house, closed, { login: 'kim', method: 'sms', app: 'portal', ...OWN });
    expect(await opened.house.messages.claim(9, opened.time.now, MINUTE)).toHaveLength(1);
  });

  test('wrong answers are attempts of the person', async () => {
    const { challenge } = await create();
    for (let index = 0; index < 5; index++) await answer(challenge.id, '000000');
    expect(await answer(challenge.id, '000000')).toMatchObject({ kind: 'locked', until: opened.time.now + MINUTE });
  });

  test('given up, it is over; another cannot give it up', async () => {
    const { challenge } = await create();
    const give = (boundTo: string) => cancelChallenge(opened.house, { id: challenge.id, boundTo, by: BY });
    expect(await give('api:other')).toEqual({ kind: 'gone' });
    expect(await give(BOUND)).toEqual({ kind: 'cancelled' });
    expect(await give(BOUND)).toEqual({ kind: 'gone' });
    expect(await answer(challenge.id, await texted(opened.house, challenge.id))).toEqual({ kind: 'gone' });
  });

  test('without a provider there is none', async () => {
    const bare = { ...policy, sms: { ...policy.sms, providers: [] } };
    const request = { login: 'kim', method: 'sms', app: 'portal', ...OWN } as const;
    expect(await createChallenge(opened.house, bare, request)).toEqual({ kind: 'unavailable', why: 'no_provider' });
  });
});

describe('questions', () => {
  test('a server-synchronised code counts for its challenge only', async () => {
    const token = await enrol(opened.house, 'server');
    const { challenge, live } = await create({ method: 'server', context: 'sign the contract' });
    if (live === undefined) throw new Error('nothing was issued');
    const code = appCode(opened.house, token, live);
    expect((await answer(challenge.id, wrong(code))).kind).toBe('rejected');
    expect(await answer(challenge.id, code)).toMatchObject({
      kind: 'accepted',
      proofs: { otp: opened.time.now, server: opened.time.now },
    });
    expect(await answer(challenge.id, code)).toEqual({ kind: 'gone' });
  });

  test.each(['OCRA-1:HOTP-SHA1-6:QN08', 'OCRA-1:HOTP-SHA256-8:QH64-T30S', 'OCRA-1:HOTP-SHA256-8:C-QA10'])(
    'an OCRA question of the suite %s is answered once',
    async (suite) => {
      await enrol(opened.house, 'ocra', { suite });
      const { challenge } = await create({ method: 'ocra' });
      const timeStep = Math.floor(opened.time.now / 30_000);
      const code = ocra(suite, { question: challenge.question, counter: 2, timeStep });
      expect((await answer(challenge.id, wrong(code))).kind).toBe('rejected');
      expect(await answer(challenge.id, code)).toMatchObject({ kind: 'accepted', proofs: { ocra: opened.time.now } });
      const again = await create({ method: 'ocra', question: challenge.question });
      const replayed = await answer(again.challenge.id, code);
      expect(replayed.kind).toBe(suite.includes(':C-') ? 'rejected' : 'accepted');
    },
  );

  test('a question that a suite cannot hold has no answer', async () => {
    await enrol(opened.house, 'ocra', { suite: 'OCRA-1:HOTP-SHA1-6:QN08' });
    const { challenge } = await create({ method: 'ocra', question: 'abcdefgh' });
    expect(await answer(challenge.id, '000000')).toEqual({ kind: 'rejected', reason: 'otp-wrong' });
  });
});

describe('waiting for a challenge', () => {
  const never = new AbortController().signal;
  const wait = (id: string, until: number, gone = never) =>
    awaitChallenge(opened.house, { id, boundTo: BOUND, was: 'open', until, gone });

  test('hears of a change at once, of nothing at the end, and of another’s never', async () => {
    const { challenge } = await create();
    expect(await wait(challenge.id, opened.time.now)).toMatchObject({ state: 'open' });
    expect(
      await awaitChallenge(opened.house, {
        id: challenge.id,
        boundTo: 'api:x',
        was: 'open',
        until: Infinity,
        gone: never,
      }),
    ).toBeUndefined();
    const waiting = wait(challenge.id, opened.time.now + MINUTE);
    await answer(challenge.id, await texted(opened.house, challenge.id));
    expect(await waiting).toMatchObject({ state: 'used' });
  });

  test('ends with the caller', async () => {
    const { challenge } = await create();
    const leaving = new AbortController();
    const waiting = wait(challenge.id, opened.time.now + MINUTE, leaving.signal);
    leaving.abort();
    expect(await waiting).toMatchObject({ state: 'open' });
  });
});

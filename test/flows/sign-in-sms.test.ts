import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Factor } from '../../src/core/identity/factors.ts';
import type { Policy } from '../../src/core/policy.ts';
import { encodeBase64Url } from '../../src/core/session/handle.ts';
import { MINUTE } from '../../src/core/time.ts';
import { beginSignIn } from '../../src/flows/begin-sign-in.ts';
import { placeOfRoute } from '../../src/flows/place.ts';
import { resendSignInCode } from '../../src/flows/resend-sign-in-code.ts';
import { type SignInResult, type SignInSubmission, submitSignIn } from '../../src/flows/sign-in.ts';
import { offersSms } from '../../src/flows/sign-in-step.ts';
import { setUser } from '../../src/flows/users.ts';
import { table } from '../support/policies.ts';
import { recording, texted, wrong } from './asking.ts';
import { addPerson, BY, codeOf, HOST, type Opened, openHouse, PASSWORD, policy as plain, signIn } from './house.ts';

const smsFallback = { when: 'user_choice', maxSession: 60 * MINUTE } as const;
const policy: Policy = {
  ...plain,
  routes: table(
    { name: 'hr' },
    { name: 'choice', smsFallback },
    { name: 'both', otpRules: [{ groups: ['*'], routes: [], mode: 'all_of', methods: ['time', 'sms'], when: [] }] },
  ),
};
const BROWSER = encodeBase64Url(new Uint8Array(32).fill(7));

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  await setUser(opened.house, policy.users, 'kim', { phone: '010-1234-5678' }, BY);
});
afterEach(() => opened.remove());

type Typed = Partial<SignInSubmission['fields']>;

async function begin(need: readonly Factor[], route = 'hr') {
  const start = { browserSecret: BROWSER, host: HOST, route, returnTo: '/salary', need };
  const { transaction } = await beginSignIn(opened.house, start);
  const submit = (typed: Typed, more: Partial<SignInSubmission> = {}, house = opened.house) =>
    submitSignIn(house, policy, {
      transaction: transaction.id,
      browserSecret: BROWSER,
      host: HOST,
      session: undefined,
      fields: { login: 'kim', password: PASSWORD, pin: '', otp: '', sms: '', ...typed },
      address: '192.0.2.7',
      userAgent: 'Browser/1',
      request: '',
      ...more,
    });
  return { transaction, submit };
}

function continued(result: SignInResult) {
  if (result.kind !== 'continue') throw new Error(`not continued: ${JSON.stringify(result)}`);
  return result.step;
}
const sentTo = async () => (await opened.house.messages.claim(99, opened.time.now, MINUTE)).map(({ to }) => to);
const codeIn = (step: {
  readonly offers: readonly { readonly method: string; readonly challenge: string | undefined }[];
}) => texted(opened.house, step.offers.find(({ method }) => method === 'sms')?.challenge);

describe('a sign-in with a code by SMS', () => {
  test('password first, then the code: the session has both', async () => {
    const { submit } = await begin(['pw', 'sms']);
    const step = continued(await submit({}));
    expect(step.offers).toMatchObject([{ method: 'sms', target: '010-****-5678' }]);
    expect(await sentTo()).toEqual(['01012345678']);
    const result = await submit({ sms: await codeIn(step), password: '' }, { pending: step.pending });
    if (result.kind !== 'accepted') throw new Error(result.kind);
    const session = await opened.live.find(result.cookie, HOST, opened.time.now);
    expect(session?.proofs).toEqual({ pw: opened.time.now, sms: opened.time.now });
    const [last] = await opened.house.audit.read({ limit: 1, newestFirst: true });
    expect(last).toMatchObject({
      kind: 'signin.accepted',
      detail: { amr: 'pwd sms mfa', channel: 'web', method: 'pw+sms' },
    });
  });

  test('a wrong password sends nothing', async () => {
    const { submit } = await begin(['pw', 'sms']);
    expect(await submit({ password: 'wrong wrong wrong' })).toMatchObject({
      kind: 'rejected',
      error: 'E1',
      step: undefined,
    });
    expect(await sentTo()).toEqual([]);
  });

  test('a wrong code shows the same step again; an empty one costs no try', async () => {
    const { submit } = await begin(['pw', 'sms']);
    const step = continued(await submit({}));
    const code = await codeIn(step);
    const again = (sms: string) => submit({ sms }, { pending: step.pending });
    expect(await again('')).toMatchObject({ kind: 'malformed', faults: [{ field: 'sms', fault: 'empty' }], step });
    expect(await again(wrong(code))).toMatchObject({ kind: 'rejected', error: 'E2', step });
    expect((await again(code)).kind).toBe('accepted');
  });

  test('id+sms says the same of everybody: no number, no name', async () => {
    await addPerson(opened.house, 'bare', 'none');
    const shapes = new Set();
    for (const login of ['kim', 'bare', 'nobody']) {
      const { submit } = await begin(['sms']);
      const { ports, calls } = recording(opened.house);
      const step = continued(await submit({ login }, {}, ports));
      shapes.add(JSON.stringify([step.offers.map(({ method, target }) => [method, target]), calls]));
      expect(await submit({ sms: '000000' }, { pending: step.pending })).toMatchObject({
        kind: 'rejected',
        error: 'E1',
      });
    }
    expect(shapes.size).toBe(1);
    expect(await sentTo()).toEqual(['01012345678']);
  });

  test('the step belongs to its sign-in and its browser', async () => {
    const { submit } = await begin(['pw', 'sms']);
    const step = continued(await submit({}));
    const sms = await codeIn(step);
    const other = await begin(['pw', 'sms']);
    expect(await other.submit({ sms }, { pending: step.pending })).toMatchObject({ kind: 'expired' });
    const foreign = encodeBase64Url(new Uint8Array(32).fill(8));
    expect(await submit({ sms }, { pending: step.pending, browserSecret: foreign })).toEqual({
      kind: 'foreign-browser',
    });
    expect((await submit({ sms }, { pending: step.pending })).kind).toBe('accepted');
    expect((await submit({ sms }, { pending: step.pending })).kind).toBe('gone');
  });

  test('after the time of the code the first step is shown anew', async () => {
    const { submit } = await begin(['pw', 'sms']);
    const step = continued(await submit({}));
    const sms = await codeIn(step);
    opened.time.now += 3 * MINUTE;
    expect((await submit({ sms }, { pending: step.pending })).kind).toBe('expired');
  });

  test('a resend says the same code, half a minute later', async () => {
    const { transaction, submit } = await begin(['pw', 'sms']);
    const step = continued(await submit({}));
    const code = await codeIn(step);
    const resend = (pending = step.pending) =>
      resendSignInCode(opened.house, policy, {
        transaction: transaction.id,
        browserSecret: BROWSER,
        host: HOST,
        session: undefined,
        pending,
        address: '192.0.2.7',
        request: '',
        language: 'en',
      });
    expect(await resend()).toMatchObject({ kind: 'limited', until: opened.time.now + 30_000, step });
    opened.time.now += 30_000;
    const resent = await resend();
    expect(resent).toMatchObject({ kind: 'queued', step: { pending: step.pending } });
    expect(await resend('tx_other')).toMatchObject({ kind: 'step-gone' });
    expect(await sentTo()).toHaveLength(2);
    expect((await submit({ sms: code }, { pending: step.pending })).kind).toBe('accepted');
  });

  test('too many messages: the page says until when, and nothing is sent', async () => {
    for (let index = 0; index < 5; index++) continued(await (await begin(['pw', 'sms'])).submit({}));
    expect(await (await begin(['pw', 'sms'])).submit({})).toMatchObject({ kind: 'limited', step: undefined });
    expect(await sentTo()).toHaveLength(5);
  });

  test('step-up by SMS asks for nothing but the code and keeps the sign-in', async () => {
    const cookie = await signIn(opened.house);
    const session = await opened.live.find(cookie, HOST, opened.time.now);
    if (session === undefined) throw new Error('no session');
    const start = {
      browserSecret: BROWSER,
      host: HOST,
      route: 'hr',
      returnTo: '/',
      need: ['sms'] as const,
      rise: session,
    };
    const { transaction } = await beginSignIn(opened.house, start);
    const submit = (sms: string, pending = '') =>
      submitSignIn(opened.house, policy, {
        transaction: transaction.id,
        browserSecret: BROWSER,
        host: HOST,
        session,
        fields: { login: '', password: '', pin: '', otp: '', sms },
        address: '',
        userAgent: '',
        request: '',
        pending,
      });
    const step = continued(await submit(''));
    expect(step.offers).toMatchObject([{ method: 'sms', target: '010-****-5678' }]);
    const result = await submit(await codeIn(step), step.pending);
    if (result.kind !== 'accepted') throw new Error(result.kind);
    const after = await opened.live.find(result.cookie, HOST, opened.time.now);
    expect(after?.id).toBe(session.id);
    expect(Object.keys(after?.proofs ?? {}).toSorted()).toEqual(['otp', 'sms', 'totp']);
  });
});

describe('SMS in the place of the OTP', () => {
  test('is offered where the route allows it and the person asks for it', async () => {
    expect(await offersSms(opened.house, policy, placeOfRoute(policy, 'choice'))).toBe(true);
    expect(await offersSms(opened.house, policy, placeOfRoute(policy, 'hr'))).toBe(false);
    const { submit } = await begin(['pw', 'otp'], 'choice');
    expect(await submit({})).toMatchObject({ kind: 'malformed', faults: [{ field: 'otp', fault: 'empty' }] });
    const step = continued(await submit({}, { wanted: 'sms' }));
    const result = await submit({ sms: await codeIn(step) }, { pending: step.pending });
    if (result.kind !== 'accepted') throw new Error(result.kind);
    const session = await opened.live.find(result.cookie, HOST, opened.time.now);
    expect(session?.proofs).toEqual({ pw: opened.time.now, sms: opened.time.now, fallback: opened.time.now });
  });

  test('where the route does not, asking for it leaves the OTP field needed', async () => {
    const { submit } = await begin(['pw', 'otp']);
    expect(await submit({}, { wanted: 'sms' })).toMatchObject({ kind: 'malformed', faults: [{ field: 'otp' }] });
  });

  test('a rule that wants both asks for the message after the OTP was right', async () => {
    const { submit } = await begin(['pw', 'otp'], 'both');
    expect((await submit({ otp: '000000' })).kind).toBe('rejected');
    expect(await sentTo()).toEqual([]);
    const step = continued(await submit({ otp: codeOf(opened.time.now) }));
    expect(step.offers.map(({ method }) => method)).toEqual(['sms']);
    expect((await submit({ otp: codeOf(opened.time.now) })).kind).toBe('rejected');
    expect((await submit({ sms: await codeIn(step) }, { pending: step.pending })).kind).toBe('accepted');
  });
});

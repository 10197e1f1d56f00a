import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Route } from '../../src/core/access/route.ts';
import type { Factor } from '../../src/core/identity/factors.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { addPerson, codeOf, PASSWORD } from '../flows/house.ts';
import { event } from '../stores/fixture.ts';
import type { Answer, Visitor } from '../support/visitor.ts';
import { hidden, openPortal, type PortalFixture } from './fixture.ts';
import { policyOf, SMS_CODE } from './policy.ts';

let portal: PortalFixture;

const app = (name: string, factors: readonly Factor[], changes: Partial<Route> = {}): Partial<Route> => ({
  name,
  paths: [{ kind: 'prefix', path: `/${name}/` }],
  auth: { kind: 'sign-in', requirement: { factors } },
  ...changes,
});

const ROUTES: readonly Partial<Route>[] = [
  app('bysms', ['sms']),
  app('pwsms', ['pw', 'sms']),
  app('otpsms', ['otp', 'sms']),
  app('choice', ['pw', 'otp'], { smsFallback: { when: 'user_choice', maxSession: HOUR } }),
  app('lost', ['pw', 'otp'], { smsFallback: { when: 'no_device', maxSession: HOUR } }),
  app('down', ['pw', 'otp'], { smsFallback: { when: 'outage', maxSession: HOUR } }),
  app('plain', ['pw', 'otp']),
  app('clock', ['otp'], { otp: 'time' }),
];

const FILE = { type: 'file', name: 'file', path: '/dev/null' } as const;
/** Nothing in these tests comes near a limit that they do not mean to reach. */
const many = { count: 1000, per: MINUTE };
const CODE = { ...SMS_CODE, perNumber: many, perUser: many, perAddress: many, perDay: 1000 };

beforeAll(async () => {
  portal = await openPortal();
  portal.policy.current = policyOf(ROUTES, { sms: { providers: [FILE], code: CODE } });
  for (const [login, kind, phone] of [
    ['kim', 'totp', '010-1234-5678'],
    ['lee', 'none', '010-2345-6789'],
    ['silent', 'totp', ''],
    ['choi', 'totp', '010-3456-7890'],
  ] as const) {
    const person = await addPerson(portal.house, login, kind);
    await portal.house.accounts.update(person.id, { phone }, event('user.changed', portal.time.now));
  }
  const choi = await portal.house.accounts.findByLogin('choi');
  await portal.house.accounts.setStatus(choi?.id ?? '', 'suspended', event('user.suspended', portal.time.now));
});
afterAll(() => portal.close());

/** Every test has time steps, limits and messages of its own. */
beforeEach(async () => {
  portal.time.now += 2 * HOUR;
  await sent();
});

/** The codes that were queued since it was last asked, with the number each goes to. */
async function sent(): Promise<readonly { readonly to: string; readonly code: string; readonly host: string }[]> {
  const messages = await portal.house.messages.claim(1000, portal.time.now, 24 * HOUR);
  const found = [];
  for (const { challengeId, to, host } of messages) {
    const challenge = await portal.house.challenges.find(challengeId);
    if (challenge !== undefined) found.push({ to, host, code: smsCodeOf(challenge, 6, portal.house.digests) });
  }
  return found;
}

const needOf = (name: string): readonly Factor[] => {
  const route = portal.policy.current.routes.all.find((each) => each.name === name);
  return route?.auth.kind === 'sign-in' ? route.auth.requirement.factors : [];
};
const other = (code: string): string => `${(Number(code[0]) + 1) % 10}${code.slice(1)}`;

/** Opens the page of an application and submits its first step. */
async function begin(
  name: string,
  fields: Record<string, string>,
  visitor = portal.visitor(),
): Promise<{ visitor: Visitor; answer: Answer }> {
  const form = await portal.open(visitor, `/${name}/`, needOf(name));
  return { visitor, answer: await visitor.post('/_sumun/login', { ...form, ...fields }) };
}

describe('a route that asks for a code by SMS', () => {
  test('password first, then the code that was sent: signed in, back where the person was going', async () => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('010-****-5678');
    expect([...answer.text.matchAll(/<input[^>]*id="(\w+)"/g)].map((match) => match[1])).toEqual(['sms']);
    const [message] = await sent();
    expect(message).toMatchObject({ to: '01012345678', host: 'hr.corp.example' });
    const done = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: message?.code ?? '' });
    expect([done.status, done.headers.location]).toEqual([303, '/pwsms/']);
    expect(JSON.parse((await visitor.send('GET', '/_sumun/session')).text).amr).toEqual(['pwd', 'sms', 'mfa']);
  });

  test('the first step has no field for it, and its button says that a message follows', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/bysms/', ['sms']);
    const { text } = await visitor.send('GET', `/_sumun/login?t=${form['t']}`);
    expect([...text.matchAll(/<input[^>]*id="(\w+)"/g)].map((match) => match[1])).toEqual(['login']);
    expect(text).toMatch(/<button class="btn main" type="submit">Text me a code</);
  });

  test('a wrong password sends nothing', async () => {
    const { answer } = await begin('pwsms', { login: 'kim', password: 'wrong password' });
    expect(answer.status).toBe(401);
    expect(await sent()).toEqual([]);
  });

  test('a wrong code is 401 and the step stays; the right one then signs in', async () => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    const code = (await sent())[0]?.code ?? '';
    const wrong = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: other(code) });
    expect(wrong.status).toBe(401);
    expect(wrong.text).toContain('id="sms-error"');
    const right = await visitor.post('/_sumun/login', {
      ...hidden(wrong.text),
      sms: `${code.slice(0, 3)} ${code.slice(3)}`,
    });
    expect(right.status).toBe(303);
  });

  test.each([
    ['', 'Enter the code from the text.'],
    ['12345', 'The code has 6 digits. (You typed 5.)'],
    ['12345x', 'The code has 6 digits and nothing else.'],
  ])('a code that cannot be one (%j) costs no try', async (typed, said) => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    let text = answer.text;
    for (let count = 0; count < 7; count++) {
      const fault = await visitor.post('/_sumun/login?lang=en', { ...hidden(text), sms: typed });
      expect([fault.status, fault.text.includes(said)]).toEqual([401, true]);
      text = fault.text;
    }
    const done = await visitor.post('/_sumun/login', { ...hidden(text), sms: (await sent())[0]?.code ?? '' });
    expect(done.status).toBe(303);
  });

  test('a code is good for its browser, its sign-in, its time, and once', async () => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    const code = (await sent())[0]?.code ?? '';
    const step = { ...hidden(answer.text), sms: code };
    expect((await portal.visitor().post('/_sumun/login', step)).status).toBe(403);
    const second = await begin('pwsms', { login: 'kim', password: PASSWORD }, visitor);
    const mixed = await visitor.post('/_sumun/login', { ...hidden(second.answer.text), sms: code });
    expect(mixed.status).toBe(401);
    expect((await visitor.post('/_sumun/login', step)).status).toBe(303);
    expect((await visitor.post('/_sumun/login', step)).headers['set-cookie']?.join() ?? '').not.toMatch(/^sumun=\w/);

    const late = await begin('pwsms', { login: 'kim', password: PASSWORD });
    const lateCode = (await sent()).at(-1)?.code ?? '';
    portal.time.now += 3 * MINUTE;
    const answerLate = await late.visitor.post('/_sumun/login', { ...hidden(late.answer.text), sms: lateCode });
    expect(answerLate.status).toBe(401);
    expect(answerLate.text).toContain('name="password"');
  });

  test('an OTP and a code by SMS: one after the other', async () => {
    const { visitor, answer } = await begin('otpsms', { login: 'kim', otp: codeOf(portal.time.now) });
    expect(answer.status).toBe(200);
    const done = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: (await sent())[0]?.code ?? '' });
    expect(done.status).toBe(303);
  });

  test('another language on the second step sends nothing and stays there', async () => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    await sent();
    const other = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: '', lang: 'ja' });
    expect([other.status, other.text.includes('<html lang="ja">'), other.text.includes('id="sms"')]).toEqual([
      200,
      true,
      true,
    ]);
    expect(await sent()).toEqual([]);
    expect(hidden(other.text)['p']).toBe(hidden(answer.text)['p']);
  });
});

describe('the message once more', () => {
  test('is not sent before its time: 429 says when; then the same code comes', async () => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    const [first] = await sent();
    const early = await visitor.post('/_sumun/login', { ...hidden(answer.text), do: 'resend' });
    expect([early.status, early.headers['retry-after']]).toEqual([429, '30']);
    expect(await sent()).toEqual([]);
    portal.time.now += 30_000;
    const again = await visitor.post('/_sumun/login', { ...hidden(early.text), do: 'resend' });
    expect(again.status).toBe(200);
    const [second] = await sent();
    expect(second?.code).toBe(first?.code);
    const done = await visitor.post('/_sumun/login', { ...hidden(again.text), sms: second?.code ?? '' });
    expect(done.status).toBe(303);
  });

  test('after its time is over the first step is shown', async () => {
    const { visitor, answer } = await begin('pwsms', { login: 'kim', password: PASSWORD });
    portal.time.now += 4 * MINUTE;
    const again = await visitor.post('/_sumun/login', { ...hidden(answer.text), do: 'resend' });
    expect([again.status, again.text.includes('name="password"')]).toEqual([401, true]);
  });
});

describe('a code by SMS in the place of the OTP', () => {
  const offer = 'value="sms"';
  const pageOf = async (name: string): Promise<string> => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, `/${name}/`, needOf(name));
    return (await visitor.send('GET', `/_sumun/login?t=${form['t']}`)).text;
  };

  test('is offered where the route allows it, and nowhere else', async () => {
    const shown = await Promise.all(['choice', 'lost', 'down', 'plain', 'pwsms'].map(pageOf));
    expect(shown.map((text) => text.includes(offer))).toEqual([true, true, false, false, false]);
  });

  test('the person chooses it: password, then the code', async () => {
    const { visitor, answer } = await begin('choice', { login: 'kim', password: PASSWORD, otp: '', do: 'sms' });
    expect(answer.status).toBe(200);
    const done = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: (await sent())[0]?.code ?? '' });
    expect(done.status).toBe(303);
    expect(JSON.parse((await visitor.send('GET', '/_sumun/session')).text).amr).toEqual(['pwd', 'sms', 'mfa']);
  });

  test('for those without a device only: whoever has one is sent nothing', async () => {
    const without = await begin('lost', { login: 'lee', password: PASSWORD, otp: '', do: 'sms' });
    const [message] = await sent();
    const done = await without.visitor.post('/_sumun/login', {
      ...hidden(without.answer.text),
      sms: message?.code ?? '',
    });
    expect(done.status).toBe(303);
    await begin('lost', { login: 'kim', password: PASSWORD, otp: '', do: 'sms' });
    expect(await sent()).toEqual([]);
  });

  test('during an outage the page asks for it first and says why; the app’s code is still taken', async () => {
    const until = portal.time.now + HOUR;
    await portal.house.switches.declareOutage(until, event('outage.declared', portal.time.now));
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/down/', needOf('down'));
    const page = await visitor.send('GET', `/_sumun/login?lang=ko&t=${form['t']}`);
    expect(page.text).toContain('앱 인증은 복구 중이에요.');
    expect(page.text).not.toContain('name="otp"');
    const byApp = await visitor.post('/_sumun/login', { ...form, login: 'kim', do: 'app' });
    expect([byApp.text.includes('name="otp"'), byApp.text.includes('value="kim"')]).toEqual([true, true]);
    const answer = await visitor.post('/_sumun/login', { ...form, login: 'kim', password: PASSWORD, do: 'sms' });
    const done = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: (await sent())[0]?.code ?? '' });
    expect(done.status).toBe(303);
    await portal.house.switches.declareOutage(undefined, event('outage.ended', portal.time.now));
  });

  test('without a provider it is offered nowhere', async () => {
    const before = portal.policy.current;
    portal.policy.current = policyOf(ROUTES);
    expect((await pageOf('choice')).includes(offer)).toBe(false);
    portal.policy.current = before;
  });
});

describe('a spare code', () => {
  test('is offered where any kind of OTP counts; its field takes letters', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/plain/', needOf('plain'));
    const asked = await visitor.post('/_sumun/login', { ...form, login: 'kim', do: 'spare' });
    expect(/<input[^>]*id="otp"[^>]*>/.exec(asked.text)?.[0]).not.toContain('inputmode');
    expect(asked.text).toContain('value="kim"');
    const clock = portal.visitor();
    const { t } = await portal.open(clock, '/clock/', needOf('clock'));
    expect((await clock.send('GET', `/_sumun/login?t=${t}`)).text).not.toContain('value="spare"');
  });

  test('that is wrong leads to the same field again', async () => {
    const { answer } = await begin('plain', { login: 'kim', password: PASSWORD, otp: 'ABCD-EFGH', spare: '1' });
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('name="spare" value="1"');
  });
});

describe('who exists is not told (ENUM-1)', () => {
  const mask = (text: string, login: string): string =>
    text
      .replace(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/g, 'NUMBER')
      .replace(/(name="(?:t|p|csrf)" value=")[^"]+/g, '$1')
      .replaceAll(login, 'LOGIN');
  const seen = (answer: Answer, login: string): string => {
    const { date: _date, 'x-request-id': _id, 'content-length': _length, ...headers } = answer.headers;
    return JSON.stringify({ status: answer.status, headers, body: mask(answer.text, login) });
  };

  test('every step of ID and SMS looks the same for everybody: known, unknown, suspended, without a number', async () => {
    const logins = ['kim', 'ghost', 'choi', 'silent'];
    const steps: string[][] = [[], [], [], []];
    for (const login of logins) {
      const { visitor, answer } = await begin('bysms', { login });
      const early = await visitor.post('/_sumun/login', { ...hidden(answer.text), do: 'resend' });
      const code = (await sent())[0]?.code ?? '000000';
      const wrong = await visitor.post('/_sumun/login', { ...hidden(answer.text), sms: other(code) });
      const typo = await visitor.post('/_sumun/login', { ...hidden(wrong.text), sms: '1' });
      for (const [index, one] of [answer, early, wrong, typo].entries()) steps[index]?.push(seen(one, login));
    }
    expect(steps.map((each) => new Set(each).size)).toEqual([1, 1, 1, 1]);
    expect(steps.map(([first]) => (JSON.parse(first ?? '') as { status: number }).status)).toEqual([
      200, 429, 401, 401,
    ]);
  });

  test('SMS-1: nothing is sent to a number that is not on file, and none is taken from the request', async () => {
    await begin('bysms', { login: 'ghost', phone: '010-9999-9999', to: '010-9999-9999', target: '010-9999-9999' });
    await begin('bysms', { login: 'silent' });
    await begin('bysms', { login: 'choi' });
    expect(await sent()).toEqual([]);
    await begin('bysms', { login: 'kim', phone: '010-9999-9999', to: '010-9999-9999' });
    expect((await sent()).map(({ to }) => to)).toEqual(['01012345678']);
  });

  test('SMS-1: a flood of asking sends no more than the limits allow', async () => {
    const before = portal.policy.current;
    const limits = { perNumber: { count: 5, per: 10 * MINUTE }, perUser: { count: 5, per: 10 * MINUTE } };
    portal.policy.current = policyOf(ROUTES, { sms: { providers: [FILE], code: { ...CODE, ...limits } } });
    const statuses = new Map<string, number[]>();
    for (const login of ['kim', 'ghost']) {
      const heard: number[] = [];
      for (let count = 0; count < 12; count++) heard.push((await begin('bysms', { login })).answer.status);
      statuses.set(login, heard);
    }
    expect((await sent()).length).toBeLessThanOrEqual(5);
    expect(statuses.get('ghost')).toEqual(statuses.get('kim'));
    expect(statuses.get('kim')?.at(-1)).toBe(429);
    portal.policy.current = before;
  });
});

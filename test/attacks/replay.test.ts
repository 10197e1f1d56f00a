/**
 * The attacker saw a code while it was typed, or turns the server's clock, and uses the code again.
 * They must be refused at every later moment, on every route, and nobody may get in while the clock cannot be trusted.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bindCode } from '../../src/crypto/otp.ts';
import { type GateFixture, startGate } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { hiddenFields } from '../support/visitor.ts';

const STEP = 30_000;
const event = {
  at: 0,
  kind: 'user.added' as const,
  login: '',
  actor: 'cli',
  address: '',
  route: '',
  request: '',
  reason: '',
  detail: {},
};
let upstream: Recorder;
let gate: GateFixture;
let count = 0;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: any, path: [/any/], to: "${upstream.url}", auth: id+otp }
  - { name: time, path: [/time/], to: "${upstream.url}", auth: id+otp, otp: time }
  - { name: event, path: [/event/], to: "${upstream.url}", auth: id+otp, otp: event }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});

/** Somebody with a time-based authenticator only. */
async function clockPerson() {
  const { login, accountId, authenticatorId } = await gate.tokenOnly(`clock${count++}`);
  await gate.house.authenticators.setStatus(authenticatorId, 'revoked', event);
  const seed = randomBytes(32);
  await gate.house.authenticators.add(
    { accountId, kind: 'totp', label: 't', algorithm: 'SHA256', digits: 6, period: 30, seed },
    event,
  );
  const codeAt = bindCode(seed, { algorithm: 'SHA256', digits: 6 });
  return { login, codeOf: (step: number) => codeAt(step) };
}

const stepNow = (): number => Math.floor(gate.house.clock.now() / STEP);

/** Moves the clock to the middle of a step, so that no step ends while a form is filled in. */
function goTo(step: number): void {
  gate.time.ahead += step * STEP + STEP / 2 - gate.house.clock.now();
}

async function signInWith(login: string, otp: string, path = '/any/'): Promise<number> {
  const browser = gate.visitor();
  const { status } = await browser.post('/_sumun/login', {
    ...hiddenFields((await browser.open(path)).text),
    login,
    otp,
  });
  browser.close();
  return status;
}

describe('a time-based code is accepted once', () => {
  test.each([-1, 0, 1])(
    'G112 the code of step T%+d, used at T, is refused from T to T+3 on every route',
    async (offset) => {
      const { login, codeOf } = await clockPerson();
      goTo(stepNow() + 5);
      const used = stepNow() + offset;
      expect(await signInWith(login, codeOf(used))).toBe(303);
      for (let later = 0; later <= 3; later++) {
        for (const path of ['/any/', '/time/']) expect(await signInWith(login, codeOf(used), path)).toBe(401);
        goTo(stepNow() + 1);
      }
    },
  );

  test('G112 every step before an accepted one is spent with it', async () => {
    const { login, codeOf } = await clockPerson();
    goTo(stepNow() + 5);
    expect(await signInWith(login, codeOf(stepNow() + 1))).toBe(303);
    for (const offset of [-1, 0, 1]) expect(await signInWith(login, codeOf(stepNow() + offset))).toBe(401);
    goTo(stepNow() + 1);
    expect(await signInWith(login, codeOf(stepNow() + 1))).toBe(303);
  });

  test('a code outside the window is refused, and the learned drift moves the window with the person', async () => {
    const { login, codeOf } = await clockPerson();
    goTo(stepNow() + 5);
    expect(await signInWith(login, codeOf(stepNow() + 2))).toBe(401);
    expect(await signInWith(login, codeOf(stepNow() + 1))).toBe(303);
    goTo(stepNow() + 2);
    expect(await signInWith(login, codeOf(stepNow() + 2))).toBe(303);
  });
});

test('G112 an event-based code is accepted once, and one that was skipped is spent', async () => {
  const person = await gate.tokenOnly(`event${count++}`);
  const [first, second, third] = [person.otp(), person.otp(), person.otp()];
  expect(await signInWith(person.login, second)).toBe(303);
  expect(await signInWith(person.login, second)).toBe(401);
  expect(await signInWith(person.login, first)).toBe(401);
  expect(await signInWith(person.login, third)).toBe(303);
});

test('RACE-1 RACE-3 two hundred submissions of one code at once: exactly one gets in', async () => {
  const person = await gate.tokenOnly(`race${count++}`);
  const otp = person.otp();
  const forms = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const browser = gate.visitor();
      return { browser, fields: hiddenFields((await browser.open('/any/')).text) };
    }),
  );
  const answers = await Promise.all(
    forms.map(({ browser, fields }) => browser.post('/_sumun/login', { ...fields, login: person.login, otp })),
  );
  for (const { browser } of forms) browser.close();
  const accepted = answers.filter(({ headers }) => /(?:^|,)sumun=/.test(String(headers['set-cookie'] ?? '')));
  expect([accepted.length, answers.filter(({ status }) => status === 303).length]).toEqual([1, 1]);
  expect(await gate.house.audit.read({ login: person.login, kind: 'signin.accepted', limit: 10 })).toHaveLength(1);
}, 60_000);

test('a route that takes one kind of code takes neither the other nor a session opened with it', async () => {
  const person = await gate.tokenOnly(`kind${count++}`);
  expect(await signInWith(person.login, person.otp(), '/time/')).toBe(401);
  const cookie = await gate.signIn(person, '/event/');
  const browser = gate.visitor();
  const seen = await browser.send('GET', '/time/', { headers: { Cookie: cookie } });
  expect(seen.status).toBe(303);
});

describe('CLOCK-1 a clock that is turned', () => {
  test('forward and back again: nothing is accepted twice, and verification stops until the clock has caught up', async () => {
    const { login, codeOf } = await clockPerson();
    const before = gate.time.ahead;
    goTo(stepNow() + 120);
    const used = stepNow();
    expect(await signInWith(login, codeOf(used))).toBe(303);
    const other = await clockPerson();
    gate.time.ahead = before;
    expect(await signInWith(login, codeOf(stepNow()))).toBe(401);
    expect(await signInWith(login, codeOf(used))).toBe(401);
    expect(await signInWith(other.login, other.codeOf(stepNow()))).toBe(503);
    goTo(used + 1);
    expect(await signInWith(login, codeOf(used))).toBe(401);
    expect(await signInWith(login, codeOf(used + 1))).toBe(303);
  });

  test('SESS-4 an ended session does not come back when the clock goes back', async () => {
    const person = await gate.tokenOnly(`session${count++}`);
    const cookie = await gate.signIn(person, '/any/');
    const browser = gate.visitor();
    const open = async () => (await browser.send('GET', '/any/', { headers: { Cookie: cookie } })).status;
    expect(await open()).toBe(200);
    gate.time.ahead += 31 * 60_000;
    expect(await open()).toBe(303);
    gate.time.ahead -= 31 * 60_000;
    expect(await open()).toBe(303);
    gate.time.ahead += 31 * 60_000;
  });
});

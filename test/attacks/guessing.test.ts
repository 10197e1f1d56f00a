/**
 * The attacker guesses: many codes for one login, from many browsers and addresses, in many spellings, all at once.
 * They must see five answers that say nothing and then a pause, while the owner still gets in with a browser they know.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate, submit } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { hiddenFields, type Visitor } from '../support/visitor.ts';

const MINUTE = 60_000;
let upstream: Recorder;
let gate: GateFixture;
let count = 0;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: otp, path: [/otp/], to: "${upstream.url}", auth: id+otp }
  - { name: pin, path: [/pin/], to: "${upstream.url}", auth: id+otp+pin }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});

const somebody = (): Promise<Person> => gate.person(`user${count++}`);

/** Submits one guess through the sign-in form of a path. */
async function guess(
  login: string,
  fields: Readonly<Record<string, string>>,
  path = '/otp/',
): Promise<Awaited<ReturnType<Visitor['post']>>> {
  const browser = gate.visitor();
  const form = await browser.open(path);
  const answer = await browser.post('/_sumun/login', { ...hiddenFields(form.text), login, ...fields });
  browser.close();
  return answer;
}

/** Guesses until the pause; answers how many guesses were answered before it. */
async function guessesUntilPause(make: (index: number) => ReturnType<typeof guess>): Promise<number> {
  for (let index = 0; index < 20; index++) if ((await make(index)).status === 429) return index;
  return 20;
}

describe('five guesses, however they are spread', () => {
  test('G084 over new browsers each time', async () => {
    const { login } = await somebody();
    expect(await guessesUntilPause((index) => guess(login, { otp: `00000${index % 10}` }))).toBe(5);
  });

  test('G016 over spellings of the login', async () => {
    const { login } = await somebody();
    const spellings = [login, login.toUpperCase(), ` ${login} `, login.replace('u', 'ｕ'), login.replace('ser', 'SER')];
    expect(await guessesUntilPause((index) => guess(spellings[index % 5] ?? login, { otp: '000000' }))).toBe(5);
  });

  test.each([
    ['right PIN, wrong code', (p: Person) => ({ pin: p.pin, otp: '000000' })],
    ['wrong PIN, right code', (p: Person) => ({ pin: '000001', otp: p.otp() })],
    [
      'either in turn',
      (p: Person, index: number) => (index % 2 === 0 ? { pin: p.pin, otp: '000000' } : { pin: '000001', otp: p.otp() }),
    ],
  ])('G047 BRUTE-1 %s', async (_, fields) => {
    const person = await somebody();
    expect(await guessesUntilPause((index) => guess(person.login, fields(person, index), '/pin/'))).toBe(5);
  });

  test('BRUTE-1 over routes that ask for different factors', async () => {
    const person = await somebody();
    const answers = await guessesUntilPause((index) =>
      index % 2 === 0
        ? guess(person.login, { otp: '000000' })
        : guess(person.login, { pin: '000001', otp: '000000' }, '/pin/'),
    );
    expect(answers).toBe(5);
  });

  test('G084 forwarded addresses of an untrusted peer do not make a stranger of anybody', async () => {
    const { login } = await somebody();
    const spoofed = await guessesUntilPause(async (index) => {
      const browser = gate.visitor();
      const form = await browser.open('/otp/', { headers: { 'X-Forwarded-For': `10.0.0.${index}` } });
      const body = new URLSearchParams({ ...hiddenFields(form.text), login, otp: '000000' }).toString();
      const answer = await browser.send('POST', '/_sumun/login', {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-For': `10.0.1.${index}` },
        body,
      });
      browser.close();
      return answer;
    });
    expect(spoofed).toBe(5);
  });

  test('BRUTE-6 F3 two hundred at once: five are evaluated, the others are paused without a look', async () => {
    const { login } = await somebody();
    const forms = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const browser = gate.visitor();
        return { browser, fields: hiddenFields((await browser.open('/otp/')).text) };
      }),
    );
    const answers = await Promise.all(
      forms.map(({ browser, fields }, index) =>
        browser.post('/_sumun/login', { ...fields, login, otp: String(100000 + index) }),
      ),
    );
    for (const { browser } of forms) browser.close();
    const statuses = answers.map(({ status }) => status);
    expect([
      statuses.filter((status) => status === 401).length,
      statuses.filter((status) => status === 429).length,
    ]).toEqual([5, 195]);
    const rejected = await gate.house.audit.read({ login, kind: 'signin.rejected', limit: 200 });
    expect(rejected).toHaveLength(5);
  }, 60_000);
});

describe('what does not count, and what does not reset', () => {
  test('G111 a code that is no code is answered before any attempt', async () => {
    const { login } = await somebody();
    for (const otp of ['', '1', '12345', '1234567', 'abcdef', '+12345', '1e5', '0x1E240', '12 34', '١٢٣٤٥٦x']) {
      expect((await guess(login, { otp })).status, JSON.stringify(otp)).toBeGreaterThanOrEqual(400);
    }
    expect(await gate.house.audit.read({ login, limit: 10, kind: 'signin.rejected' })).toEqual([]);
    expect(await guessesUntilPause(() => guess(login, { otp: '000000' }))).toBe(5);
  });

  test.each(['123 456', '123-456', '１２３４５６', '123.456', '\u00a0123456\n', '123\u2013456'])(
    'a person’s way of writing %j is a code',
    async (otp) => {
      const { login } = await somebody();
      expect((await guess(login, { otp })).status).toBe(401);
    },
  );

  test('G110 the same wrong code in new requests counts each time', async () => {
    const { login } = await somebody();
    expect(await guessesUntilPause(() => guess(login, { otp: '123456' }))).toBe(5);
  });

  test('a replayed code is refused and is not a guess', async () => {
    const person = await somebody();
    const code = person.otp();
    expect((await guess(person.login, { otp: code })).status).toBe(303);
    for (let index = 0; index < 8; index++) expect((await guess(person.login, { otp: code })).status).toBe(401);
    expect((await guess(person.login, { otp: person.otp() })).status).toBe(303);
  });

  test('BRUTE-1 only a complete sign-in resets the count', async () => {
    const person = await somebody();
    for (let index = 0; index < 4; index++) await guess(person.login, { pin: person.pin, otp: '000000' }, '/pin/');
    expect((await submit(gate.visitor(), person, '/pin/')).status).toBe(303);
    expect(await guessesUntilPause(() => guess(person.login, { otp: '000000' }))).toBe(5);
  });
});

describe('the pause', () => {
  test('grows from a minute to an hour, says when it ends, and ends by itself', async () => {
    const { login } = await somebody();
    for (const minutes of [1, 5, 15, 60, 60]) {
      expect(await guessesUntilPause(() => guess(login, { otp: '000000' }))).toBe(5);
      const { status, headers } = await guess(login, { otp: '000000' });
      expect(status).toBe(429);
      expect(Math.abs(Number(headers['retry-after']) - minutes * 60)).toBeLessThanOrEqual(3);
      gate.time.ahead += minutes * MINUTE + 1000;
    }
  });

  test('ghost lock: a login that nobody has pauses just the same', async () => {
    expect(await guessesUntilPause(() => guess('nobody-at-all', { otp: '000000' }))).toBe(5);
  });

  test('BRUTE-2 after a hundred in a row only an administrator opens it again', async () => {
    const person = await somebody();
    const key = { login: person.login, browser: '' };
    const limits = { failures: 5, lockFor: [1] };
    for (let index = 0; index < 100; index++)
      await gate.house.attempts.reserve(key, limits, gate.house.clock.now() + index * 1000);
    gate.time.ahead += 3 * 24 * 60 * MINUTE;
    expect((await guess(person.login, { otp: person.otp() })).status).toBe(429);
    const event = {
      at: gate.house.clock.now(),
      kind: 'user.unlocked' as const,
      login: person.login,
      actor: 'cli',
      address: '',
      route: '',
      request: '',
      reason: '',
      detail: {},
    };
    await gate.house.attempts.unlock(person.accountId, person.login, event);
    expect((await guess(person.login, { otp: person.otp() })).status).toBe(303);
  });

  test('BRUTE-4 strangers cannot lock out the owner’s own browser', async () => {
    const person = await somebody();
    const own = gate.visitor();
    expect((await submit(own, person, '/otp/')).status).toBe(303);
    await own.post('/_sumun/logout', hiddenFields((await own.open('/_sumun/logout')).text));
    expect(await guessesUntilPause(() => guess(person.login, { otp: '000000' }))).toBe(5);
    expect((await guess(person.login, { otp: person.otp() })).status).toBe(429);
    expect((await submit(own, person, '/otp/')).status).toBe(303);
  });
});

/**
 * The attacker has a page of their own open in somebody's browser: it sends forms, follows links and opens WebSockets to
 * us with that browser's cookies. They must see 403, and nobody signed in, signed out, or sent anywhere.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate, submit } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { answerOpenEnded, handshake } from '../support/streams.ts';
import { type Answer, hiddenFields, type Visitor } from '../support/visitor.ts';
import { sendRaw } from '../support/wire.ts';

let upstream: Recorder;
let gate: GateFixture;
let alice: Person;

beforeAll(async () => {
  upstream = await startRecorder();
  answerOpenEnded(upstream);
  gate = await startGate(`
routes:
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
sessions: { concurrent: { max: 1000 } }
`);
  alice = await gate.person('alice');
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => upstream.clear());

const FORM = 'application/x-www-form-urlencoded';
type Headers = Readonly<Record<string, string>>;

/** What a browser says of a form that another site made it send. */
const foreign = (): readonly Headers[] => {
  const own = `http://localhost:${gate.port}`;
  const sites = ['cross-site', 'same-site', 'CROSS-SITE', 'same-origin, cross-site', 'x', ''].map((site) => ({
    'Sec-Fetch-Site': site,
  }));
  const origins = [
    'http://evil.test',
    'https://evil.test',
    `${own}.evil.test`,
    `${own}@evil.test`,
    `http://evil.test:${gate.port}`,
    'http://localhost',
    'http://localhost:1',
    `https://localhost:${gate.port}`,
    `http://evil.localhost:${gate.port}`,
    `http://localhost:${gate.port}0`,
    `${own}/`,
    `${own} http://evil.test`,
    `http://127.0.0.1:${gate.port}`,
    `http://localhost%2eevil.test`,
    'localhost',
    'file://',
    'chrome-extension://abcdef',
    '',
    'NULL',
    'undefined',
  ].map((origin) => ({ Origin: origin }));
  return [
    ...sites,
    ...origins,
    ...origins.map((one) => ({ ...one, 'Sec-Fetch-Site': 'cross-site' })),
    { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' },
  ];
};

const post = (browser: Visitor, path: string, fields: Headers, headers: Headers = {}) =>
  browser.send('POST', path, {
    headers: { 'Content-Type': FORM, ...headers },
    body: new URLSearchParams(fields).toString(),
  });

const setsSession = (headers: Answer['headers']): boolean =>
  (headers['set-cookie'] ?? []).some((line) => line.startsWith('sumun='));

async function signedIn() {
  const browser = gate.visitor();
  expect((await submit(browser, alice, '/app/')).status).toBe(303);
  return browser;
}

/** Everything that is written down when somebody signs in or out, or tries to. */
async function acts(): Promise<number> {
  const records = await gate.house.audit.read({ limit: 100_000 });
  return records.filter(({ kind }) => !['request.refused', 'access.denied'].includes(kind)).length;
}

const isIn = async (browser: Visitor): Promise<boolean> =>
  (await browser.send('GET', '/_sumun/session')).status === 200;

describe('G001 a sign-in belongs to the browser that began it', () => {
  test('the form of one browser is worth nothing in another, with or without cookies of its own', async () => {
    const jarA = gate.visitor();
    const form = await jarA.open('/app/x');
    const fields = { ...hiddenFields(form.text), login: 'alice', otp: alice.otp() };
    const stranger = gate.visitor();
    await stranger.open('/app/x');
    const before = await acts();
    for (const jarB of [gate.visitor(), stranger]) {
      const answer = await post(jarB, '/_sumun/login', fields);
      expect([answer.status, setsSession(answer.headers), jarB.cookies.has('sumun')]).toEqual([403, false, false]);
    }
    expect(await acts()).toBe(before);
    const answer = await post(jarA, '/_sumun/login', fields);
    expect([answer.status, answer.headers.location]).toEqual([303, '/app/x']);
  });

  test('the address of a sign-in under way, opened elsewhere, begins another and shows nothing of the first', async () => {
    const jarA = gate.visitor();
    const location = (await jarA.send('GET', '/app/secret?plan=1')).headers.location ?? '';
    const jarB = gate.visitor();
    const opened = await jarB.send('GET', location);
    expect([opened.status, opened.text.includes('secret')]).toEqual([200, false]);
    expect(location).not.toContain(hiddenFields(opened.text)['t']);
    const answer = await post(jarB, '/_sumun/login', {
      ...hiddenFields(opened.text),
      login: 'alice',
      otp: alice.otp(),
    });
    expect([answer.status, answer.headers.location]).toEqual([303, '/_sumun/']);
  });

  test('a form that has signed somebody in signs nobody in again', async () => {
    const browser = gate.visitor();
    const form = await browser.open('/app/x');
    const fields = { ...hiddenFields(form.text), login: 'alice' };
    expect((await post(browser, '/_sumun/login', { ...fields, otp: alice.otp() })).status).toBe(303);
    const again = await post(browser, '/_sumun/login', { ...fields, otp: alice.otp() });
    expect(setsSession(again.headers)).toBe(false);
  });
});

describe('CSRF-1 submissions that another site caused', () => {
  test('signing in as the attacker: 403, no cookie, no attempt', async () => {
    const before = await acts();
    for (const headers of foreign()) {
      const victim = gate.visitor();
      const form = await victim.open('/app/x');
      const answer = await post(
        victim,
        '/_sumun/login',
        { ...hiddenFields(form.text), login: 'alice', otp: '000000' },
        headers,
      );
      expect([answer.status, setsSession(answer.headers)], JSON.stringify(headers)).toEqual([403, false]);
      victim.close();
    }
    expect(await acts()).toBe(before);
  });

  test('signing out: 403, and the person is still there', async () => {
    const browser = await signedIn();
    const fields = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
    for (const headers of foreign()) {
      const answer = await post(browser, '/_sumun/logout', fields, headers);
      expect([answer.status, answer.headers['set-cookie']], JSON.stringify(headers)).toEqual([403, undefined]);
    }
    expect(await isIn(browser)).toBe(true);
    expect((await post(browser, '/_sumun/logout', fields)).status).toBe(200);
    expect(await isIn(browser)).toBe(false);
  });

  test('a page without referrer sends Origin: null; then the token alone decides', async () => {
    const browser = await signedIn();
    const fields = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
    expect((await post(browser, '/_sumun/logout', {}, { Origin: 'null' })).status).toBe(403);
    expect(await isIn(browser)).toBe(true);
    expect((await post(browser, '/_sumun/logout', fields, { Origin: 'null' })).status).toBe(200);
  });
});

describe('CSRF-1 the token', () => {
  test('missing, empty, cut, longer, doubled, of another form, browser or act: 403 and nothing happened', async () => {
    const browser = await signedIn();
    const other = await signedIn();
    const fields = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
    const csrf = fields['csrf'] ?? '';
    const login = hiddenFields((await gate.visitor().open('/app/x')).text)['csrf'] ?? '';
    const theirs = hiddenFields((await other.send('GET', '/_sumun/logout')).text)['csrf'] ?? '';
    expect(csrf).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const wrong = [
      '',
      csrf.slice(1),
      csrf.slice(0, -1),
      `${csrf}A`,
      `${csrf}${csrf}`,
      csrf.toLowerCase(),
      login,
      theirs,
      browser.cookies.get('sumun-browser') ?? '',
      'null',
      '0',
      'true',
    ];
    const before = await acts();
    for (const token of wrong)
      expect((await post(browser, '/_sumun/logout', { ...fields, csrf: token })).status, token).toBe(403);
    expect((await post(browser, '/_sumun/logout', {})).status).toBe(403);
    expect(
      (await post(browser, `/_sumun/logout?csrf=${csrf}`, {}, { 'X-CSRF-Token': csrf, Cookie2: `csrf=${csrf}` }))
        .status,
    ).toBe(403);
    const twice = await browser.send('POST', '/_sumun/logout', {
      headers: { 'Content-Type': FORM },
      body: `csrf=x&csrf=${csrf}`,
    });
    expect([400, 403]).toContain(twice.status);
    expect([await isIn(browser), await isIn(other)]).toEqual([true, true]);
    expect(await acts()).toBe(before);
  });

  test('wrong on the sign-in form costs no attempt and no code', async () => {
    const browser = gate.visitor();
    const form = hiddenFields((await browser.open('/app/x')).text);
    const otp = alice.otp();
    const before = await acts();
    for (let round = 0; round < 8; round += 1) {
      const answer = await post(browser, '/_sumun/login', { ...form, csrf: 'A'.repeat(43), login: 'alice', otp });
      expect([answer.status, setsSession(answer.headers)]).toEqual([403, false]);
    }
    expect(await acts()).toBe(before);
    expect((await post(browser, '/_sumun/login', { ...form, login: 'alice', otp })).status).toBe(303);
  });

  test('without the browser’s cookie, or with two of them, is worth nothing', async () => {
    const browser = await signedIn();
    const fields = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
    const session = `sumun=${browser.cookies.get('sumun')}`;
    const known = `sumun-browser=${browser.cookies.get('sumun-browser')}`;
    for (const cookie of [
      session,
      `${session}; sumun-browser=x; ${known}`,
      `${session}; ${known}; ${known}`,
      `${session}; sumun-browser=${'A'.repeat(43)}`,
    ]) {
      expect((await post(browser, '/_sumun/logout', fields, { Cookie: cookie })).status, cookie).toBe(403);
    }
    expect(await isIn(browser)).toBe(true);
  });
});

test('CSRF-1 only a form is a form: bodies that a page can send without asking are 415', async () => {
  const browser = await signedIn();
  const fields = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
  const types = [
    '',
    'text/plain',
    'application/json',
    'multipart/form-data; boundary=x',
    `${FORM}; charset=utf-16`,
    `${FORM}, text/plain`,
    `text/plain; x=${FORM}`,
    'application/xml',
  ];
  for (const type of types) {
    for (const path of ['/_sumun/logout', '/_sumun/login', '/_sumun/resume']) {
      const body = type.includes('json') ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
      const { status } = await browser.send('POST', path, {
        headers: type === '' ? {} : { 'Content-Type': type },
        body,
      });
      expect(status, `${path} ${type}`).toBe(415);
    }
  }
  expect(await isIn(browser)).toBe(true);
});

test('CSRF-1 no GET, HEAD or other method changes anything, whatever it carries', async () => {
  const browser = await signedIn();
  const { csrf = '' } = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
  const pending = gate.visitor();
  const form = hiddenFields((await pending.open('/app/x')).text);
  const otp = alice.otp();
  const logout = `/_sumun/logout?csrf=${csrf}&again=1&_method=POST`;
  const login = `/_sumun/login?${new URLSearchParams({ ...form, login: 'alice', otp, _method: 'POST' })}`;
  const before = await acts();
  const headers = { 'X-HTTP-Method-Override': 'POST', 'X-HTTP-Method': 'POST', 'X-Method-Override': 'POST' };
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    for (const [visitor, path] of [
      [browser, logout],
      [pending, login],
      [browser, '/_sumun/resume?k=x&do=send'],
      [browser, '/_sumun/session'],
    ] as const) {
      const answer = await visitor.send(method, path, { headers });
      expect(setsSession(answer.headers), `${method} ${path}`).toBe(false);
      if (method !== 'GET' && method !== 'HEAD') expect(answer.status, `${method} ${path}`).toBe(405);
    }
  }
  expect(await acts()).toBe(before);
  expect(await isIn(browser)).toBe(true);
  expect((await post(pending, '/_sumun/login', { ...form, login: 'alice', otp })).status).toBe(303);
});

test('no answer of ours lets another origin read it', async () => {
  const browser = await signedIn();
  for (const origin of ['http://evil.test', 'null', `http://localhost:${gate.port}`, '*']) {
    const headers = {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type',
    };
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      for (const path of [
        '/_sumun/',
        '/_sumun/login',
        '/_sumun/logout',
        '/_sumun/session',
        '/_sumun/jwks.json',
        '/_sumun/resume',
        '/nowhere',
      ]) {
        const answer = await browser.send(method, path, { headers });
        const allowing = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
        expect(allowing, `${method} ${path} ${origin}`).toEqual([]);
      }
    }
  }
});

test('a WebSocket that a page of another origin opens is 403 and reaches nobody', async () => {
  const browser = await signedIn();
  const request = { host: `localhost:${gate.port}`, path: '/app/ws', cookie: `sumun=${browser.cookies.get('sumun')}` };
  const lines = [
    ...foreign().flatMap((each) => (each['Origin'] === undefined ? [] : [`Origin: ${each['Origin']}`])),
    'Origin: null',
    'Sec-Fetch-Site: cross-site',
  ];
  for (const line of new Set(lines)) {
    const { responses } = await sendRaw(gate.port, handshake(request, [line]), { quiet: 1000, pause: 0 });
    expect(responses[0]?.status, line).toBe(403);
  }
  expect(upstream.requests).toEqual([]);
  const own = handshake(request, [`Origin: http://localhost:${gate.port}`, 'Sec-Fetch-Site: same-origin']);
  expect((await sendRaw(gate.port, own, { quiet: 1000, pause: 0 })).responses[0]?.status).toBe(101);
});

/** Single sign-on across hosts through the portal of `server.public_url`, on the real gateway. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { hiddenFields } from '../support/visitor.ts';
import { Wanderer } from '../support/wanderer.ts';

const MINUTE = 60_000;
const HR = 'http://hr.test';
const WIKI = 'http://wiki.test';
const PAY = 'http://pay.test';
const GW = 'http://gw.test';

let upstream: Recorder;
let gate: GateFixture;
let kim: Person;
let browser: Wanderer;
let count = 0;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`version: 1
server: { listen: "127.0.0.1:0", shutdown: { drain: 100ms }, public_url: "${GW}" }
console: { listen: "127.0.0.1:0" }
routes:
  - { name: hr, host: hr.test, to: "${upstream.url}", auth: id+otp, keep_post: true }
  - name: wiki
    host: "*.wiki.test"
    to: "${upstream.url}"
    auth: id+otp
  - { name: wiki-root, host: wiki.test, to: "${upstream.url}", auth: id+otp }
  - name: pay
    host: pay.test
    to: "${upstream.url}"
    auth: id+otp
    step_up: [{ methods: [POST], auth: id+otp+pin, reason: { en: Paying } }]
  - { name: fresh, host: fresh.test, to: "${upstream.url}", auth: id+otp, session: { idle: 5m } }
  - { name: board, host: board.test, to: "${upstream.url}", auth: id+otp, allow: { groups: [board] } }
  - { name: open, path: [/open/], to: "${upstream.url}", auth: id+otp }
sessions: { concurrent: { max: 2, then: end_oldest } }
otp: { lockout: { failures: 50, for: [1m] } }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(async () => {
  upstream.clear();
  kim = await gate.person(`kim${++count}`);
  browser = new Wanderer(gate);
});

const session = async (host: string) => {
  const answer = await browser.at(host).send('GET', '/_sumun/session');
  return answer.status === 200 ? JSON.parse(answer.text) : undefined;
};
const claims = () => {
  const fields = upstream.requests.at(-1)?.fields ?? [];
  return decodeJwt(fields.find(([name]) => name.toLowerCase() === 'x-sumun-assertion')?.[1] ?? '');
};

describe('signing in once', () => {
  test('leads from the application to the portal and back to the very page', async () => {
    const form = await browser.open(`${HR}/a/b?x=1&y=%EA%B0%80`);
    expect(form.way).toHaveLength(2);
    expect(form.url.href).toMatch(/^http:\/\/gw\.test\/_sumun\/login\?t=[\w-]{22}$/);
    expect(form.answer.text).toContain('hr.test');
    expect(form.answer.text).not.toContain('x=1');
    const end = await browser.submit(form, kim);
    expect(end.url.href).toBe(`${HR}/a/b?x=1&y=%EA%B0%80`);
    expect(end.answer.status).toBe(200);
    expect(end.way.slice(1).map((url) => url.replace(/=[\w-]+$/, '='))).toEqual([
      `${GW}/_sumun/login?t=`,
      `${HR}/_sumun/handover?c=`,
      `${HR}/a/b?x=1&y=%EA%B0%80`.replace(/=[\w-]+$/, '='),
    ]);
  });

  test('opens every other host without a question, each with a cookie of its own', async () => {
    await browser.signIn(`${HR}/`, kim);
    const wiki = await browser.open(`${WIKI}/page`);
    expect([wiki.url.href, wiki.answer.status]).toEqual([`${WIKI}/page`, 200]);
    const deep = await browser.open('http://de.wiki.test/page');
    expect([deep.url.href, deep.answer.status]).toEqual(['http://de.wiki.test/page', 200]);
    const cookies = ['hr.test', 'wiki.test', 'de.wiki.test', 'gw.test'].map((host) =>
      browser.at(host).cookies.get('sumun'),
    );
    expect(new Set(cookies).size).toBe(4);
    for (const cookie of cookies) expect(cookie).toMatch(/^[\w-]{43}$/);
  });

  test('is one session to every application: one sid, the portal as issuer, its keys on every host', async () => {
    await browser.signIn(`${HR}/`, kim);
    const first = claims();
    await browser.open(`${WIKI}/`);
    const second = claims();
    expect([first.iss, second.iss]).toEqual([GW, GW]);
    expect([first.aud, second.aud]).toEqual(['hr', 'wiki-root']);
    expect(second['sid']).toBe(first['sid']);
    expect(second['auth_time']).toBe(first['auth_time']);
    const sets = await Promise.all(
      ['hr.test', 'wiki.test', 'gw.test'].map((host) => gate.visitor(host).send('GET', '/_sumun/jwks.json')),
    );
    expect(new Set(sets.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  });

  test('counts as one sign-in, however many hosts it opens', async () => {
    await browser.signIn(`${HR}/`, kim);
    for (const url of [`${WIKI}/`, `${PAY}/`, 'http://de.wiki.test/']) await browser.open(url);
    expect(await gate.house.sessions.list({ accountId: kim.accountId }, gate.house.clock.now())).toHaveLength(1);
    const second = new Wanderer(gate);
    await second.signIn(`${HR}/`, kim);
    const third = new Wanderer(gate);
    await third.signIn(`${HR}/`, kim);
    expect(await session('hr.test')).toBeUndefined();
    expect((await second.open(`${PAY}/`)).url.href).toBe(`${PAY}/`);
  });

  test('starts at the portal too, which lists the applications of all hosts', async () => {
    const form = await browser.open(`${GW}/_sumun/`);
    const list = await browser.submit(form, kim);
    expect(list.url.href).toBe(`${GW}/_sumun/`);
    for (const host of ['hr.test', 'wiki.test', 'pay.test'])
      expect(list.answer.text).toContain(`href="http://${host}/"`);
    expect(list.answer.text).not.toContain('board.test');
    expect(list.answer.text).not.toContain('Asks for your');
    expect((await browser.open(`${PAY}/`)).url.href).toBe(`${PAY}/`);
  });

  test('a refusal is shown on the host that refuses, and not in circles', async () => {
    const end = await browser.signIn('http://board.test/minutes', kim);
    expect([end.url.href, end.answer.status]).toEqual(['http://board.test/minutes', 403]);
  });
});

describe('the portal', () => {
  test('serves nothing but its own pages', async () => {
    const at = async (path: string) => (await gate.visitor('gw.test').send('GET', path)).status;
    expect([await at('/_sumun/login'), await at('/'), await at('/x')]).toEqual([200, 404, 404]);
    expect((await gate.visitor('other.test').send('GET', '/nowhere')).status).toBe(404);
  });

  test('is where every host asks people to sign in, and the application’s own list is where they come back to', async () => {
    for (const path of ['/_sumun/login', '/_sumun/', '/_sumun/login?t=whatever']) {
      const form = await new Wanderer(gate).open(`${HR}${path}`);
      expect(form.url.href, path).toMatch(/^http:\/\/gw\.test\/_sumun\/login\?t=/);
    }
    const end = await browser.signIn(`${HR}/_sumun/login`, kim);
    expect(end.url.href).toBe(`${HR}/_sumun/`);
    expect((await session('hr.test')).login).toBe(kim.login);
  });

  test('scripts are told with 401, and the address they are told leads to the portal and back', async () => {
    const answer = await browser.ask(`${HR}/api`, { headers: { 'Sec-Fetch-Mode': 'cors' } });
    const problem = JSON.parse(answer.text);
    expect([answer.status, problem.code]).toEqual([401, 'sign_in_required']);
    const end = await browser.signIn(problem.login, kim);
    expect(end.url.host).toBe('hr.test');
    const again = await browser.ask(`${HR}/api`, { headers: { 'Sec-Fetch-Mode': 'cors' } });
    expect(again.status).toBe(200);
  });

  test('a form that waited too long is renewed, and still leads to where the person was going', async () => {
    const form = await browser.open(`${HR}/far`);
    gate.time.ahead += 11 * MINUTE;
    const renewed = await browser.submit(form, kim);
    expect(renewed.answer.status).toBe(401);
    expect(renewed.answer.text).toContain('hr.test');
    expect((await browser.submit(renewed, kim)).url.href).toBe(`${HR}/far`);
  });
});

describe('more factors', () => {
  const post = (body: string) =>
    browser.ask(
      `${PAY}/send`,
      {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' },
        body,
      },
      'POST',
    );

  test('are asked for on the portal, only what is missing, and the post that waits comes back', async () => {
    await browser.signIn(`${PAY}/`, kim);
    const before = browser.at('pay.test').cookies.get('sumun');
    const form = await browser.follow(new URL(`${PAY}/send`), await post('amount=5'));
    expect(form.url.host).toBe('gw.test');
    expect(form.answer.text).not.toContain('name="login"');
    expect(form.answer.text).not.toContain('name="otp"');
    expect(form.answer.text).toContain('name="pin"');
    expect(form.answer.text).toContain('Paying');
    const resume = await browser.submit(form, kim);
    expect(resume.url.href).toMatch(/^http:\/\/pay\.test\/_sumun\/resume\?k=/);
    expect(browser.at('pay.test').cookies.get('sumun')).not.toBe(before);
    const sent = await browser
      .at('pay.test')
      .post('/_sumun/resume', { ...hiddenFields(resume.answer.text), do: 'send' });
    expect([sent.status, sent.headers.location]).toEqual([307, '/send']);
    const end = await post('other=1');
    expect(end.status).toBe(200);
    expect(upstream.requests.at(-1)?.body).toBe('amount=5');
  });

  test('raise the cookie of the host that asked; another host’s is worth what it was until it passes the portal again', async () => {
    await browser.signIn(`${HR}/`, kim);
    const hr = browser.at('hr.test').cookies.get('sumun') ?? '';
    await browser.open(`${PAY}/`);
    const pay = browser.at('pay.test').cookies.get('sumun') ?? '';
    await browser.submit(await browser.follow(new URL(`${PAY}/send`), await post('amount=1')), kim);
    expect((await session('pay.test')).amr).toContain('pin');
    expect((await session('hr.test')).amr).not.toContain('pin');
    expect(browser.at('hr.test').cookies.get('sumun')).toBe(hr);
    const old = gate.visitor('pay.test');
    old.cookies.set('sumun', pay);
    expect((await old.send('GET', '/_sumun/session')).status).toBe(401);
  });
});

describe('a form post without a session', () => {
  test('waits on the host of the application and is offered there after the hop', async () => {
    const kept = await browser.ask(
      `${HR}/write?id=3`,
      {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' },
        body: 'memo=x',
      },
      'POST',
    );
    const form = await browser.follow(new URL(`${HR}/write?id=3`), kept);
    expect(form.answer.text).toContain('keeping what you wrote');
    const resume = await browser.submit(form, kim);
    expect(resume.url.href).toMatch(/^http:\/\/hr\.test\/_sumun\/resume\?k=/);
    expect(resume.answer.text).toContain('hr.test/write');
  });
});

describe('the end', () => {
  test('signing out on one host ends the session on every host and on the portal', async () => {
    await browser.signIn(`${HR}/`, kim);
    await browser.open(`${WIKI}/`);
    const asked = await browser.at('wiki.test').send('GET', '/_sumun/logout');
    expect((await browser.at('wiki.test').post('/_sumun/logout', hiddenFields(asked.text))).status).toBe(200);
    for (const host of ['hr.test', 'wiki.test', 'gw.test']) expect(await session(host), host).toBeUndefined();
    expect((await browser.open(`${HR}/`)).url.host).toBe('gw.test');
  });

  test('a host without a session sends the one who wants to sign out to the portal', async () => {
    await browser.signIn(`${HR}/`, kim);
    const asked = await browser.open(`${WIKI}/_sumun/logout`);
    expect([asked.url.href, asked.answer.status]).toEqual([`${GW}/_sumun/logout`, 200]);
    expect(asked.answer.text).toContain(kim.login);
  });

  test('a route whose own time is over asks again, and what was before does not live on elsewhere', async () => {
    await browser.signIn('http://fresh.test/', kim);
    await browser.open(`${HR}/`);
    gate.time.ahead += 6 * MINUTE;
    const form = await browser.open('http://fresh.test/again');
    expect(form.answer.text).toContain('name="login"');
    const hr = browser.at('hr.test').cookies.get('sumun');
    expect((await browser.submit(form, kim)).url.href).toBe('http://fresh.test/again');
    expect(browser.at('hr.test').cookies.get('sumun')).toBe(hr);
    expect(await session('hr.test')).toBeUndefined();
    expect((await browser.open(`${HR}/`)).url.href).toBe(`${HR}/`);
  });

  test('an administrator who revokes the one sign-in ends it on every host', async () => {
    await browser.signIn(`${HR}/`, kim);
    await browser.open(`${WIKI}/`);
    const [signIn] = await gate.house.sessions.list({ accountId: kim.accountId }, gate.house.clock.now());
    const by = { actor: 'cli', address: '', request: '' };
    const { endSignIns } = await import('../../src/flows/sign-out.ts');
    await endSignIns(gate.house, { id: signIn?.id ?? '' }, by);
    for (const host of ['hr.test', 'wiki.test', 'gw.test']) expect(await session(host), host).toBeUndefined();
  });
});

describe('a host that no route names', () => {
  test('gets a sign-in only on proofs that were given for it, on a page that names it', async () => {
    await browser.signIn(`${HR}/`, kim);
    const form = await browser.open('http://anything.test/open/x');
    expect(form.url.host).toBe('gw.test');
    expect(form.answer.text).toContain('anything.test');
    expect(form.answer.text).toContain('name="otp"');
    expect(form.answer.text).not.toContain('name="login"');
    const end = await browser.submit(form, kim);
    expect([end.url.href, end.answer.status]).toEqual(['http://anything.test/open/x', 200]);
  });
});

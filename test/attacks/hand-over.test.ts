/**
 * The attacker stands between two hosts of one sign-in: with a link to the portal, with a code of their own or of somebody
 * else, in another browser, on another host, over another scheme, too late, twice, or fifty times at once. They must see
 * no session but their own, and their victim none of the attacker's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signOut } from '../../src/flows/sign-out.ts';
import { type GateFixture, type Person, startGate } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { hiddenFields } from '../support/visitor.ts';
import { Wanderer } from '../support/wanderer.ts';

const HR = 'http://hr.test';
const WIKI = 'http://wiki.test';
const GW = 'http://gw.test';

let upstream: Recorder;
let gate: GateFixture;
let victim: Person;
let attacker: Person;
let count = 0;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`version: 1
server:
  listen: "127.0.0.1:0"
  shutdown: { drain: 100ms }
  public_url: "${GW}"
  trusted_proxies: [127.0.0.1/32]
console: { listen: "127.0.0.1:0" }
routes:
  - { name: high, host: hr.test, path: [/high/], to: "${upstream.url}", auth: id+otp+pin }
  - { name: hr, host: hr.test, to: "${upstream.url}", auth: id+otp }
  - { name: wiki, host: wiki.test, to: "${upstream.url}", auth: id+otp }
sessions: { concurrent: { max: 100 } }
otp: { lockout: { failures: 50, for: [1m] } }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(async () => {
  upstream.clear();
  count += 1;
  victim = await gate.tokenOnly(`victim${count}`);
  attacker = await gate.tokenOnly(`attacker${count}`);
});

/** A signed-in browser just before it shows its code on a host. */
async function withCode(
  person: Person,
  url = `${HR}/page`,
): Promise<{ browser: Wanderer; code: string; link: string }> {
  const browser = new Wanderer(gate);
  const stop = await browser.submit(await browser.open(url), person, '/handover?');
  expect(stop.url.pathname).toBe('/_sumun/handover');
  return { browser, link: stop.url.href, code: stop.url.searchParams.get('c') ?? '' };
}

const loginAt = async (browser: Wanderer, host: string): Promise<string | undefined> => {
  const answer = await browser.at(host).send('GET', '/_sumun/session');
  return answer.status === 200 ? JSON.parse(answer.text).login : undefined;
};

const reasonOf = async (): Promise<string | undefined> => {
  const [record] = await gate.house.audit.read({ limit: 1, newestFirst: true, kind: 'handover.refused' });
  return record?.reason;
};

/** Fails unless the code was refused on a page that leads nowhere by itself. */
async function expectRefused(browser: Wanderer, link: string, headers: Record<string, string> = {}): Promise<void> {
  const before = new Map(browser.at(new URL(link).host).cookies);
  const answer = await browser.ask(link, { headers });
  expect(answer.status).toBe(403);
  expect(answer.headers.location).toBeUndefined();
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.text).toContain('We couldn’t finish signing you in');
  expect(answer.text).not.toMatch(/http-equiv|<script/i);
  expect(browser.at(new URL(link).host).cookies).toEqual(before);
}

describe('CSRF-1 signing somebody in as somebody else', () => {
  test('the attacker’s code in the victim’s browser opens nothing, and is spent for the attacker too', async () => {
    const { browser, link } = await withCode(attacker);
    const other = new Wanderer(gate);
    await other.open(`${HR}/`);
    await expectRefused(other, link);
    expect(await reasonOf()).toBe('other-browser');
    expect(await loginAt(other, 'hr.test')).toBeUndefined();
    await expectRefused(browser, link);
    expect(await reasonOf()).toBe('code-spent');
  });

  test('a victim who is signed in keeps the own session when shown the attacker’s code', async () => {
    const { link } = await withCode(attacker);
    const other = new Wanderer(gate);
    await other.signIn(`${HR}/`, victim);
    await expectRefused(other, link);
    expect(await loginAt(other, 'hr.test')).toBe(victim.login);
  });

  test('the attacker’s link to the portal signs the victim in nowhere, and gives the attacker nothing', async () => {
    const begun = new Wanderer(gate);
    const form = await begun.open(`${HR}/page`);
    const other = new Wanderer(gate);
    await other.signIn(`${WIKI}/`, victim);
    const end = await other.open(form.url.href);
    expect([end.url.host, end.answer.status]).toEqual(['hr.test', 403]);
    await expectRefused(begun, end.url.href);
    expect(await reasonOf()).toBe('code-spent');
    expect(await loginAt(begun, 'hr.test')).toBeUndefined();
    expect(await loginAt(other, 'hr.test')).toBeUndefined();
    expect(await loginAt(other, 'wiki.test')).toBe(victim.login);
  });

  test('the attacker’s form of the portal is worth nothing in the victim’s browser', async () => {
    const form = await new Wanderer(gate).open(`${HR}/page`);
    const other = new Wanderer(gate);
    await other.open(`${HR}/page`);
    const answer = await other.at('gw.test').post('/_sumun/login', {
      ...hiddenFields(form.answer.text),
      login: attacker.login,
      otp: attacker.otp(),
    });
    expect(answer.status).toBe(403);
    expect(await loginAt(other, 'gw.test')).toBeUndefined();
  });

  test('a form of another site is refused on the portal and on every host', async () => {
    const browser = new Wanderer(gate);
    const form = await browser.open(`${HR}/page`);
    for (const host of ['gw.test', 'hr.test', 'wiki.test']) {
      const answer = await browser.at(host).send('POST', '/_sumun/login', {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: HR === `http://${host}` ? GW : HR },
        body: new URLSearchParams(hiddenFields(form.answer.text)).toString(),
      });
      expect(answer.headers['set-cookie']?.some((line) => line.startsWith('sumun=')) ?? false, host).toBe(false);
      expect([303, 403], host).toContain(answer.status);
      expect(answer.headers.location ?? GW, host).toMatch(/^http:\/\/gw\.test/);
    }
  });
});

describe('a code that was stolen', () => {
  test('is worth nothing without the browser it was made for, whatever else the thief has', async () => {
    const { browser, link } = await withCode(victim);
    const thief = new Wanderer(gate);
    await thief.signIn(`${HR}/`, attacker);
    await expectRefused(thief, link);
    expect(await loginAt(thief, 'hr.test')).toBe(attacker.login);
    await expectRefused(browser, link);
  });

  test.each(['none', 'the portal’s', 'a planted one'])('is worth nothing with %s as browser cookie', async (which) => {
    const { browser, link } = await withCode(victim);
    const cookies = browser.at('hr.test').cookies;
    if (which === 'none') cookies.delete('sumun-browser');
    else
      cookies.set(
        'sumun-browser',
        which === 'a planted one' ? 'P'.repeat(43) : (browser.at('gw.test').cookies.get('sumun-browser') ?? ''),
      );
    await expectRefused(browser, link);
    expect(await reasonOf()).toBe('other-browser');
  });

  test('G042 for one host opens no other, even with the same browser cookie there', async () => {
    const { browser, code } = await withCode(victim);
    const secret = browser.at('hr.test').cookies.get('sumun-browser') ?? '';
    browser.at('wiki.test').cookies.set('sumun-browser', secret);
    await expectRefused(browser, `${WIKI}/_sumun/handover?c=${code}`);
    expect(await reasonOf()).toBe('other-host');
    expect((await browser.ask(`${GW}/_sumun/handover?c=${code}`)).status).toBe(404);
  });

  test('is worth nothing over another scheme', async () => {
    const { browser, link } = await withCode(victim);
    const secret = browser.at('hr.test').cookies.get('sumun-browser') ?? '';
    browser.at('hr.test').cookies.set('__Host-sumun-browser', secret);
    await expectRefused(browser, link, { 'X-Forwarded-Proto': 'https' });
    expect(await reasonOf()).toBe('other-host');
  });

  test('leaves no trace: not in a referrer, not in a log, not in the database', async () => {
    const { browser, code, link } = await withCode(victim);
    const answer = await browser.ask(link);
    expect(answer.status).toBe(303);
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers.location).toBe('/page');
    expect(answer.body).toHaveLength(0);
    await gate.house.requests.flush();
    const files = readdirSync(join(gate.folder, 'data'), { recursive: true, withFileTypes: true });
    const stored = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name)).toString('latin1'));
    expect(stored.join('').includes(code)).toBe(false);
    expect(gate.log.join('').includes(code)).toBe(false);
  });
});

describe('a code', () => {
  test('shown fifty times at once opens one session', async () => {
    const { browser, link } = await withCode(victim);
    const cookies = browser.at('hr.test').cookies;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => {
        const tab = gate.visitor('hr.test');
        for (const [name, value] of cookies) tab.cookies.set(name, value);
        return tab.send('GET', new URL(link).pathname + new URL(link).search).then((answer) => ({ tab, answer }));
      }),
    );
    const opened = answers.filter(({ answer }) => answer.status === 303);
    expect(opened).toHaveLength(1);
    expect(answers.filter(({ answer }) => answer.status === 403)).toHaveLength(49);
    const inside = await Promise.all(answers.map(({ tab }) => tab.send('GET', '/_sumun/session')));
    expect(inside.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('is over after a minute', async () => {
    const fresh = await withCode(victim);
    gate.time.ahead += 55_000;
    expect((await fresh.browser.ask(fresh.link)).status).toBe(303);
    const late = await withCode(attacker);
    gate.time.ahead += 61_000;
    await expectRefused(late.browser, late.link);
    expect(await reasonOf()).toBe('code-expired');
  });

  test('that was changed, shortened, doubled or made up opens nothing and spends nothing', async () => {
    const { browser, code, link } = await withCode(victim);
    const last = code.endsWith('A') ? 'B' : 'A';
    const forms = [
      `c=${code.slice(0, -1)}${last}`,
      `c=${code.slice(0, -1)}`,
      `c=${code}A`,
      `c=${code.toLowerCase()}`,
      `c=${code}&c=${code}`,
      `c[]=${code}`,
      `C=${code}`,
      `c=${'A'.repeat(43)}`,
      `c=${'%00'.repeat(43)}`,
      `c=${'A'.repeat(8000)}`,
      'c=',
      '',
    ];
    for (const form of forms) await expectRefused(browser, `${HR}/_sumun/handover?${form}`);
    for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS']) {
      expect((await browser.ask(link, {}, method)).status, method).toBe(405);
    }
    expect((await browser.ask(link)).status).toBe(303);
  });

  test('of a transaction that has opened its session already opens no second one', async () => {
    const browser = new Wanderer(gate);
    const form = await browser.open(`${HR}/page`);
    const first = await browser.submit(form, victim, '/handover?');
    const second = await browser.open(form.url.href, '/handover?');
    expect(second.url.href).not.toBe(first.url.href);
    expect((await browser.ask(first.url.href)).status).toBe(303);
    await expectRefused(browser, second.url.href);
    expect(await reasonOf()).toBe('transaction-gone');
  });

  test.each(['suspended', 'signed out', 'revoked'])('SESS-5 is worth nothing once its sign-in is %s', async (how) => {
    const { browser, link } = await withCode(victim);
    const { house } = gate;
    const now = house.clock.now();
    const by = { at: now, kind: 'user.suspended', login: victim.login, actor: 'cli', address: '', route: '' } as const;
    if (how === 'suspended')
      await house.accounts.setStatus(victim.accountId, 'suspended', { ...by, request: '', reason: '', detail: {} });
    if (how === 'signed out') {
      const cookie = browser.at('gw.test').cookies.get('sumun') ?? '';
      const session = await house.sessions.find(house.digests.hash(cookie));
      if (session === undefined) throw new Error('no session');
      await signOut({ ...house, live: { forget: () => undefined } }, session, { address: '', request: '' });
    }
    if (how === 'revoked')
      await house.sessions.revoke('all', { ...by, kind: 'session.revoked', request: '', reason: '', detail: {} });
    await expectRefused(browser, link);
    expect(await reasonOf()).toBe('signin-ended');
  });
});

describe('SESS-3 G163 fixation', () => {
  test('cookies planted on a host before the hand-over are never adopted, and each host has its own', async () => {
    const planted = 'P'.repeat(43);
    const browser = new Wanderer(gate);
    for (const host of ['hr.test', 'gw.test']) browser.at(host).cookies.set('sumun', planted);
    await browser.signIn(`${HR}/`, victim);
    const [hr, gw] = ['hr.test', 'gw.test'].map((host) => browser.at(host).cookies.get('sumun') ?? '');
    expect(new Set([hr, gw, planted]).size).toBe(3);
    for (const [host, value] of [
      ['hr.test', gw],
      ['gw.test', hr],
      ['wiki.test', hr],
      ['wiki.test', gw],
      ['hr.test', planted],
    ] as const) {
      const thief = gate.visitor(host);
      thief.cookies.set('sumun', value ?? '');
      expect((await thief.send('GET', '/_sumun/session')).status, host).toBe(401);
    }
  });

  test('somebody else who signs in on the portal takes the place of whoever was on the host, whose session is over', async () => {
    const browser = new Wanderer(gate);
    await browser.signIn(`${HR}/`, victim);
    await browser.open(`${WIKI}/`);
    const old = browser.at('hr.test').cookies.get('sumun') ?? '';
    browser.at('gw.test').cookies.delete('sumun');
    const form = await browser.open(`${HR}/high/`);
    expect(form.answer.text).toContain('name="login"');
    const someone = await gate.person(`someone${count}`);
    expect((await browser.submit(form, someone)).url.href).toBe(`${HR}/high/`);
    expect(await loginAt(browser, 'hr.test')).toBe(someone.login);
    expect(await loginAt(browser, 'wiki.test')).toBeUndefined();
    const thief = gate.visitor('hr.test');
    thief.cookies.set('sumun', old);
    expect((await thief.send('GET', '/_sumun/session')).status).toBe(401);
  });
});

describe('REDIR-2 where the browser goes', () => {
  const CORPUS: readonly string[] = JSON.parse(
    readFileSync(new URL('../vectors/redirect-addresses.json', import.meta.url), 'utf8'),
  ).addresses;

  test('is in no parameter: neither of the portal’s page nor of the way back', async () => {
    const { browser, code } = await withCode(victim);
    const { link } = await withCode(attacker);
    expect(link).toMatch(/^http:\/\/hr\.test\/_sumun\/handover\?c=[\w-]{43}$/);
    for (const address of CORPUS.slice(0, 60)) {
      const text = encodeURIComponent(address.toWellFormed());
      for (const path of [
        `/_sumun/login?t=${text}`,
        `/_sumun/login?t=${text}&rd=${text}&host=${text}`,
        `/_sumun/?rd=${text}`,
      ]) {
        const answer = await browser.ask(`${GW}${path}`);
        expect([200, 303], path).toContain(answer.status);
        if (answer.status === 303) expect(answer.headers.location, path).toMatch(/^\/_sumun\/(?:login)?$/);
      }
      const back = await browser.ask(`${HR}/_sumun/handover?c=${text}&rd=${text}`);
      expect([back.status, back.headers.location], address).toEqual([403, undefined]);
    }
    const end = await browser.ask(`${HR}/_sumun/handover?c=${code}&rd=https://evil.test/&t=//evil.test`);
    expect([end.status, end.headers.location]).toEqual([303, '/page']);
  });

  test('is never a host that is not served, whatever Host and the headers of a stranger say', async () => {
    const answer = await new Wanderer(gate).ask(`${HR}/page`, { headers: { Host: 'evil.test' } });
    expect(answer.status).toBe(421);
    const own = await gate.visitor('evil.test').send('GET', '/_sumun/login');
    expect([own.status, own.headers.location]).toEqual([421, undefined]);
  });

  test('is the way back on the host, as a path, for paths that look like another host', async () => {
    for (const path of ['/%2e%2e//evil.test', '//evil.test/x', '/\\evil.test']) {
      const raw = await gate
        .visitor('hr.test')
        .send('GET', path)
        .catch(() => undefined);
      expect(raw === undefined || raw.status === 400, path).toBe(true);
    }
  });

  test('nobody goes in circles: a browser without cookies ends on a page that says what to do', async () => {
    const browser = new Wanderer(gate);
    await browser.signIn(`${WIKI}/`, victim);
    browser.at('hr.test').cookies.clear();
    const stop = await browser.open(`${HR}/page`, '/handover?');
    browser.at('hr.test').cookies.clear();
    const end = await browser.open(stop.url.href);
    expect(end.answer.status).toBe(403);
    expect(end.answer.text).toContain('allow cookies');
    expect(end.way).toHaveLength(1);
  });
});

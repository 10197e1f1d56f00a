/**
 * The attacker has a cookie: one they planted, one they copied, one of another host, or one that should be over.
 * They must see 401 or the sign-in page with it, and what is still open must be cut within a second.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openHouse } from '../../src/app/house.ts';
import { auditEvent } from '../../src/flows/origin.ts';
import type { House } from '../../src/ports.ts';
import { type GateFixture, type Person, startGate, submit } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { answerOpenEnded, handshake, OPEN_ENDED, openStream } from '../support/streams.ts';
import type { Visitor } from '../support/visitor.ts';
import { sendRaw } from '../support/wire.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SIGN_IN_COOKIE = /^sumun=([A-Za-z0-9_-]{43}); Path=\/; HttpOnly; SameSite=Lax$/;

let upstream: Recorder;
let gate: GateFixture;
let config: string;

beforeAll(async () => {
  upstream = await startRecorder();
  answerOpenEnded(upstream);
  config = `
routes:
  - { name: admin, path: [/app/admin/], to: "${upstream.url}", auth: id+otp, allow: { groups: [admin] } }
  - { name: high, path: [/app/high/], to: "${upstream.url}", auth: id+otp+pin }
  - { name: three, path: [/app/three/], to: "${upstream.url}", auth: id+pw+otp }
  - name: fresh
    path: [/app/fresh/]
    to: "${upstream.url}"
    auth: id+otp
    step_up: [{ methods: [GET], auth: id+otp, max_age: 5m }]
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
sessions: { concurrent: { max: 100 } }
otp: { lockout: { failures: 50, for: [1m] } }
`;
  gate = await startGate(config);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => upstream.clear());

type Ask = { readonly host?: string; readonly path?: string; readonly from?: GateFixture; readonly lines?: string[] };

/** Status of a script's GET with exactly these Cookie lines; a refusal must not have reached the application. */
async function ask(cookies: string | readonly string[], { host, path = '/app/x', from = gate, lines = [] }: Ask = {}) {
  const seen = upstream.requests.length;
  const fields = (typeof cookies === 'string' ? [cookies] : cookies).map((each) => `Cookie: ${each}`);
  const head = [`GET ${path} HTTP/1.1`, `Host: ${host ?? `localhost:${from.port}`}`, 'Connection: close', ...fields];
  const { responses } = await sendRaw(from.port, [...head, ...lines, '', ''].join('\r\n'), { quiet: 2000, pause: 0 });
  const status = responses[0]?.status ?? 0;
  if (status !== 200) {
    expect(upstream.requests.length).toBe(seen);
    expect(responses[0]?.body.toString()).not.toContain(upstream.canary);
  }
  return status;
}

const sessionCookie = (browser: Visitor): string => `sumun=${browser.cookies.get('sumun') ?? ''}`;
const noted = (house: House, login: string) =>
  auditEvent('user.changed', house.clock.now(), { actor: 'cli', address: '', request: '' }, { login });

let count = 0;
/** Somebody new, signed in for `/app/`. */
async function arrive(from = gate, groups = ['staff']) {
  const person = await from.person(`person${++count}`, groups);
  const browser = from.visitor();
  expect((await submit(browser, person, '/app/')).status).toBe(303);
  return { person, browser, cookie: sessionCookie(browser) };
}

describe('SESS-1 the cookie', () => {
  test('over http is host-only, HttpOnly, Lax, 256 bits, new each time, and kept only as its SHA-256', async () => {
    const person = await gate.person('alice');
    const values = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const answer = await submit(gate.visitor(), person, '/app/');
      const lines = answer.headers['set-cookie']?.filter((line) => line.startsWith('sumun=')) ?? [];
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(SIGN_IN_COOKIE);
      values.add(SIGN_IN_COOKIE.exec(lines[0] ?? '')?.[1] ?? '');
    }
    expect(values.size).toBe(5);
    await gate.house.requests.flush();
    const data = join(gate.folder, 'data');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    const stored = Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name)))).toString(
      'latin1',
    );
    for (const value of values) {
      expect(stored.includes(value)).toBe(false);
      expect(gate.log.join().includes(value)).toBe(false);
      expect(stored.includes(createHash('sha256').update(value).digest('base64url'))).toBe(true);
    }
  });

  test('over https has the __Host- prefix and Secure, and the plain name is worth nothing there', async () => {
    const behind = await startGate(
      `version: 1\nserver: { listen: "127.0.0.1:0", trusted_proxies: [127.0.0.1/32], shutdown: { drain: 100ms } }\nconsole: { listen: "127.0.0.1:0" }\n${config}`,
    );
    try {
      const person = await behind.person('tls');
      const https = { headers: { 'X-Forwarded-Proto': 'https', Origin: 'https://a.test' } };
      const browser = behind.visitor('a.test');
      const form = await browser.send('GET', '/_sumun/login', https);
      const fields = Object.fromEntries(
        [...form.text.matchAll(/name="(t|csrf)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
      );
      const answer = await browser.send('POST', '/_sumun/login', {
        headers: { ...https.headers, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...fields, login: 'tls', otp: person.otp() }).toString(),
      });
      const line = answer.headers['set-cookie']?.find((each) => each.includes('sumun=')) ?? '';
      expect(line).toMatch(/^__Host-sumun=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
      const value = /=([^;]*)/.exec(line)?.[1] ?? '';
      const lines = ['X-Forwarded-Proto: https'];
      expect(await ask(`__Host-sumun=${value}`, { host: 'a.test', from: behind, lines })).toBe(200);
      expect(await ask(`sumun=${value}`, { host: 'a.test', from: behind, lines })).toBe(401);
      expect(await ask(`__Host-sumun=${value}`, { host: 'a.test', from: behind })).toBe(401);
    } finally {
      await behind.stop();
    }
  });

  test('twice in one request means no session, whichever comes first and however it is written', async () => {
    const { cookie } = await arrive();
    expect(await ask(cookie)).toBe(200);
    const pairs = [
      `${cookie}; ${cookie}`,
      `${cookie}; sumun=`,
      `sumun=; ${cookie}`,
      `${cookie};sumun=x`,
      `a=b; ${cookie}; c=d; sumun=${'A'.repeat(43)}`,
      `sumun =x; ${cookie}`,
      [cookie, cookie],
      ['sumun=planted', cookie],
      [cookie, 'other=1; sumun=planted'],
    ];
    for (const each of pairs) {
      expect(await ask(each), JSON.stringify(each)).toBe(401);
      expect(await ask(each, { path: '/_sumun/session' }), JSON.stringify(each)).toBe(401);
    }
    expect(await ask(cookie)).toBe(200);
  });

  test('in any other form is no session', async () => {
    const { cookie } = await arrive();
    const value = cookie.slice(6);
    const forms = ['SUMUN=', '__Host-sumun=', '__Secure-sumun=', 'sumun-browser=', 'sumun_=', '$Version=1; xsumun='];
    for (const name of forms) expect(await ask(`${name}${value}`), name).toBe(401);
    const values = [
      `"${value}"`,
      `${value}=`,
      `${value}A`,
      value.slice(0, 42),
      value.toLowerCase(),
      `%${value}`,
      `${value},x`,
    ];
    for (const each of values) expect(await ask(`sumun=${each}`), each).toBe(401);
    expect(await ask([], { lines: [`Authorization: Bearer ${value}`] })).toBe(401);
    expect(await ask([], { path: `/app/x?sumun=${value}` })).toBe(401);
  });

  test('of our name cannot be set by the application', async () => {
    const lines = [
      'sumun=evil',
      ' sumun = evil',
      '=sumun=evil',
      'sumun',
      '= sumun=evil',
      'sumun-browser=evil',
      '__Host-sumun=evil',
      '=sumun-resume=x',
    ];
    upstream.answer(
      () =>
        `HTTP/1.1 200 OK\r\n${lines.map((line) => `Set-Cookie: ${line}; Path=/app\r\n`).join('')}Set-Cookie: own=1\r\nContent-Length: 0\r\n\r\n`,
    );
    try {
      expect((await gate.visitor().send('GET', '/pub/x')).headers['set-cookie']).toEqual(['own=1']);
    } finally {
      answerOpenEnded(upstream);
    }
  });
});

test('G042 a cookie of one host is worth nothing on another, a sibling, a parent or a port of the same name', async () => {
  const person = await gate.person('traveller');
  const cookie = await gate.signIn(person, '/app/', 'a.test');
  expect(await ask(cookie, { host: 'a.test' })).toBe(200);
  for (const host of ['b.test', 'x.a.test', 'test', 'a.test.b.test', 'localhost', '127.0.0.1']) {
    expect(await ask(cookie, { host }), host).toBe(401);
    expect(await ask(cookie, { host, path: '/_sumun/session' }), host).toBe(401);
    const { responses } = await sendRaw(gate.port, handshake({ host, path: '/app/ws', cookie }), { quiet: 300 });
    expect([401, 403], host).toContain(responses[0]?.status);
  }
  expect(await ask(cookie, { host: 'a.test' })).toBe(200);
});

describe('SESS-3 G163 fixation and rotation', () => {
  test('a planted session cookie is never adopted, and a planted browser cookie opens nothing', async () => {
    const person = await gate.person('victim');
    const victim = gate.visitor();
    const planted = 'P'.repeat(43);
    victim.cookies.set('sumun', planted).set('sumun-browser', planted);
    expect((await submit(victim, person, '/app/')).status).toBe(303);
    expect(victim.cookies.get('sumun')).not.toBe(planted);
    expect(await ask(`sumun=${planted}`)).toBe(401);
    expect(await ask(`sumun=${planted}; sumun-browser=${planted}`)).toBe(401);
    expect(await ask(`sumun-browser=${planted}`, { path: '/_sumun/session' })).toBe(401);
    expect(await ask(sessionCookie(victim))).toBe(200);
  });

  test('the cookie changes at every rise in assurance, and the old one is dead at once', async () => {
    const { person, browser, cookie } = await arrive();
    const used = [cookie];
    const form = await browser.open('/app/high/');
    expect(form.text).not.toContain('name="login"');
    expect(form.text).not.toContain('name="otp"');
    expect(await ask(cookie, { path: '/app/high/' })).toBe(401);
    expect((await submit(browser, person, '/app/high/')).status).toBe(303);
    used.push(sessionCookie(browser));
    expect((await submit(browser, person, '/app/three/')).status).toBe(303);
    used.push(sessionCookie(browser));
    expect(new Set(used).size).toBe(3);
    for (const old of used.slice(0, -1)) {
      for (const path of ['/app/x', '/app/high/', '/app/three/', '/_sumun/session']) {
        expect(await ask(old, { path }), path).toBe(401);
      }
    }
    for (const path of ['/app/x', '/app/high/', '/app/three/'])
      expect(await ask(sessionCookie(browser), { path })).toBe(200);
  });

  test('signing in again, in the same browser, gives another cookie; the one that was stolen dies with its sign-in', async () => {
    const { person, browser, cookie } = await arrive();
    expect(
      (await browser.post('/_sumun/logout', hidden((await browser.send('GET', '/_sumun/logout')).text))).status,
    ).toBe(200);
    expect((await submit(browser, person, '/app/')).status).toBe(303);
    expect(sessionCookie(browser)).not.toBe(cookie);
    expect([await ask(cookie), await ask(sessionCookie(browser))]).toEqual([401, 200]);
  });
});

describe('G044 half a sign-in is no session', () => {
  test('after a right password and a wrong code nothing opens, and the factors do not add up', async () => {
    const person = await gate.person('half');
    const browser = gate.visitor();
    const form = await browser.open('/app/three/');
    const fields = { ...hidden(form.text), login: 'half', password: person.password };
    const wrong = await browser.post('/_sumun/login', { ...fields, otp: wrongOtp(person) });
    expect(wrong.status).toBe(401);
    expect((wrong.headers['set-cookie'] ?? []).filter((line) => line.startsWith('sumun='))).toEqual([]);
    const held = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const path of ['/app/x', '/app/three/', '/app/admin/', '/_sumun/session'])
      expect(await ask(held, { path })).toBe(401);
    const socket = handshake({ host: `localhost:${gate.port}`, path: '/app/ws', cookie: held });
    expect([401, 403]).toContain((await sendRaw(gate.port, socket, { quiet: 300 })).responses[0]?.status);
    const { password: _, ...codeOnly } = fields;
    const answer = await browser.post('/_sumun/login', { ...codeOnly, otp: person.otp() });
    expect([401, 422]).toContain(answer.status);
    expect(browser.cookies.has('sumun')).toBe(false);
    expect(upstream.requests).toEqual([]);
  });

  test('a session that lacks a factor meets 401 step_up_required, and its WebSocket no application', async () => {
    const { browser, cookie } = await arrive();
    const answer = await browser.send('GET', '/app/high/', { headers: { 'Sec-Fetch-Mode': 'cors' } });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([401, 'step_up_required']);
    const socket = handshake({ host: `localhost:${gate.port}`, path: '/app/high/ws', cookie });
    expect([401, 403]).toContain((await sendRaw(gate.port, socket, { quiet: 300 })).responses[0]?.status);
    expect(upstream.requests).toEqual([]);
  });
});

describe('G007 G077 SESS-5 signing out', () => {
  test('G007 asking changes nothing; confirming “somebody else” ends the sign-in before anybody else has come', async () => {
    const { browser, cookie } = await arrive();
    for (const path of ['/_sumun/logout', '/_sumun/logout?again=1', '/_sumun/login', '/_sumun/']) {
      for (const method of ['GET', 'HEAD']) await gate.visitor().send(method, path, { headers: { Cookie: cookie } });
    }
    expect(await ask(cookie)).toBe(200);
    const asked = await browser.send('GET', '/_sumun/logout?again=1');
    const answer = await browser.post('/_sumun/logout', hidden(asked.text));
    expect([answer.status, answer.headers.location]).toEqual([303, '/_sumun/login']);
    expect(await ask(cookie)).toBe(401);
  });

  test('G077 the cookie, a second tab and every open stream are over within a second', async () => {
    const { browser, cookie } = await arrive();
    const streams = await openAll(cookie);
    const asked = await browser.send('GET', '/_sumun/logout');
    expect((await browser.post('/_sumun/logout', hidden(asked.text))).status).toBe(200);
    expect(await ask(cookie)).toBe(401);
    expect(await ask(cookie, { path: '/_sumun/session' })).toBe(401);
    await expectCut(streams);
  });
});

const openAll = (cookie: string) =>
  Promise.all(
    OPEN_ENDED.map((way) =>
      openStream(gate.port, way, { host: `localhost:${gate.port}`, path: `/app/${way}`, cookie }, upstream),
    ),
  );

async function expectCut(streams: Awaited<ReturnType<typeof openAll>>): Promise<void> {
  await Promise.all(streams.map((stream) => stream.untilClosed(1000)));
}

const wrongOtp = (person: Person): string => String((Number(person.otp()) + 1) % 1_000_000).padStart(6, '0');

function hidden(html: string): Record<string, string> {
  const inputs = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value]));
}

/** The acts of an administrator that end what a person has open. */
const ACTS: readonly (readonly [string, (house: House, person: Person) => Promise<unknown>])[] = [
  [
    'suspending',
    (house, { accountId, login }) => house.accounts.setStatus(accountId, 'suspended', noted(house, login)),
  ],
  ['deleting', (house, { accountId, login }) => house.accounts.delete(accountId, noted(house, login))],
  ['revoking', (house, { accountId, login }) => house.sessions.revoke({ accountId }, noted(house, login))],
  [
    'revoking one sign-in',
    async (house, { accountId, login }) => {
      for (const { id } of await house.sessions.list({ accountId }, house.clock.now()))
        await house.sessions.revoke({ id }, noted(house, login));
    },
  ],
  [
    'a new PIN',
    async (house, { accountId, login }) =>
      house.accounts.setSecret(accountId, 'pin', await house.hasher.hash('1'), noted(house, login)),
  ],
];

describe.each(['this process', 'another process'])('SESS-5 what an administrator ends from %s', (place) => {
  let other: House | undefined;
  beforeAll(async () => {
    if (place === 'this process') return;
    other = await openHouse(gate.served.policy(), gate.house.clock, gate.house.log);
  });
  afterAll(() => other?.close());

  test.each(ACTS)('%s cuts every open stream within a second and refuses the next request', async (_, act) => {
    const { person, cookie } = await arrive();
    const bystander = await arrive();
    const streams = await openAll(cookie);
    const untouched = await openAll(bystander.cookie);
    await act(other ?? gate.house, person);
    await expectCut(streams);
    expect(await ask(cookie)).toBe(401);
    expect(untouched.filter(({ closed }) => closed)).toEqual([]);
    for (const stream of untouched) stream.destroy();
  });

  test('G015 a group that is taken away counts from the next request, and for what is open within a second', async () => {
    const { person, cookie } = await arrive(gate, ['staff', 'admin']);
    expect(await ask(cookie, { path: '/app/admin/' })).toBe(200);
    const stream = await openStream(gate.port, 'ws', { host: 'localhost', path: '/app/admin/ws', cookie }, upstream);
    const house = other ?? gate.house;
    await house.accounts.update(person.accountId, { groups: ['staff'] }, noted(house, person.login));
    await stream.untilClosed(1000);
    expect(await ask(cookie, { path: '/app/admin/' })).toBe(403);
    expect(await ask(cookie)).toBe(200);
  });
});

describe('SESS-4 time limits', () => {
  let timed: GateFixture;
  beforeAll(async () => {
    timed = await startGate(config);
  });
  afterAll(() => timed.stop());

  test('half an hour without a request, or ten hours with them; looking at the session does not count', async () => {
    const idle = await arrive(timed);
    const busy = await arrive(timed);
    const start = timed.time.ahead;
    const look = { from: timed, path: '/_sumun/session' };
    for (const minutes of [10, 20, 29]) {
      timed.time.ahead = start + minutes * MINUTE;
      const left = JSON.parse((await idle.browser.send('GET', '/_sumun/session')).text).idle;
      expect(Math.abs(left - (30 - minutes) * 60)).toBeLessThan(20);
      expect(await ask(busy.cookie, { from: timed })).toBe(200);
    }
    timed.time.ahead = start + 31 * MINUTE;
    expect([await ask(idle.cookie, look), await ask(idle.cookie, { from: timed })]).toEqual([401, 401]);
    for (let minutes = 40; minutes < 600; minutes += 20) {
      timed.time.ahead = start + minutes * MINUTE;
      expect(await ask(busy.cookie, { from: timed }), `${minutes} min`).toBe(200);
    }
    timed.time.ahead = start + 601 * MINUTE;
    expect(await ask(busy.cookie, { from: timed })).toBe(401);
  });

  test('a proof that is too old is asked for again, and that changes the cookie too', async () => {
    const { person, browser, cookie } = await arrive(timed);
    expect(await ask(cookie, { from: timed, path: '/app/fresh/' })).toBe(200);
    timed.time.ahead += 6 * MINUTE;
    expect(await ask(cookie, { from: timed, path: '/app/fresh/' })).toBe(401);
    expect((await submit(browser, person, '/app/fresh/')).status).toBe(303);
    expect(await ask(cookie, { from: timed })).toBe(401);
    expect(await ask(sessionCookie(browser), { from: timed, path: '/app/fresh/' })).toBe(200);
  });

  test('an open WebSocket does not outlive the longest session', async () => {
    const { cookie } = await arrive(timed);
    const request = { host: `localhost:${timed.port}`, path: '/app/ws', cookie };
    const stream = await openStream(timed.port, 'ws', request, upstream);
    timed.time.ahead += 10 * HOUR;
    await stream.untilClosed(2500);
  });

  test('a clock that goes back an hour neither revives nor lengthens a session', async () => {
    const { cookie } = await arrive(timed);
    const start = timed.time.ahead;
    timed.time.ahead = start + 31 * MINUTE;
    expect(await ask(cookie, { from: timed })).toBe(401);
    for (const back of [0, -HOUR, -24 * HOUR]) {
      timed.time.ahead = start + back;
      expect(await ask(cookie, { from: timed }), `${back}`).toBe(401);
    }
  });
});

test('sessions survive a restart, sign-ins under way too; what was ended stays ended', async () => {
  const before = await startGate(config);
  const kept = await arrive(before);
  const ended = await arrive(before);
  const slow = await before.person('slow');
  await before.house.sessions.revoke({ accountId: ended.person.accountId }, noted(before.house, ended.person.login));
  const form = await (async () => {
    const browser = before.visitor();
    const page = await browser.open('/app/y?z=1');
    return { fields: hidden(page.text), cookies: [...browser.cookies] };
  })();
  await before.stop({ keepFolder: true });
  const after = await startGate(config, { folder: before.folder });
  try {
    expect(await ask(kept.cookie, { from: after })).toBe(200);
    expect(await ask(ended.cookie, { from: after })).toBe(401);
    const browser = after.visitor();
    for (const [name, value] of form.cookies) browser.cookies.set(name, value);
    const answer = await browser.post('/_sumun/login', { ...form.fields, login: 'slow', otp: slow.otp() });
    expect([answer.status, answer.headers.location]).toEqual([303, '/app/y?z=1']);
  } finally {
    await after.stop();
  }
});

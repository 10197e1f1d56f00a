/** What old applications need of a gateway, through the whole product. */
import iconv from 'iconv-lite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditEvent } from '../../src/flows/origin.ts';
import { type GateFixture, startGate } from '../support/gate.ts';
import { headerValues, RawClient, rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { plainResponse } from '../support/recorder-upstream.ts';
import { hiddenFields } from '../support/visitor.ts';

let upstream: Recorder;
let gate: GateFixture;
let cookie: string;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
identity:
  profiles:
    korean: { headers: { SM_USER: "{user.login}", SM_NAME: "{user.name}" }, jwt: null, text_encoding: euc-kr }
    plain: { headers: { SM_NAME: "{user.name}" }, jwt: null, text_encoding: utf-8 }
    coded: { headers: { SM_NAME: "{user.name}" }, jwt: null, text_encoding: base64 }
    percent: { headers: { SM_NAME: "{user.name}" }, jwt: null }
routes:
  - { name: korean, path: [/korean/], to: "${upstream.url}", auth: id+otp, identity: korean }
  - { name: plain, path: [/plain/], to: "${upstream.url}", auth: id+otp, identity: plain }
  - { name: coded, path: [/coded/], to: "${upstream.url}", auth: id+otp, identity: coded }
  - { name: percent, path: [/percent/], to: "${upstream.url}", auth: id+otp, identity: percent }
  - { name: closed, path: [/closed/], to: "${upstream.url}", auth: id+otp, maintenance: { text: { ko: 월말 정산, en: Month-end }, until: "2999-01-01T09:00+09:00" } }
  - { name: shut, path: [/shut/], maintenance: true }
  - { name: barred, path: [/barred/], to: "${upstream.url}", auth: id+otp, maintenance: true, allow: { networks: [office] } }
  - { name: files, path: [/files/], to: "${upstream.url}", auth: id+otp, tolerate: [legacy_encoding] }
  - name: erp
    title: { ko: 회계, en: Books }
    path: [/erp/]
    to: "${upstream.url}"
    auth: id+otp
    identity: none
    app_logout: { watch: [/erp/logout.do], call: /erp/signoff.do, clear_cookies: [JSESSIONID, "ASPSESSIONID*"] }
  - { name: small, path: [/small/], to: "${upstream.url}", auth: id+otp, limits: { body: 10B, rate: 3/h } }
networks: { office: [10.0.0.0/8] }
sessions: { concurrent: { max: 100 } }
`);
  const person = await gate.person('kim');
  const by = auditEvent('user.changed', Date.now(), { actor: 'cli', address: '', request: '' });
  await gate.house.accounts.update(person.accountId, { name: '홍길동 똠방' }, by);
  cookie = await gate.signIn(person, '/korean/');
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.clear();
  upstream.answer(undefined);
});

/** Waits for something that comes within a second, on a busy machine too. */
const soon = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 5000, interval: 20 });

const ask = (line: string, ...fields: readonly string[]) =>
  rawRequest(
    gate.port,
    `${line} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
    line.split(' ')[0],
  );

const sent = (name: string): string => upstream.requests.at(-1)?.fields.find(([field]) => field === name)?.[1] ?? '';

describe('text_encoding', () => {
  test.each([
    ['korean', iconv.encode('홍길동 똠방', 'cp949').toString('latin1')],
    ['plain', Buffer.from('홍길동 똠방').toString('latin1')],
    ['coded', Buffer.from('홍길동 똠방').toString('base64')],
    ['percent', '%ED%99%8D%EA%B8%B8%EB%8F%99 %EB%98%A0%EB%B0%A9'],
  ])('%s: these octets are on the wire', async (profile, expected) => {
    expect((await ask(`GET /${profile}/`, `Cookie: ${cookie}`)).status).toBe(200);
    expect(sent('SM_NAME')).toBe(expected);
  });

  test('HDR-1 a header named SM_USER is ours alone, in every spelling', async () => {
    const spoofed = ['SM_USER: root1', 'sm_user: root1', 'SM-USER: root1', 'SmUser: root1', 'SM__USER: root1'];
    await ask('GET /korean/', `Cookie: ${cookie}`, ...spoofed);
    const arrived = upstream.requests[0]?.fields.filter(([name]) => /^sm[_-]*user$/i.test(name));
    expect(arrived).toEqual([['SM_USER', 'kim']]);
  });
});

describe('maintenance', () => {
  test('is said before anybody is asked to sign in, with the time it should be over', async () => {
    const page = await ask('GET /closed/x', 'Accept: text/html', 'Accept-Language: ko');
    expect(page.status).toBe(503);
    expect(Number(headerValues(page, 'retry-after')[0])).toBeGreaterThan(3600);
    expect(headerValues(page, 'cache-control')).toEqual(['no-store']);
    const text = Buffer.from(page.body, 'latin1').toString('utf8');
    expect(text).toContain('점검');
    expect(text).toContain('월말 정산');
    expect(upstream.requests).toEqual([]);
  });

  test('is the same for who is signed in, for scripts, and for a socket', async () => {
    const script = await ask('POST /closed/x', 'Accept: application/json', `Cookie: ${cookie}`, 'Content-Length: 0');
    expect([script.status, JSON.parse(script.body)]).toMatchObject([503, { code: 'maintenance', status: 503 }]);
    const handshake = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    const socket = await rawRequest(
      gate.port,
      `GET /shut/ws HTTP/1.1\r\nHost: localhost\r\n${handshake.join('\r\n')}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    expect(socket.status).toBe(503);
    expect(Number(headerValues(await ask('GET /shut/'), 'retry-after')[0])).toBe(120);
  });

  test('does not open what a network rule closes, and leaves sign-in alone', async () => {
    expect((await ask('GET /barred/', 'Accept: text/html')).status).toBe(403);
    expect((await ask('GET /erp/', 'Accept: text/html')).status).toBe(303);
  });
});

describe('tolerate: legacy_encoding', () => {
  test('PATH-1 the octets arrive as they came; elsewhere they are malformed', async () => {
    expect((await ask('GET /files/%B0%A1%b3%aa.hwp?n=%B0%A1', `Cookie: ${cookie}`)).status).toBe(200);
    expect(upstream.requests[0]?.requestLine).toBe('GET /files/%B0%A1%b3%aa.hwp?n=%B0%A1 HTTP/1.1');
    upstream.clear();
    for (const path of [
      '/erp/%B0%A1',
      '/files/%B0%A1/%c0%af',
      '/files/..%B0%A1/..',
      '/files/%B0%A1%0a',
      '/_sumun/%B0%A1',
    ])
      expect((await ask(`GET ${path}`, `Cookie: ${cookie}`)).status, path).toBe(400);
    expect(upstream.requests).toEqual([]);
  });
});

describe('app_logout', () => {
  const person = async (login: string) => {
    const session = await gate.signIn(await gate.tokenOnly(login), '/erp/');
    return { session, browser: `${session}; JSESSIONID=abc; ASPSESSIONIDQQ=z` };
  };

  test('the application’s own sign-out ends the session here, on that very answer', async () => {
    const { browser, session } = await person('lee');
    upstream.answer(() => plainResponse('bye', 'Set-Cookie: JSESSIONID=fresh; Path=/\r\n'));
    const answer = await ask('GET /erp/logout.do', `Cookie: ${browser}`, 'Sec-Fetch-Site: same-origin');
    expect([answer.status, answer.body]).toEqual([200, 'bye']);
    const lines = headerValues(answer, 'set-cookie');
    expect(lines).toContain('sumun=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
    for (const name of ['JSESSIONID', 'ASPSESSIONIDQQ'])
      for (const path of ['/', '/erp/', '/erp'])
        expect(lines).toContain(`${name}=; Path=${path}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT`);
    await soon(async () => (await ask('GET /erp/', `Cookie: ${session}`)).status).toBe(401);
    const [record] = await gate.house.audit.read({ limit: 1, kind: 'signout', newestFirst: true });
    expect(record).toMatchObject({ login: 'lee', kind: 'signout' });
  });

  test('an answer under way is whole; everything else of the session is cut', async () => {
    const { browser } = await person('oh');
    upstream.answer(({ requestLine }, { socket }) => {
      if (!requestLine.includes('logout')) return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n';
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nby');
      setTimeout(() => socket.write('e!'), 300);
      return undefined;
    });
    const head = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${browser}\r\n\r\n`;
    const stream = await RawClient.open(gate.port);
    stream.send(head('/erp/stream'));
    await soon(() => upstream.requests.length).toBe(1);
    const answer = await rawRequest(gate.port, head('/erp/logout.do'));
    expect(answer.body).toBe('bye!');
    await soon(() => stream.socket.readableEnded).toBe(true);
    stream.destroy();
  });

  test.each([
    ['a request from another site', ['Sec-Fetch-Site: cross-site']],
    ['a page that is loaded in advance', ['Sec-Purpose: prefetch']],
  ])('%s signs nobody out', async (_, fields) => {
    const { browser, session } = await person(`p${fields[0]?.length}`);
    const answer = await ask('GET /erp/logout.do', `Cookie: ${browser}`, ...fields);
    expect(headerValues(answer, 'set-cookie')).toEqual([]);
    expect((await ask('GET /erp/', `Cookie: ${session}`)).status).toBe(200);
  });

  /** Signs out on the pages and answers the page that says so. */
  async function signOutHere(login: string, more: Readonly<Record<string, string>>) {
    const browser = gate.visitor();
    const somebody = await gate.tokenOnly(login);
    const form = await browser.open('/erp/');
    await browser.post('/_sumun/login', { ...hiddenFields(form.text), login, otp: somebody.otp() });
    for (const [name, value] of Object.entries(more)) browser.cookies.set(name, value);
    upstream.clear();
    const question = await browser.open('/_sumun/logout');
    return browser.post('/_sumun/logout', hiddenFields(question.text));
  }

  test('signing out here asks the application for its sign-out, with its cookies and without ours', async () => {
    const page = await signOutHere('choi', { JSESSIONID: 'abc', other: 'x' });
    expect(page.status).toBe(200);
    expect(upstream.requests.map(({ requestLine }) => requestLine)).toEqual(['GET /erp/signoff.do HTTP/1.1']);
    expect(sent('Cookie')).toContain('JSESSIONID=abc; other=x');
    expect(sent('Cookie')).not.toContain('sumun');
    expect(page.headers['set-cookie']?.some((line) => line.startsWith('JSESSIONID=; Path=/erp/; Max-Age=0'))).toBe(
      true,
    );
    expect(page.text).not.toContain('회계');
  });

  test('who never used the application does not bother it', async () => {
    expect((await signOutHere('jung', { other: 'x' })).status).toBe(200);
    expect(upstream.requests).toEqual([]);
  });

  test.each([
    ['refuses', 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'],
    ['breaks off', 'HTTP/1.1 2'],
  ])('an application that %s is named on the page, and the session has ended all the same', async (what, reply) => {
    upstream.answer((_, { socket }) => {
      socket.end(reply);
      return undefined;
    });
    const page = await signOutHere(`u${what.length}`, { JSESSIONID: 'abc' });
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/회계|Books/);
    expect(gate.log.some((line) => line.includes('app-logout.failed'))).toBe(true);
  });
});

describe('limits of a route', () => {
  test.each([
    [9, 200],
    [10, 200],
    [11, 413],
  ])('DOS-1 a body of %i bytes where 10 are allowed: %i', async (size, status) => {
    const session = await gate.signIn(await gate.tokenOnly(`b${size}`), '/small/');
    const request = (framing: string, body: string) =>
      rawRequest(
        gate.port,
        `POST /small/ HTTP/1.1\r\nHost: localhost:${gate.port}\r\nCookie: ${session}\r\n${framing}\r\n\r\n${body}`,
        'POST',
      );
    const body = 'x'.repeat(size);
    expect((await request(`Content-Length: ${size}`, body)).status).toBe(status);
    const chunked = `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    expect((await request('Transfer-Encoding: chunked', chunked)).status).toBe(status);
  });

  test('DOS-1 the request after the last allowed one is 429 with the time to wait; another person is not held up', async () => {
    const session = await gate.signIn(await gate.tokenOnly('rate'), '/erp/');
    const answers = [];
    for (let count = 0; count < 4; count++) answers.push(await ask('GET /small/', `Cookie: ${session}`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const wait = Number(headerValues(answers[3] ?? { rawHeaders: [] }, 'retry-after')[0]);
    expect(wait).toBeGreaterThan(1);
    expect(wait).toBeLessThanOrEqual(1200);
    const other = await gate.signIn(await gate.tokenOnly('else'), '/erp/');
    expect((await ask('GET /small/', `Cookie: ${other}`)).status).toBe(200);
  });
});

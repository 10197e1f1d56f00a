/**
 * The attacker wants a form that somebody filled in and could not send: to read it, to send it as somebody else or twice,
 * or to have one of their own kept and sent by its victim. They must see nothing of it, and the application exactly one
 * post, byte for byte, from the person and the browser it came from.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditEvent } from '../../src/flows/origin.ts';
import { type GateFixture, type Person, startGate, submit } from '../support/gate.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { type Answer, hiddenFields, type Submission, type Visitor } from '../support/visitor.ts';
import { sendRaw } from '../support/wire.ts';

const MINUTE = 60_000;
const FORM = 'application/x-www-form-urlencoded';
const SECRET = 'memo=three+days+by+the+sea&salary=4%2C200%2C000';

let upstream: Recorder;
let gate: GateFixture;
let alice: Person;
let bob: Person;

const configOf = (app = '') => `
routes:
  - { name: never, path: [/app/never/], to: "${upstream.url}", auth: id+otp, keep_post: false }
  - name: pay
    path: [/app/pay/]
    to: "${upstream.url}"
    auth: id+otp
    step_up: [{ methods: [POST], auth: id+otp+pin }]
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp${app} }
defaults: { keep_post_body: { max: 64KiB, for: 10m } }
sessions: { concurrent: { max: 1000 } }
`;

beforeAll(async () => {
  upstream = await startRecorder();
});
afterAll(() => upstream.close());
beforeEach(async () => {
  gate = await startGate(configOf());
  alice = await gate.person('alice');
  bob = await gate.person('bob');
  upstream.clear();
});
afterEach(() => gate.stop());

const send = (
  browser: Visitor,
  body: string | Buffer = SECRET,
  headers: Submission['headers'] = {},
  path = '/app/write?id=3',
) => browser.send('POST', path, { headers: { 'Content-Type': FORM, ...headers }, body });

/** Signs in on the form that an answer leads to; answers where it goes on. */
async function signInAt(browser: Visitor, location: string | undefined, person: Person): Promise<Answer> {
  const form = await browser.send('GET', location ?? '');
  const answer = await browser.post('/_sumun/login', {
    ...hiddenFields(form.text),
    login: person.login,
    ...(form.text.includes('name="pin"') && { pin: person.pin }),
    ...(form.text.includes('name="otp"') && { otp: person.otp() }),
  });
  expect(answer.status).toBe(303);
  return answer;
}

/** Posts without a session and signs in: the address of the offer. */
async function offerTo(
  person: Person,
  browser = gate.visitor(),
  body: string | Buffer = SECRET,
  headers: Submission['headers'] = {},
) {
  const kept = await send(browser, body, headers);
  expect(kept.status).toBe(303);
  const { headers: next } = await signInAt(browser, kept.headers.location, person);
  expect(next.location).toMatch(/^\/_sumun\/resume\?k=[A-Za-z0-9_-]{22}$/);
  return { browser, offer: next.location ?? '' };
}

/** Presses “send” on the offer; the browser repeats the post at the address it is given. */
async function press(browser: Visitor, offer: string): Promise<Answer> {
  const page = await browser.send('GET', offer);
  const body = new URLSearchParams({ ...hiddenFields(page.text), do: 'send' }).toString();
  const pressed = await browser.send('POST', '/_sumun/resume', { headers: { 'Content-Type': FORM }, body });
  if (pressed.status !== 307) return pressed;
  return browser.send('POST', pressed.headers.location ?? '', { headers: { 'Content-Type': FORM }, body });
}

const posts = () => upstream.requests.filter(({ requestLine }) => requestLine.startsWith('POST '));
const events = async (kind: 'post.kept' | 'post.resumed') =>
  (await gate.house.audit.read({ limit: 10_000, kind })).length;
const noted = () =>
  auditEvent('session.revoked', gate.house.clock.now(), { actor: 'cli', address: '', request: '' }, { login: 'alice' });

/** alice’s browser with a session that has timed out meanwhile. */
async function expired(): Promise<Visitor> {
  const browser = gate.visitor();
  await submit(browser, alice, '/app/');
  gate.time.ahead += 31 * MINUTE;
  return browser;
}

describe('what is kept arrives once, as it was', () => {
  test('byte for byte, with its content type, to its own address, after one press', async () => {
    const all = Buffer.concat([
      Buffer.from('--x\r\n'),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.from('\r\n--x--'),
    ]);
    const bodies: readonly (readonly [string, Buffer])[] = [
      [FORM, Buffer.from(SECRET)],
      [
        `${FORM}; charset=EUC-KR`,
        Buffer.from([0x6e, 0x3d, 0xb1, 0xe8, 0xb9, 0xce, 0xc1, 0xf6, 0x26, 0x26, 0x3d, 0x3d]),
      ],
      ['multipart/form-data; boundary=x', all],
      ['text/plain', Buffer.from('a=1\r\n')],
      [FORM, Buffer.alloc(64 * 1024, 'a')],
      [FORM, Buffer.alloc(0)],
    ];
    for (const [type, body] of bodies) {
      upstream.clear();
      const { browser, offer } = await offerTo(alice, gate.visitor(), body, { 'Content-Type': type });
      expect(upstream.requests).toEqual([]);
      expect((await press(browser, offer)).status).toBe(200);
      expect(posts().map(({ requestLine }) => requestLine)).toEqual(['POST /app/write?id=3 HTTP/1.1']);
      expect(Buffer.from(posts()[0]?.body ?? '', 'latin1').equals(body)).toBe(true);
      expect(posts()[0]?.fields.filter(([name]) => name.toLowerCase() === 'content-type')).toEqual([
        ['Content-Type', type],
      ]);
      expect(posts()[0]?.head).not.toMatch(/sumun-resume|sumun-browser/);
    }
  });

  test('a chunked body is kept too', async () => {
    const request = `POST /app/write HTTP/1.1\r\nHost: localhost:${gate.port}\r\nAccept: text/html\r\nContent-Type: ${FORM}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n4\r\n&b=2\r\n0\r\n\r\n`;
    const [answer] = (await sendRaw(gate.port, request)).responses;
    const browser = gate.visitor();
    browser.cookies.set('sumun-browser', /sumun-browser=([^;]*)/.exec(answer?.header('set-cookie') ?? '')?.[1] ?? '');
    const next = await signInAt(browser, answer?.header('location'), alice);
    await press(browser, next.headers.location ?? '');
    expect(posts()[0]?.body).toBe('a=1&b=2');
  });

  test('pressed twenty times at once it goes out once', async () => {
    const { browser, offer } = await offerTo(alice);
    const fields = { ...hiddenFields((await browser.send('GET', offer)).text), do: 'send' };
    const pressed = await browser.post('/_sumun/resume', fields);
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(gate.visitor(), 'k=x', { Cookie: cookie }, pressed.headers.location)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(posts().map(({ body }) => body)).toEqual([SECRET]);
    expect(await events('post.resumed')).toBe(1);
    const again = await press(browser, offer);
    expect(again.status).not.toBe(307);
    expect(posts()).toHaveLength(1);
    expect((await browser.send('GET', offer)).status).toBe(404);
  });

  test('the page shows names and sizes, never values, and discarding it is final', async () => {
    const { browser, offer } = await offerTo(alice);
    const page = await browser.send('GET', offer);
    expect(page.text).toMatch(/memo[\s\S]*salary/);
    expect(page.text).not.toMatch(/three|4,200|4%2C200/);
    const dropped = await browser.post('/_sumun/resume', { ...hiddenFields(page.text), do: 'drop' });
    expect(dropped.status).toBe(200);
    expect((await browser.send('GET', offer)).status).toBe(404);
    expect(posts()).toEqual([]);
  });

  test('on disk and in the log it is sealed', async () => {
    await send(gate.visitor(), `${SECRET}&note=PLAINTEXT-OF-A-FORM`);
    expect(await events('post.kept')).toBe(1);
    const data = join(gate.folder, 'data');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    const stored = files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join();
    expect(`${stored}${gate.log.join()}`).not.toMatch(/PLAINTEXT-OF-A-FORM|three\+days/);
  });
});

describe('whose it is', () => {
  test('another browser of the same person, or another person, is not offered it and cannot send it', async () => {
    const { offer } = await offerTo(alice);
    for (const person of [alice, bob]) {
      const other = gate.visitor();
      await submit(other, person, '/app/');
      expect((await other.send('GET', offer)).status).toBe(404);
      const id = offer.split('k=')[1] ?? '';
      other.cookies.set('sumun-resume', id);
      const answer = await send(other, 'mine=1');
      expect(answer.status).not.toBe(200);
    }
    expect(posts().filter(({ body }) => body !== 'mine=1')).toEqual([]);
    expect(await events('post.resumed')).toBe(0);
  });

  test('that came with an expired session: the same browser with somebody else signed in is not offered it', async () => {
    const browser = await expired();
    const kept = await send(browser);
    const next = await signInAt(browser, kept.headers.location, bob);
    const page = await browser.send('GET', next.headers.location ?? '');
    expect([page.status, page.text.includes('salary')]).toEqual([404, false]);
    browser.cookies.set('sumun-resume', next.headers.location?.split('k=')[1] ?? '');
    expect((await send(browser, 'other=1')).status).not.toBe(200);
    expect(posts()).toEqual([]);
  });

  test('and the same person is', async () => {
    const browser = await expired();
    const kept = await send(browser);
    const next = await signInAt(browser, kept.headers.location, alice);
    expect((await press(browser, next.headers.location ?? '')).status).toBe(200);
    expect(posts().map(({ body }) => body)).toEqual([SECRET]);
  });

  test('that waits for another factor belongs to the person who lacks it', async () => {
    const browser = gate.visitor();
    await submit(browser, alice, '/app/');
    const kept = await send(browser, SECRET, {}, '/app/pay/now');
    expect(kept.status).toBe(303);
    const id = (await signInAt(browser, kept.headers.location, alice)).headers.location ?? '';
    const signedOut = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
    await browser.post('/_sumun/logout', signedOut);
    await submit(browser, bob, '/app/');
    expect((await browser.send('GET', id)).status).toBe(404);
    expect(posts()).toEqual([]);
  });

  test('a number that nobody gave out, in the address, the form or the cookie, opens nothing', async () => {
    const { browser, offer } = await offerTo(alice);
    const { csrf = '' } = hiddenFields((await browser.send('GET', offer)).text);
    for (const id of ['', 'x', 'A'.repeat(22), "' OR 1=1 --", '../../x', '%00', 'a'.repeat(5000)]) {
      expect((await browser.send('GET', `/_sumun/resume?k=${encodeURIComponent(id)}`)).status, id).toBe(404);
      const posted = await browser.post('/_sumun/resume', { k: id, csrf, do: 'send' });
      expect([403, 404], id).toContain(posted.status);
    }
    expect((await browser.send('GET', `${offer}&k=x`)).status).toBe(404);
    expect(posts()).toEqual([]);
  });
});

describe('what is not kept', () => {
  test('CSRF-1 a post that another site caused, even with the cookies of the person', async () => {
    const lies: readonly Submission['headers'][] = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'cross-site', Origin: `http://localhost:${gate.port}` },
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' },
      { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'cross-site' },
    ];
    const browser = await expired();
    for (const headers of lies) {
      const answer = await send(browser, SECRET, headers);
      expect(answer.status, JSON.stringify(headers)).toBe(401);
      expect(answer.text, JSON.stringify(headers)).toContain('href="/_sumun/login?t=');
    }
    for (const origin of ['https://evil.test', `http://localhost:${gate.port}.evil.test`, 'http://localhost:1']) {
      const request = `POST /app/write HTTP/1.1\r\nHost: localhost:${gate.port}\r\nAccept: text/html\r\nOrigin: ${origin}\r\nContent-Type: ${FORM}\r\nContent-Length: 3\r\n\r\na=1`;
      expect((await sendRaw(gate.port, request)).responses[0]?.status, origin).toBe(401);
    }
    expect(await events('post.kept')).toBe(0);
    expect(upstream.requests).toEqual([]);
  });

  test('a post on a session that was signed out, revoked, or whose owner was suspended', async () => {
    const ends: readonly ((browser: Visitor) => Promise<unknown>)[] = [
      async (browser) => {
        const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const fields = hiddenFields((await browser.send('GET', '/_sumun/logout')).text);
        const headers = { Cookie: cookie, 'Content-Type': FORM };
        return gate.visitor().send('POST', '/_sumun/logout', { headers, body: new URLSearchParams(fields).toString() });
      },
      () => gate.house.sessions.revoke({ accountId: alice.accountId }, noted()),
      () => gate.house.accounts.setStatus(alice.accountId, 'suspended', noted()),
    ];
    for (const end of ends) {
      const browser = gate.visitor();
      await submit(browser, alice, '/app/');
      await end(browser);
      expect(browser.cookies.has('sumun')).toBe(true);
      const answer = await send(browser);
      expect([answer.status, answer.headers.location]).toEqual([401, undefined]);
      expect(answer.headers['content-type']).toContain('text/html');
    }
    expect(await events('post.kept')).toBe(0);
  });

  test('a body over the limit, one byte or a hundred megabytes, announced or not: the page says so', async () => {
    const over = Buffer.alloc(64 * 1024 + 1, 'a');
    const answer = await send(gate.visitor(), over);
    expect([answer.status, answer.headers['content-type']]).toEqual([413, 'text/html; charset=utf-8']);
    expect(answer.text).toContain('href="/_sumun/login?t=');
    const head = `POST /app/write HTTP/1.1\r\nHost: localhost:${gate.port}\r\nAccept: text/html\r\nContent-Type: ${FORM}\r\n`;
    for (const [framing, body] of [
      ['Content-Length: 104857600', 'a=1'],
      ['Transfer-Encoding: chunked', `14000\r\n${'a'.repeat(0x14000)}\r\n`],
    ]) {
      const client = await RawClient.open(gate.port);
      const response = await client.send(`${head}${framing}\r\n\r\n${body}`).response('POST');
      expect(response.status, framing).toBe(413);
      client.destroy();
    }
    expect(await events('post.kept')).toBe(0);
    expect(upstream.requests).toEqual([]);
  });

  test('anything but a form, anything a script sends, and anything where the route keeps nothing', async () => {
    const browser = gate.visitor();
    for (const type of ['application/json', 'application/xml', 'application/octet-stream', '']) {
      const { status } = await send(browser, '{"a":1}', { 'Content-Type': type });
      expect(status, type).toBe(401);
    }
    for (const headers of [
      { 'Sec-Fetch-Mode': 'cors' },
      { 'X-Requested-With': 'XMLHttpRequest' },
      { Accept: 'application/json' },
    ]) {
      expect((await send(browser, SECRET, headers)).status).toBe(401);
    }
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const answer = await browser.send(method, '/app/write', { headers: { 'Content-Type': FORM }, body: 'a=1' });
      expect([400, 401, 405], method).toContain(answer.status);
    }
    expect((await send(browser, SECRET, {}, '/app/never/x')).status).toBe(401);
    expect(await events('post.kept')).toBe(0);
  });

  test('older than ten minutes', async () => {
    const { browser, offer } = await offerTo(alice);
    const fields = { ...hiddenFields((await browser.send('GET', offer)).text), do: 'send' };
    gate.time.ahead += 9 * MINUTE;
    expect((await browser.send('GET', offer)).status).toBe(200);
    const pressed = await browser.post('/_sumun/resume', fields);
    expect(pressed.status).toBe(307);
    gate.time.ahead += 2 * MINUTE;
    const late = await send(browser, 'k=x', {}, pressed.headers.location);
    expect([late.status, late.headers.location]).toEqual([303, offer]);
    expect((await browser.send('GET', offer)).status).toBe(404);
    expect((await browser.post('/_sumun/resume', fields)).status).toBe(404);
    expect(posts()).toEqual([]);
  });
});

describe('sending it takes the person’s own press', () => {
  test('CSRF-1 a GET, a form without its token, or one from another site sends nothing', async () => {
    const { browser, offer } = await offerTo(alice);
    const fields = { ...hiddenFields((await browser.send('GET', offer)).text), do: 'send' };
    await browser.send('GET', `${offer}&do=send&csrf=${hiddenFields((await browser.send('GET', offer)).text)['csrf']}`);
    const { csrf: _, ...without }: Record<string, string> = fields;
    expect((await browser.post('/_sumun/resume', without)).status).toBe(403);
    expect((await browser.post('/_sumun/resume', { ...fields, csrf: 'A'.repeat(43) })).status).toBe(403);
    const headers = { 'Content-Type': FORM, 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' };
    const body = new URLSearchParams(fields).toString();
    expect((await browser.send('POST', '/_sumun/resume', { headers, body })).status).toBe(403);
    expect(browser.cookies.has('sumun-resume')).toBe(false);
    browser.cookies.set('sumun-resume', offer.split('k=')[1] ?? '');
    await send(browser, 'theirs=1', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' });
    await browser.send('GET', '/app/write?id=3');
    expect(posts().filter(({ body: sent }) => sent === SECRET)).toEqual([]);
    expect(await events('post.resumed')).toBe(0);
    expect((await browser.send('GET', offer)).status).toBe(200);
  });

  test('the decision is made again: what is no longer allowed is 403, and elsewhere it is not sent at all', async () => {
    const { browser, offer } = await offerTo(alice);
    browser.cookies.set('sumun-resume', offer.split('k=')[1] ?? '');
    expect((await send(browser, 'other=1', {}, '/app/write?id=4')).status).toBe(200);
    expect(posts().map(({ body }) => body)).toEqual(['other=1']);
    expect(await gate.reconfigure(configOf(', allow: { groups: [nobody] }'))).toBe('reloaded');
    expect((await press(browser, offer)).status).toBe(403);
    expect(posts()).toHaveLength(1);
  });
});

test('G096 empty posts, posts without a type, without an end, or of any shape: an answer each, and the process lives', async () => {
  const head = `POST /app/write HTTP/1.1\r\nHost: localhost:${gate.port}\r\nAccept: text/html\r\n`;
  const form = `Content-Type: ${FORM}\r\n`;
  const multipart = 'Content-Type: multipart/form-data; boundary=x\r\n';
  const lengthOf = (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`;
  const requests = [
    `${head}\r\n`,
    `${head}Content-Length: 0\r\n\r\n`,
    `${head}${lengthOf('a=1')}`,
    `${head}${form}\r\n`,
    `${head}${form}Content-Length: 0\r\n\r\n`,
    `${head}${form}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Content-Type:\r\n${lengthOf('a=1')}`,
    `${head}Content-Type: ;;;=\r\n${lengthOf('a=1')}`,
    `${head}Content-Type: ${FORM}; charset=${'x'.repeat(5000)}\r\n${lengthOf('a=1')}`,
    `${head}Content-Type: multipart/form-data\r\n${lengthOf('--x')}`,
    `${head}Content-Type: multipart/form-data; boundary=\r\n${lengthOf('--x')}`,
    ...[
      '',
      '--',
      '--x',
      '--x--',
      '--x\r\n--x\r\n--x--',
      `--x\r\n\r\n\r\n--x--`,
      '--x\r\nContent-Disposition: form-data\r\n\r\n1',
      '\0\0\0',
    ].map((body) => `${head}${multipart}${lengthOf(body)}`),
    ...['&', '=', '&&==&', '%', '%zz=%', '__proto__=1&constructor=2', `${'a&'.repeat(20_000)}`, '\xff\xfe=\x00'].map(
      (body) => `${head}${form}${lengthOf(body)}`,
    ),
  ];
  for (const request of requests) {
    const [answer] = (await sendRaw(gate.port, Buffer.from(request, 'latin1'), { quiet: 100, pause: 0 })).responses;
    expect([303, 401], JSON.stringify(request.slice(head.length, head.length + 100))).toContain(answer?.status);
    if (answer?.status !== 303) continue;
    const browser = gate.visitor();
    browser.cookies.set('sumun-browser', /sumun-browser=([^;]*)/.exec(answer.header('set-cookie') ?? '')?.[1] ?? '');
    const next = await signInAt(browser, answer.header('location'), alice);
    expect((await browser.send('GET', next.headers.location ?? '')).status).toBe(200);
    browser.close();
  }
  expect(upstream.requests).toEqual([]);
  expect((await gate.visitor().send('GET', '/_sumun/login')).status).toBe(200);
  expect(gate.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

/**
 * The attacker puts markup, script or line ends into everything we write back: pages, headers, log. They must see their
 * text as text, and not one tag, header or line of their own.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditEvent } from '../../src/flows/origin.ts';
import { type GateFixture, type Person, startGate, submit } from '../support/gate.ts';
import { expectInert, skeleton } from '../support/inert-page.ts';
import { rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { type Answer, hiddenFields, type Visitor } from '../support/visitor.ts';
import { sendRaw } from '../support/wire.ts';

let upstream: Recorder;
let gate: GateFixture;
let alice: Person;
let browser: Visitor;
let cookie: string;

const FORM = 'application/x-www-form-urlencoded';
const PROBES = [
  '"><img src=x onerror=1>',
  "'><svg onload=1>",
  '</script><script>1</script>',
  '</style><style>*{}',
  '</title><base href=//evil.test>',
  '<!--',
  '-->',
  ']]>',
  '" autofocus onfocus=1 x="',
  "' onmouseover=1 '",
  '`onclick=1`',
  'javascript:alert(1)',
  '&lt;img src=x onerror=1&gt;',
  '&#60;script&#62;',
  '<%= 1 %>',
  '{{7*7}}',
  `$\{7*7}`,
  '<meta http-equiv=refresh content=0>',
  '\u2028\u2029\u202e<b>',
  '\ufe64script\ufe65',
  '\u0000<i>',
  '+ADw-script+AD4-',
] as const;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: down, path: [/down/], to: "http://127.0.0.1:1", auth: bypass }
  - { name: denied, path: [/denied/], to: "${upstream.url}", auth: deny }
  - { name: admin, path: [/app/admin/], to: "${upstream.url}", auth: id+otp, allow: { groups: [admin] } }
  - { name: high, path: [/app/high/], to: "${upstream.url}", auth: id+otp+pin }
  - { name: moved, path: [/moved/], redirect: /pub/ }
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
  - { name: other, host: other.test, to: "${upstream.url}", auth: id+otp }
sessions: { concurrent: { max: 1000 } }
`);
  alice = await gate.person('alice');
  browser = gate.visitor();
  cookie = `sumun=${(await submit(browser, alice, '/app/')).status === 303 ? browser.cookies.get('sumun') : ''}`;
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.clear();
  upstream.answer(undefined);
});

type Place = readonly [string, (text: string, visitor: Visitor) => Promise<Answer>];
const wire = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Where a text of a client comes back in an answer. */
const PLACES: readonly Place[] = [
  ['the path of a page that is not there', (text, visitor) => visitor.send('GET', `/nowhere/${wire(text)}`)],
  ['a path below our own', (text, visitor) => visitor.send('GET', `/_sumun/${wire(text)}`)],
  [
    'the query of a page that is not there',
    (text, visitor) => visitor.send('GET', `/nowhere?${wire(text)}=${wire(text)}&lang=en`),
  ],
  [
    'the query, not encoded',
    (text, visitor) => visitor.send('GET', `/nowhere?x=${text.replace(/[^\x21-\x7e]|#/g, '')}`),
  ],
  ['the path of a refusal', (text, visitor) => visitor.send('GET', `/denied/${wire(text)}?${wire(text)}`)],
  [
    'the path of an application that is down',
    (text, visitor) => visitor.send('GET', `/down/${wire(text)}?${text.replace(/[^\x21-\x7e]|#/g, '')}`),
  ],
  [
    'the query of the sign-in page',
    (text, visitor) =>
      visitor.send(
        'GET',
        `/_sumun/login?rd=${wire(text)}&error=${wire(text)}&lang=${wire(text)}&message=${wire(text)}`,
      ),
  ],
  ['the number of a sign-in', (text, visitor) => visitor.send('GET', `/_sumun/login?t=${wire(text)}`)],
  [
    'the ID',
    async (text, visitor) => {
      const form = await visitor.send('GET', '/_sumun/login');
      return visitor.post('/_sumun/login', { ...hiddenFields(form.text), login: text.toWellFormed(), otp: '000000' });
    },
  ],
  [
    'the ID, in a form that has lost its token',
    (text, visitor) =>
      visitor.post('/_sumun/login', {
        login: text.toWellFormed(),
        t: text.toWellFormed(),
        csrf: text.toWellFormed(),
        lang: text.toWellFormed(),
      }),
  ],
  [
    'headers',
    (text, visitor) =>
      visitor.send('GET', '/nowhere', {
        headers: Object.fromEntries(
          [
            'User-Agent',
            'Referer',
            'X-Request-Id',
            'Accept-Language',
            'X-Forwarded-For',
            'X-Forwarded-Host',
            'Via',
          ].map((name) => [name, text.replace(/[^\x20-\x7e]/g, '?')]),
        ),
      }),
  ],
  [
    'the cookie of the language',
    (text, visitor) =>
      visitor.send('GET', '/_sumun/login', { headers: { Cookie: `sumun-lang=${text.replace(/[^\x20-\x7e]/g, '?')}` } }),
  ],
  ['the cause of a bad request', (text, visitor) => visitor.send('GET', `/pub/%zz${wire(text)}`)],
];

describe('G017 G080 text of a client is text', () => {
  test.each(PLACES)('%s', async (_, ask) => {
    const plain = await ask('plain', await known());
    for (const probe of PROBES) {
      const answer = await ask(probe, await known());
      expect(answer.status).toBeLessThan(600);
      if (!String(answer.headers['content-type']).startsWith('text/html')) continue;
      expectInert(answer, probe);
      if (/[<>"']/.test(probe)) expect(answer.text, probe).not.toContain(probe);
      // A text that can be no ID is told so, with more on the page.
      const isSamePage = answer.status === plain.status && !answer.text.includes('id="login-error"');
      if (isSamePage) expect(skeleton(answer.text), probe).toBe(skeleton(plain.text));
    }
  });

  test('names of accounts, of fields of a kept form and of places', async () => {
    let number = 0;
    for (const probe of PROBES.filter((each) => !/[\u0000\u2028]/.test(each))) {
      const person = await gate.person(`${probe}${++number}`);
      const visitor = gate.visitor();
      const name = encodeURIComponent(probe);
      const kept = await visitor.send('POST', `/app/write/x?${name}`, {
        headers: { 'Content-Type': FORM },
        body: `${name}=1`,
      });
      const form = await visitor.send('GET', kept.headers.location ?? '');
      const signedIn = await visitor.post('/_sumun/login', {
        ...hiddenFields(form.text),
        login: person.login,
        otp: person.otp(),
      });
      expect(signedIn.status, probe).toBe(303);
      for (const path of [signedIn.headers.location ?? '', '/_sumun/', '/_sumun/logout', '/app/high/', '/app/admin/']) {
        const page = await visitor.open(path);
        expect(page.headers['content-type'], `${path} ${probe}`).toBe('text/html; charset=utf-8');
        expectInert(page, `${path} ${probe}`);
        if (/[<>"']/.test(probe)) expect(page.text, path).not.toContain(probe);
      }
      const session = await visitor.send('GET', '/_sumun/session');
      expect([session.headers['content-type'], session.headers['x-content-type-options']]).toEqual([
        'application/json',
        'nosniff',
      ]);
      expect(JSON.parse(session.text).login).toBe(person.login);
      visitor.close();
    }
  });

  test('a problem document is JSON and says so, with the text inside its strings', async () => {
    for (const probe of PROBES) {
      const answer = await browser.send('GET', `/nowhere/${wire(probe)}?${wire(probe)}`, {
        headers: { Accept: 'application/json' },
      });
      if (answer.status === 400) continue;
      expect([answer.status, answer.headers['content-type'], answer.headers['x-content-type-options']]).toEqual([
        404,
        'application/problem+json',
        'nosniff',
      ]);
      expect(JSON.parse(answer.text).code).toBe('no_route');
    }
  });

  /** A new browser that has its cookie already, so that pages do not differ by it. */
  async function known(): Promise<Visitor> {
    const visitor = gate.visitor();
    visitor.cookies.set('sumun-browser', 'B'.repeat(43));
    return visitor;
  }
});

describe('CRLF-1 line ends', () => {
  const LINES = [
    '%0d%0a',
    '%0a',
    '%0d',
    '%0D%0AX-Planted:%201',
    '%E5%98%8A%E5%98%8D',
    '%c4%8d%c4%8a',
    '%250d%250a',
    '%u000d%u000a',
    '\u010d\u010a',
    '\u560a\u560d',
    '\u0085',
    '\u2028',
    '\\r\\n',
    '\r\n',
    '\n',
    '\r',
  ] as const;
  const ALLOWED =
    /^(?:accept|allow|cache-control|connection|content-(?:language|length|security-policy|type)|cross-origin-(?:opener|resource)-policy|date|keep-alive|location|permissions-policy|referrer-policy|retry-after|set-cookie|transfer-encoding|vary|x-content-type-options|x-frame-options|x-request-id)$/;
  const PLANT = 'X-Planted: 1\r\nSet-Cookie: planted=1';

  test('in paths, queries, headers and cookies never become a header or a line of ours', async () => {
    const before = gate.log.length;
    for (const end of LINES) {
      const text = `a${end}${PLANT}${end}${end}<b>`;
      const inTarget = Buffer.from(text)
        .toString('latin1')
        .replace(/[ #\r\n\x80-\xff]/g, encodeURIComponent);
      const inField = Buffer.from(text)
        .toString('latin1')
        .replace(/[\r\n]/g, '\t');
      const requests = [
        ...[
          '/app/',
          '/nowhere/',
          '/_sumun/',
          '/_sumun/login?t=',
          '/_sumun/login?lang=',
          '/_sumun/resume?k=',
          '/moved/',
          '/pub/?',
        ].map((place) => `GET ${place}${inTarget} HTTP/1.1\r\nHost: localhost\r\n`),
        ...[
          'X-Request-Id',
          'User-Agent',
          'Accept-Language',
          'Referer',
          'X-Forwarded-For',
          'Cookie: sumun-lang',
          'Origin',
        ].map(
          (name) =>
            `GET /_sumun/login HTTP/1.1\r\nHost: localhost\r\n${name}${name.includes(':') ? '=' : ': '}${inField}\r\n`,
        ),
        `GET /app/x HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${inField}\r\nCookie: ${cookie}\r\n`,
        `GET /app/x HTTP/1.1\r\nHost: a${inTarget}\r\n`,
      ];
      for (const request of requests) {
        const bytes = Buffer.from(`${request}Accept: text/html\r\nConnection: close\r\n\r\n`, 'latin1');
        const response = await rawRequest(gate.port, bytes.toString('latin1'));
        for (let at = 0; at < response.rawHeaders.length; at += 2) {
          const name = response.rawHeaders[at]?.toLowerCase() ?? '';
          expect(name, request).toMatch(ALLOWED);
          if (name === 'set-cookie') expect(response.rawHeaders[at + 1], request).toMatch(/^sumun/);
        }
      }
    }
    expect(upstream.requests.every(({ fields }) => fields.every(([name]) => !/planted/i.test(name)))).toBe(true);
    for (const line of gate.log.slice(before)) expect(JSON.parse(line)).toHaveProperty('event');
    expect(
      gate.log.every((line) => line.indexOf('\n') === line.length - 1 && !/[\r\u2028\u2029\u0085]/.test(line)),
    ).toBe(true);
  });

  test('in an ID, on the sign-in form, neither', async () => {
    const before = gate.log.length;
    for (const end of ['\r\n', '\n', '\r', '\u0085', '\u2028', '\u010d\u010a', '\u0000', '\u001b[2J', '\u202e']) {
      const visitor = gate.visitor();
      const form = await visitor.send('GET', '/_sumun/login');
      const answer = await visitor.post('/_sumun/login', {
        ...hiddenFields(form.text),
        login: `a${end}${PLANT}`,
        otp: '000000',
      });
      expect([401, 422]).toContain(answer.status);
      expect([
        answer.headers['x-planted'],
        JSON.stringify(answer.headers['set-cookie'] ?? '').includes('planted'),
      ]).toEqual([undefined, false]);
      visitor.close();
    }
    for (const line of gate.log.slice(before)) {
      expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
      expect(JSON.parse(line)).toHaveProperty('event');
    }
  });

  test('the number of a request is always ours', async () => {
    const numbers = new Set<string>();
    for (const sent of ['01J00000000000000000000000', 'x', '../..', '']) {
      const { responses } = await sendRaw(
        gate.port,
        `GET /pub/x HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${sent}\r\nConnection: close\r\n\r\n`,
      );
      const number = responses[0]?.header('x-request-id') ?? '';
      expect(number).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(number).not.toBe(sent);
      numbers.add(number);
    }
    expect(numbers.size).toBe(4);
    expect(
      upstream.requests.map(({ fields }) => fields.filter(([name]) => /^x-request-id$/i.test(name)).length),
    ).toEqual([1, 1, 1, 1]);
  });
});

test('what an administrator renames somebody to is text too, the next moment', async () => {
  const person = await gate.person('renamed');
  const visitor = gate.visitor();
  await submit(visitor, person, '/app/');
  const event = auditEvent('user.changed', gate.house.clock.now(), { actor: 'cli', address: '', request: '' }, {});
  await gate.house.accounts.update(
    person.accountId,
    { login: '<img src=x onerror=1>', name: '<b>\r\nX-Planted: 1' },
    event,
  );
  const page = await visitor.send('GET', '/_sumun/logout');
  expectInert(page, 'renamed');
  expect([page.text.includes('<img src=x'), page.headers['x-planted']]).toEqual([false, undefined]);
});

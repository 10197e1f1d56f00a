/**
 * The attacker hands somebody a link to our sign-in that is to end on the attacker's own site, written in every way that
 * two URL parsers read differently. They must see the person land on a path of the host they started on, and nowhere else.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate, submit } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { hiddenFields, type Visitor } from '../support/visitor.ts';
import { sendRaw } from '../support/wire.ts';

let upstream: Recorder;
let elsewhere: Recorder;
let gate: GateFixture;
let person: Person;
let signedIn: Visitor;

beforeAll(async () => {
  upstream = await startRecorder();
  elsewhere = await startRecorder();
  gate = await startGate(`
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: based, path: [/based/], to: "${upstream.url}", auth: bypass, rewrite: { strip_prefix: "/based", add_prefix: "/inner" } }
  - { name: added, path: [/added/], to: "${upstream.url}", auth: bypass, rewrite: { add_prefix: "/inner" } }
  - { name: moved, path: [/moved/], redirect: /app/ }
  - { name: everything, to: "${upstream.url}", auth: id+otp }
sessions: { concurrent: { max: 1000 } }
`);
  person = await gate.person('alice');
  signedIn = gate.visitor();
  expect((await submit(signedIn, person, '/app/')).status).toBe(303);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
  await elsewhere.close();
});
beforeEach(() => {
  upstream.clear();
  upstream.answer(undefined);
});

/** Ways to begin an address of another host, whole addresses that were taken for our own, and names of parameters. */
type Corpus = {
  readonly starts: readonly string[];
  readonly addresses: readonly string[];
  readonly parameters: readonly string[];
};
const {
  starts,
  addresses,
  parameters: NAMES,
}: Corpus = JSON.parse(readFileSync(new URL('../vectors/redirect-addresses.json', import.meta.url), 'utf8'));
const CORPUS = [...starts.map((start) => `${start}evil.test`), ...addresses];

/** Fails unless both readings of an address agree that it stays on the host it was given by (RFC 3986 §5.2, WHATWG URL). */
function expectOwn(location: string | undefined, about: string): void {
  expect(location, about).toBeDefined();
  const text = location ?? '';
  expect(text, about).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
  expect(text, about).not.toMatch(/[\\\t]/);
  const base = `http://localhost:${gate.port}`;
  expect(new URL(text, `${base}/_sumun/login`).origin, about).toBe(base);
  const [, scheme, authority] =
    /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  expect([scheme, authority], about).toEqual([undefined, undefined]);
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

test('REDIR-1 the corpus has at least 120 different addresses', () => {
  expect(new Set(CORPUS).size).toBeGreaterThanOrEqual(120);
});

describe('G002 G003 G092 REDIR-1 no parameter decides where the browser goes', () => {
  test('each address, under every name, in the query and the form of a sign-in: the list of applications', async () => {
    for (const address of CORPUS) {
      const browser = gate.visitor();
      const query = NAMES.map((name) => `${name}=${encode(address)}`).join('&');
      const path = `/_sumun/login?${query.length > 7000 ? `rd=${encode(address)}` : query}`;
      const form = await browser.send('GET', path);
      expect(form.status, address).toBe(200);
      const fields = hiddenFields(form.text);
      expect(Object.keys(fields).sort()).toEqual(['csrf', 't']);
      const more = Object.fromEntries(NAMES.map((name) => [name, address.toWellFormed()]));
      const answer = await browser.post(path, { ...more, ...fields, login: 'alice', otp: person.otp() });
      expect([answer.status, answer.headers.location], address).toEqual([303, '/_sumun/']);
      expect(answer.text).toBe('');
      browser.close();
    }
  }, 60_000);

  test('an address byte for byte in the query, and the same parameter many times', async () => {
    for (const address of CORPUS) {
      const raw = Buffer.from(address.toWellFormed())
        .toString('latin1')
        .replace(/[^\x21-\x22\x24-\x7e]/g, encodeURIComponent);
      const answer = await signedIn.send('GET', `/_sumun/login?rd=${raw}&rd[]=${raw}&rd=/app/&next=${raw}`);
      expect([answer.status, answer.headers.location], address).toEqual([303, '/_sumun/']);
    }
  });

  test('G092 as the number of a sign-in: another begins, to the list of applications', async () => {
    for (const address of CORPUS) {
      const t = encode(address);
      const visitor = gate.visitor();
      const begun = await visitor.send('GET', `/_sumun/login?t=${t}&t=${t}`);
      expect(begun.status, address).toBe(200);
      const stray = await visitor.send('GET', `/_sumun/login?t=${t}`);
      expect([stray.status, stray.headers.location], address).toEqual([200, undefined]);
      const posted = await visitor.post('/_sumun/login', {
        ...hiddenFields(begun.text),
        t: address.toWellFormed(),
        login: 'alice',
        otp: '000000',
      });
      expect([posted.status, posted.headers.location], address).toEqual([403, undefined]);
      visitor.close();
    }
  });

  test('G013 on sign-out, resume, errors and the other pages', async () => {
    for (const address of CORPUS) {
      const query = `rd=${encode(address)}&next=${encode(address)}&k=${encode(address)}&again=${encode(address)}`;
      for (const page of ['logout', 'resume', '', 'session', 'nowhere']) {
        const answer = await signedIn.send('GET', `/_sumun/${page}?${query}`);
        expect(answer.status, `${page} ${address}`).toBeLessThan(500);
        expect(answer.headers.location, `${page} ${address}`).toBeUndefined();
      }
    }
    const leaving = gate.visitor();
    await submit(leaving, person, '/app/');
    const fields = hiddenFields((await leaving.send('GET', '/_sumun/logout?again=1')).text);
    const answer = await leaving.post('/_sumun/logout?rd=//evil.test', {
      ...fields,
      rd: '//evil.test',
      post_logout_redirect_uri: 'https://evil.test',
    });
    expect([answer.status, answer.headers.location]).toEqual([303, '/_sumun/login']);
  });
});

describe('REDIR-2 the place to return to stays on the server', () => {
  test('G081 G098 G159 the address carries an opaque number only, and the way back is exactly what was asked for', async () => {
    let lands = 0;
    for (const address of CORPUS) {
      const target = address.startsWith('/') ? address : `/app/${address}`;
      const bytes = Buffer.from(target.toWellFormed())
        .toString('latin1')
        .replace(/[\x00-\x20#]/g, encodeURIComponent);
      lands += (await goBack(bytes)) ? 1 : 0;
      expect(await goBack(`/app/?rd=${encode(address).slice(0, 6000)}`), address).toBe(true);
    }
    expect(lands).toBeGreaterThan(10);
  }, 60_000);

  /** Asks for a protected target, signs in and looks where that leads. False if the target itself is refused. */
  async function goBack(target: string): Promise<boolean> {
    const head = [
      `GET ${target} HTTP/1.1`,
      `Host: localhost:${gate.port}`,
      'Accept: text/html',
      'Connection: close',
      '',
      '',
    ];
    const [response] = (await sendRaw(gate.port, Buffer.from(head.join('\r\n'), 'latin1'), { quiet: 1000, pause: 0 }))
      .responses;
    if (response?.status === 400) {
      expect(response.header('location')).toBeUndefined();
      return false;
    }
    expect(response?.status, target).toBe(303);
    expect(response?.body.length).toBe(0);
    const location = response?.header('location') ?? '';
    expect(location).toMatch(/^\/_sumun\/login\?t=[A-Za-z0-9_-]{22}$/);
    const browser = gate.visitor();
    const cookie = /sumun-browser=([^;]*)/.exec(response?.header('set-cookie') ?? '')?.[1] ?? '';
    browser.cookies.set('sumun-browser', cookie);
    const form = await browser.send('GET', location);
    const answer = await browser.post('/_sumun/login', {
      ...hiddenFields(form.text),
      login: 'alice',
      otp: person.otp(),
    });
    browser.close();
    expect(answer.status, target).toBe(303);
    expectOwn(answer.headers.location, target);
    expect(answer.headers.location).toBe(target);
    expect(answer.text).toBe('');
    return true;
  }

  test('G081 tampering with our cookies leads nowhere', async () => {
    for (const address of CORPUS.filter((each) => /^[\x21-\x7e]{1,200}$/.test(each) && !/[;,"]/.test(each))) {
      const browser = gate.visitor();
      browser.cookies
        .set('sumun-browser', address)
        .set('sumun-resume', address)
        .set('sumun-lang', address)
        .set('sumun', address);
      const answer = await browser.send('GET', '/app/x');
      expect(answer.status, address).toBe(303);
      expect(answer.headers.location, address).toMatch(/^\/_sumun\/login\?t=[A-Za-z0-9_-]{22}$/);
      browser.close();
    }
  });

  test('G051 no header of the client moves a redirect or the address in a problem document', async () => {
    const lies = ['//evil.test', 'https://evil.test', '\\evil.test', '/\\evil.test', 'evil.test'].flatMap((value) =>
      [
        'X-Forwarded-Prefix',
        'X-Forwarded-Host',
        'X-Forwarded-Uri',
        'X-Forwarded-Path',
        'X-Forwarded-Server',
        'X-Forwarded-Proto',
        'X-Forwarded-Port',
        'X-Original-URL',
        'X-Rewrite-URL',
        'X-Original-Host',
        'X-Host',
        'X-HTTP-Host-Override',
        'Forwarded',
        'Referer',
        'Origin',
        'X-Script-Name',
        'X-Sumun-Location',
      ].map((name) => ({ [name]: name === 'Forwarded' ? `host="${value}";proto=https` : value })),
    );
    const visitor = gate.visitor();
    for (const headers of lies) {
      const about = JSON.stringify(headers);
      const page = await visitor.send('GET', '/app/x', { headers });
      expect([page.status, /^\/_sumun\/login\?t=[A-Za-z0-9_-]{22}$/.test(page.headers.location ?? '')], about).toEqual([
        303,
        true,
      ]);
      const script = await visitor.send('GET', '/app/x', { headers: { ...headers, Accept: 'application/json' } });
      expect(JSON.parse(script.text).login, about).toBe(`http://localhost:${gate.port}/_sumun/login`);
      const moved = await visitor.send('GET', '/moved/x?rd=//evil.test', { headers });
      expect(moved.headers.location, about).toBe('/app/');
    }
  });

  test('G070 two slashes, dots or backslashes in front are refused, never tidied up by a redirect', async () => {
    for (const target of [
      '//evil.test/%2e%2e',
      '//evil.test/..',
      '//evil.test',
      '/pub//evil.test/..',
      '///evil.test//',
      '/\\evil.test/..',
      '/pub/..//evil.test',
      '/.//evil.test',
      '/moved//evil.test/..',
    ]) {
      const { responses } = await sendRaw(
        gate.port,
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n`,
        { quiet: 300 },
      );
      expect([responses[0]?.status, responses[0]?.header('location')], target).toEqual([400, undefined]);
    }
    expect(upstream.requests).toEqual([]);
  });
});

describe('redirects of the application', () => {
  const answering = (status: number, location: string) =>
    upstream.answer(() => `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);

  test('G150 are passed on and never followed, whatever the status', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const method of ['GET', 'POST']) {
        answering(status, `${elsewhere.url}/take`);
        const answer = await signedIn.send(method, '/app/x', method === 'POST' ? { body: 'secret=1' } : {});
        expect([answer.status, answer.headers.location]).toEqual([status, `${elsewhere.url}/take`]);
      }
    }
    expect(elsewhere.bytes).toBe('');
    expect(upstream.requests).toHaveLength(10);
  });

  test('that stay at home there stay at home here: taking a prefix off makes no address of another host', async () => {
    for (const path of [
      '//evil.test',
      '/\\evil.test',
      '/\t/evil.test',
      '///evil.test',
      '/x',
      '',
      '?x=1',
      '/https://evil.test',
    ]) {
      for (const place of ['/based/x', '/added/x']) {
        for (const origin of ['', upstream.url]) {
          answering(302, `${origin}/inner${path}`);
          const { headers } = await gate.visitor().send('GET', place);
          const base = `http://localhost:${gate.port}`;
          const about = `${place} ${origin}/inner${path} → ${headers.location}`;
          expect(headers.location, about).toMatch(/^(?:http:\/\/localhost:\d+)?\/(?![/\\])/);
          expect(new URL(headers.location ?? '', base + place).origin, about).toBe(base);
        }
      }
    }
  });
});

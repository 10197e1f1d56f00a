import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate } from '../support/gate.ts';
import { Authority } from '../support/pki.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { findChromium, launch } from './browser.ts';

const chromium = findChromium();

/** What the applications show: who is there, and a form that sends something. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>app</title><h1>app</h1>
<form method="post" action="/send"><input name="amount" value="5"><button>send</button></form>`;

describe.skipIf(chromium === undefined)('single sign-on across three sites, scripts switched off', () => {
  let browser: Browser;
  let gate: GateFixture;
  let upstream: Recorder;
  let context: BrowserContext;
  let page: Page;
  let kim: Person;
  let count = 0;

  beforeAll(async () => {
    upstream = await startRecorder();
    const length = Buffer.byteLength(PAGE);
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${length}\r\n\r\n`;
    upstream.answer(() => head + PAGE);
    gate = await startGate(`version: 1
server: { listen: "127.0.0.1:0", shutdown: { drain: 100ms }, public_url: "http://gw.test" }
console: { listen: "127.0.0.1:0" }
routes:
  - { name: hr, title: { ko: 인사 }, host: hr.test, to: "${upstream.url}", auth: id+otp, keep_post: true }
  - name: pay
    title: { ko: 급여 }
    host: pay.test
    to: "${upstream.url}"
    auth: id+otp
    step_up: [{ methods: [POST], auth: id+otp+pin, reason: { ko: 송금 } }]
pages: { brand: { name: 에이콤 } }
`);
    const here = `127.0.0.1:${gate.port}`;
    browser = await launch(
      chromium ?? '',
      ['gw.test', 'hr.test', 'pay.test'].map((host) => `MAP ${host} ${here}`),
    );
  });
  afterAll(async () => {
    await browser?.close();
    await gate?.stop();
    await upstream?.close();
  });
  beforeEach(async () => {
    upstream.clear();
    kim = await gate.person(`kim${++count}`);
    context = await browser.newContext({ javaScriptEnabled: false, locale: 'ko-KR' });
    page = await context.newPage();
  });

  const shoot = async (name: string) => {
    const folder = process.env['SUMUN_TEST_SCREENSHOTS'];
    if (folder === undefined) return;
    for (const [width, height] of [
      [360, 740],
      [1280, 800],
    ] as const) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${folder}/${name}-${width}.png` });
    }
  };
  const signIn = async () => {
    await page.fill('#login', kim.login);
    await page.fill('#otp', kim.otp());
    await page.click('button.main');
  };

  test('one sign-in on the portal opens the site it began on, and the next one without a page between', async () => {
    await page.goto('http://hr.test/a?b=1');
    expect(new URL(page.url()).host).toBe('gw.test');
    expect(await page.textContent('.dest')).toContain('hr.test');
    await shoot('portal-sign-in');
    await signIn();
    expect([page.url(), await page.textContent('h1')]).toEqual(['http://hr.test/a?b=1', 'app']);
    await page.goto('http://pay.test/');
    expect([page.url(), await page.textContent('h1')]).toEqual(['http://pay.test/', 'app']);
    const cookies = (await context.cookies()).filter(({ name }) => name === 'sumun');
    expect(cookies.map(({ domain }) => domain).sort()).toEqual(['gw.test', 'hr.test', 'pay.test']);
    expect(new Set(cookies.map(({ value }) => value)).size).toBe(3);
    for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
    await page.goto('http://gw.test/_sumun/');
    await shoot('portal-apps');
    await page.click('text=급여');
    expect(page.url()).toBe('http://pay.test/');
  });

  test('a wrong code stays on the portal, and the right one leads on from there', async () => {
    await page.goto('http://hr.test/');
    await page.fill('#login', kim.login);
    await page.fill('#otp', '000000');
    await page.click('button.main');
    expect(await page.title()).toMatch(/^오류/);
    await page.fill('#otp', kim.otp());
    await page.click('button.main');
    expect(page.url()).toBe('http://hr.test/');
  });

  test('a form that needs one factor more goes to the portal and comes back to be sent from its own site', async () => {
    await page.goto('http://pay.test/');
    await signIn();
    await page.click('text=send');
    expect(new URL(page.url()).host).toBe('gw.test');
    expect(await page.textContent('h1')).toBe('한 번 더 확인할게요');
    await shoot('portal-step-up');
    await page.fill('#pin', kim.pin);
    await page.click('button.main');
    expect(new URL(page.url()).host).toBe('pay.test');
    await shoot('portal-resume');
    await page.click('button.main');
    expect(page.url()).toBe('http://pay.test/send');
    const posts = upstream.requests.filter(({ requestLine }) => requestLine.startsWith('POST /send '));
    expect(posts.map(({ body }) => body)).toEqual(['amount=5']);
  });

  test('a form sent without a session is kept across the portal', async () => {
    await page.goto('http://hr.test/');
    await signIn();
    const kept = (await context.cookies()).filter(({ name }) => name !== 'sumun');
    await context.clearCookies();
    await context.addCookies(kept);
    await page.click('text=send');
    expect(await page.textContent('.tip')).toContain('보관');
    await signIn();
    await page.click('button.main');
    expect(page.url()).toBe('http://hr.test/send');
  });

  test('signing out on one site ends the session on the others', async () => {
    await page.goto('http://hr.test/');
    await signIn();
    await page.goto('http://pay.test/_sumun/logout');
    await page.goto('http://pay.test/');
    await page.goto('http://pay.test/_sumun/logout');
    await page.click('button.main');
    for (const url of ['http://hr.test/', 'http://pay.test/', 'http://gw.test/_sumun/']) {
      await page.goto(url);
      expect(new URL(page.url()).host, url).toBe('gw.test');
      expect(await page.textContent('h1'), url).toBe('로그인');
    }
  });

  test('a way back that another browser began ends on a page that says what to do', async () => {
    await page.goto('http://hr.test/');
    const begun = page.url();
    const other = await browser.newContext({ javaScriptEnabled: false, locale: 'ko-KR' });
    page = await other.newPage();
    await page.goto('http://pay.test/');
    await signIn();
    await page.goto(begun);
    expect(new URL(page.url()).host).toBe('hr.test');
    expect(await page.textContent('h1')).toBe('로그인을 마치지 못했어요');
    await shoot('hand-over-refused');
    await page.click('text=처음으로');
    expect(page.url()).toBe('http://hr.test/_sumun/');
    expect(await page.textContent('.who')).toContain(kim.login);
  });
});

/** A load balancer that speaks TLS for the gateway and says so. */
async function startTls(port: number): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  const authority = Authority.open();
  const { cert, key } = authority.issue({ names: 'DNS:gw.test,DNS:hr.test,DNS:pay.test' });
  authority.close();
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' };
    const { method, url: path } = incoming;
    const onward = request({ host: '127.0.0.1', port, method, path, headers, setHost: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

test.skipIf(chromium === undefined)(
  'over https every host has its own __Host- cookie, Secure, and http brings none along',
  async () => {
    const upstream = await startRecorder();
    const gate = await startGate(`version: 1
server:
  listen: "127.0.0.1:0"
  shutdown: { drain: 100ms }
  public_url: "https://gw.test"
  trusted_proxies: [127.0.0.1/32]
console: { listen: "127.0.0.1:0" }
routes:
  - { name: hr, host: hr.test, to: "${upstream.url}", auth: id+otp }
  - { name: pay, host: pay.test, to: "${upstream.url}", auth: id+otp }
`);
    const tls = await startTls(gate.port);
    const hosts = ['gw.test', 'hr.test', 'pay.test'];
    const browser = await launch(chromium ?? '', [
      ...hosts.map((host) => `MAP ${host}:443 127.0.0.1:${tls.port}`),
      ...hosts.map((host) => `MAP ${host}:80 127.0.0.1:${gate.port}`),
    ]);
    try {
      const kim = await gate.person('kim');
      const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ko-KR', ignoreHTTPSErrors: true });
      const page = await context.newPage();
      await page.goto('https://hr.test/a');
      expect(page.url()).toMatch(/^https:\/\/gw\.test\//);
      await page.fill('#login', kim.login);
      await page.fill('#otp', kim.otp());
      await page.click('button.main');
      expect(page.url()).toBe('https://hr.test/a');
      await page.goto('https://pay.test/b');
      expect(page.url()).toBe('https://pay.test/b');
      const cookies = (await context.cookies()).filter(({ name }) => name === '__Host-sumun');
      expect(cookies.map(({ domain }) => domain).sort()).toEqual(hosts);
      for (const cookie of cookies) expect(cookie).toMatchObject({ secure: true, httpOnly: true, path: '/' });
      await page.goto('http://hr.test/c');
      expect(page.url()).toMatch(/^https:\/\/gw\.test\//);
      expect(await page.inputValue('#otp')).toBe('');
    } finally {
      await browser.close();
      await tls.close();
      await gate.stop();
      await upstream.close();
    }
  },
  60_000,
);

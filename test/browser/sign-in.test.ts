import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Factor } from '../../src/core/identity/factors.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { addPerson, codeOf, PASSWORD, PIN } from '../flows/house.ts';
import { HOST, openPortal, type PortalFixture } from '../portal/fixture.ts';
import { SMS_CODE } from '../portal/policy.ts';
import { event } from '../stores/fixture.ts';
import { findChromium, launch } from './browser.ts';

const chromium = findChromium();

/** The code of the newest message in the queue. */
async function lastCode({ house, time }: PortalFixture): Promise<string> {
  const messages = await house.messages.claim(100, time.now, 1);
  const challenge = await house.challenges.find(messages.at(-1)?.challengeId ?? '');
  return challenge === undefined ? '' : smsCodeOf(challenge, 6, house.digests);
}

describe.skipIf(chromium === undefined)('signing in with scripts switched off', () => {
  let browser: Browser;
  let portal: PortalFixture;
  let page: Page;

  beforeAll(async () => {
    portal = await openPortal();
    const kim = await addPerson(portal.house, 'kim');
    await portal.house.accounts.update(kim.id, { phone: '010-1234-5678' }, event('user.changed', portal.time.now));
    const file = { type: 'file', name: 'file', path: '/dev/null' } as const;
    portal.policy.current = { ...portal.policy.current, sms: { providers: [file], code: SMS_CODE } };
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    await portal?.close();
  });
  beforeEach(async () => {
    portal.time.now += 10 * 60_000;
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ko-KR' });
    page = await context.newPage();
  });

  const base = () => `http://${HOST}:${portal.port}/_sumun`;
  const asking = (...factors: Factor[]) => {
    const routes = { ...portal.policy.current.routes, all: portal.policy.current.routes.all.slice(0, 1) };
    const [first] = routes.all;
    if (first === undefined) throw new Error('no route');
    const only = { ...first, auth: { kind: 'sign-in', requirement: { factors } } } as const;
    portal.policy.current = { ...portal.policy.current, routes: { ...routes, all: [only] } };
  };

  test.each([
    ['ID and OTP', ['otp']],
    ['ID, OTP and PIN', ['otp', 'pin']],
    ['ID, password and OTP', ['pw', 'otp']],
  ] as const)('%s: a wrong code, then the right one as people paste it', async (_, factors) => {
    asking(...factors);
    await page.goto(`${base()}/`);
    const fill = async (otp: string) => {
      await page.fill('#login', 'kim');
      if (factors.some((factor) => factor === 'pw')) await page.fill('#password', PASSWORD);
      if (factors.some((factor) => factor === 'pin')) await page.fill('#pin', PIN);
      await page.fill('#otp', otp);
      await page.press('#otp', 'Enter');
    };
    await fill(codeOf(portal.time.now, 7000));
    expect(await page.title()).toMatch(/^오류: 로그인/);
    expect(await page.inputValue('#login')).toBe('kim');
    const code = codeOf(portal.time.now);
    await fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    expect(await page.textContent('h1')).toBe('열 수 있는 시스템');
  });

  test('a code by SMS: two steps, the message once more, a wrong code, the right one as people paste it', async () => {
    asking('pw', 'sms');
    await page.goto(`${base()}/`);
    await page.fill('#login', 'kim');
    await page.fill('#password', PASSWORD);
    await page.press('#password', 'Enter');
    expect(await page.textContent('h1')).toBe('문자로 받은 번호 입력');
    expect(await page.textContent('.lead')).toContain('010-****-5678');
    await page.click('text=문자 다시 받기');
    expect(await page.textContent('[role=status]')).toContain('30초 뒤에 눌러 주세요.');
    const code = await lastCode(portal);
    await page.fill('#sms', `${(Number(code[0]) + 1) % 10}${code.slice(1)}`);
    await page.press('#sms', 'Enter');
    expect(await page.title()).toMatch(/^오류: 문자로 받은 번호 입력/);
    await page.fill('#sms', `${code.slice(0, 3)} ${code.slice(3)}`);
    await page.press('#sms', 'Enter');
    expect(await page.textContent('h1')).toBe('열 수 있는 시스템');
  });

  test('changing the language keeps the ID; signing out asks first', async () => {
    asking('otp');
    await page.goto(`${base()}/login`);
    await page.fill('#login', 'kim');
    await page.click('button[lang=en]');
    expect(await page.getAttribute('html', 'lang')).toBe('en');
    expect(await page.inputValue('#login')).toBe('kim');
    await page.fill('#otp', codeOf(portal.time.now));
    await page.click('button.main');
    await page.click('text=Sign out');
    await page.click('button.main');
    expect(await page.textContent('h1')).toBe('You’re signed out');
    await page.goBack();
    await page.goto(`${base()}/`);
    expect(await page.textContent('h1')).toBe('Sign in');
  });

  test('a browser without cookies is told so, not sent in circles', async () => {
    asking('otp');
    await page.goto(`${base()}/`);
    await page.context().clearCookies();
    await page.fill('#login', 'kim');
    await page.fill('#otp', '123456');
    await page.press('#otp', 'Enter');
    expect(await page.textContent('h1')).toBe('이 브라우저가 쿠키를 막고 있어요');
  });
});

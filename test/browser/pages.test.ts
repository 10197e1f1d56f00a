import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderAll } from '../http/samples.ts';
import { findChromium, launch } from './browser.ts';

const chromium = findChromium();
const LANGUAGES = ['ko', 'en', 'ja'] as const;

describe.skipIf(chromium === undefined)('every page in a browser', () => {
  let browser: Browser;
  let server: Server;
  let base: string;
  const asked: string[] = [];

  beforeAll(async () => {
    const rendered = new Map(LANGUAGES.map((language) => [language as string, renderAll(language)]));
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const [, language = '', name = ''] = (request.url ?? '').split('/');
      const page = rendered.get(language)?.get(name);
      response.writeHead(page === undefined ? 404 : 200, { ...page?.headers }).end(page?.body ?? '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const names = [...renderAll('ko').keys()];

  /** Opens every page in turn and collects what is wrong with each. */
  async function eachPage(
    language: string,
    options: { readonly width: number; readonly scheme: 'light' | 'dark' },
    check: (page: Page) => Promise<readonly string[]>,
    only: ReadonlySet<string> = new Set(names),
  ): Promise<readonly string[]> {
    const context = await browser.newContext({
      viewport: { width: options.width, height: 640 },
      colorScheme: options.scheme,
    });
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on('console', (message) => wrong.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
    for (const name of only) {
      await page.goto(`${base}/${language}/${name}`);
      for (const fault of await check(page)) wrong.push(`${name}: ${fault}`);
    }
    await context.close();
    return wrong;
  }

  const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  async function violations(page: Page): Promise<readonly string[]> {
    await page.evaluate(axe.source);
    const found = await page.evaluate(async (tags) => {
      const tool = (globalThis as unknown as { axe: typeof axe }).axe;
      const { violations: all } = await tool.run({ runOnly: tags });
      return all.map((one) => `${one.id} ${one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
    }, TAGS);
    return found;
  }

  /** One of each structure: the others differ in words only. */
  const STRUCTURES = new Set([
    'login-id-pw-otp',
    'login-e1',
    'login-faults',
    'login-ended-with-post',
    'step-up-plain',
    'login-text-instead',
    'login-outage',
    'step-sms-wrong',
    'step-sms-too-soon',
    'step-otp',
    'locked',
    'apps',
    'apps-empty',
    'sign-out',
    'resume',
    'denied',
    'no-route',
    'post-not-kept',
    'upstream-502',
    'unavailable',
    'maintenance',
  ]);

  test.each([
    ['ko', 1280, 'light'],
    ['en', 320, 'dark'],
  ] as const)(
    'has no violation of WCAG 2.2 AA (axe; %s, %i px, %s)',
    async (language, width, scheme) => {
      expect(await eachPage(language, { width, scheme }, violations, STRUCTURES)).toEqual([]);
    },
    60_000,
  );

  test.each(LANGUAGES)('fits 320 px without scrolling sideways, with targets of 44 px (%s)', async (language) => {
    const wrong = await eachPage(language, { width: 320, scheme: 'light' }, (page) =>
      page.evaluate(() => {
        const doc = (
          globalThis as unknown as {
            document: {
              documentElement: { scrollWidth: number };
              querySelectorAll(s: string): Iterable<{ getBoundingClientRect(): { height: number }; outerHTML: string }>;
            };
          }
        ).document;
        const faults: string[] = [];
        if (doc.documentElement.scrollWidth > 320) faults.push(`is ${doc.documentElement.scrollWidth} px wide`);
        const controls = doc.querySelectorAll(
          'input:not([type=hidden], [hidden]), button, a.btn, a.app, a.link, .langs a',
        );
        for (const one of controls)
          if (one.getBoundingClientRect().height < 43.9) faults.push(`small: ${one.outerHTML.slice(0, 90)}`);
        return faults;
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('keeps every sentence inside its box with text spacing of WCAG 1.4.12 and 200 % text', async () => {
    const wrong = await eachPage('en', { width: 320, scheme: 'light' }, async (page) => {
      await page.evaluate(() => {
        const doc = (
          globalThis as unknown as {
            document: {
              documentElement: { style: { fontSize: string } };
              querySelectorAll(
                s: string,
              ): Iterable<{ style: { lineHeight: string; letterSpacing: string; wordSpacing: string } }>;
            };
          }
        ).document;
        doc.documentElement.style.fontSize = '200%';
        for (const one of doc.querySelectorAll('body *'))
          Object.assign(one.style, { letterSpacing: '.12em', wordSpacing: '.16em' });
      });
      const width = await page.evaluate('document.documentElement.scrollWidth');
      return Number(width) > 320 ? [`is ${width} px wide`] : [];
    });
    expect(wrong).toEqual([]);
  });

  test('costs one request, and no favicon', async () => {
    asked.length = 0;
    const page = await browser.newPage();
    await page.goto(`${base}/ko/login-id-pw-otp`);
    await page.waitForLoadState('networkidle');
    await page.close();
    expect(asked).toEqual(['/ko/login-id-pw-otp']);
  });

  test('is walked by Tab in reading order, and starts in the first empty field', async () => {
    const page = await browser.newPage();
    await page.goto(`${base}/ko/login-id-pw-otp`);
    const focused = () =>
      page.evaluate(
        'document.activeElement.id || document.activeElement.value || document.activeElement.className || document.activeElement.textContent',
      );
    expect(await focused()).toBe('login');
    const order: unknown[] = [];
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    expect(order).toEqual(['password', 'otp', 'btn main', 'ko', 'en', 'ja']);
    await page.goto(`${base}/ko/login-faults`);
    expect(await focused()).toBe('sum');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('login');
    await page.close();
  });
});

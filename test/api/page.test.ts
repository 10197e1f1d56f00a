import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPERATIONS } from '../../src/api/operations.ts';
import { findChromium, launch } from '../browser/browser.ts';
import { type Served, serveApi } from './served.ts';

const chromium = findChromium();

describe.skipIf(chromium === undefined)('the page for people in a browser', () => {
  let served: Served;
  let browser: Browser;
  beforeAll(async () => {
    served = await serveApi(OPERATIONS);
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  test('shows every operation, asks nobody else and breaks none of its own rules', async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    const said: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(String(error)));
    await page.goto(`${served.origin}/api/docs`);
    await page.waitForSelector('.opblock');
    expect(await page.locator('.opblock').count()).toBe(OPERATIONS.length);
    expect(asked.filter((url) => !url.startsWith(`${served.origin}/`) && !url.startsWith('data:'))).toEqual([]);
    expect(said).toEqual([]);
    await page.close();
  }, 30_000);
});

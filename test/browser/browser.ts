import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CANDIDATES = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', chromium.executablePath()];

/** Where a Chromium is; undefined if there is none, after saying once how to get one. */
export function findChromium(): string | undefined {
  const found = CANDIDATES.find((path) => path !== undefined && path !== '' && existsSync(path));
  if (found === undefined) {
    console.warn('browser tests are skipped: no Chromium found (apt install chromium, or set CHROMIUM_PATH)');
  }
  return found;
}

/** A browser that asks nobody but this machine; `hr.corp.example` is this machine, and so are `hosts`: `MAP gw.test 127.0.0.1:8080`. */
export const launch = (executablePath: string, hosts: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${['MAP hr.corp.example 127.0.0.1', ...hosts, 'EXCLUDE 127.0.0.1'].join(', ')}`,
    ],
  });

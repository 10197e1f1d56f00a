import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpCentre } from '../messaging/parts.ts';
import { Desk, field } from './terminal.ts';

const desk = new Desk();
const centre = new HttpCentre();
const env = { SUMUN_CONFIG: 'site/config.yaml' };
const sumun = (line: string) => desk.sumun(line, { env });
const config = () => desk.path('site', 'config.yaml');
let bare = '';

beforeAll(async () => {
  await centre.start();
  await desk.sumun('init site --host hr.example --upstream http://127.0.0.1:9 --auth id+pw+otp --admin root --json');
  bare = await readFile(config(), 'utf8');
});
afterAll(async () => {
  desk.remove();
  await centre.stop();
});

const withSms = (fallback: string): Promise<void> =>
  writeFile(
    config(),
    `${bare}
sms:
  providers:
    - { type: http, name: web, url: "${centre.url}/send?key=sekret" }
    - { type: file, path: outbox.jsonl }
${fallback}`,
  );

describe('without a provider', () => {
  test('status says so; nothing can be tried or declared', async () => {
    expect((await sumun('sms status')).stdout).toContain('No provider is configured');
    expect((await sumun('sms test 010-1234-5678')).exit).toBe(4);
    expect((await sumun('sms fallback --for 2h')).exit).toBe(4);
  });
});

describe('sms status', () => {
  test('shows the providers, without what an address carries in its path, counts and the outage', async () => {
    await withSms('');
    const { json, stdout } = await sumun('sms status --json');
    expect(json).toEqual({
      providers: [
        { name: 'web', type: 'http', to: centre.url },
        { name: 'file', type: 'file', to: desk.path('site', 'outbox.jsonl') },
      ],
      counts: { queued: 0, sending: 0, sent: 0, delivered: 0, failed: 0 },
      outage: { until: null },
    });
    expect(stdout).not.toContain('sekret');
  });
});

describe('sms test', () => {
  test('sends a message without a code through every provider, and says how each did', async () => {
    await withSms('');
    const { json, exit } = await sumun('sms test 010-1234-5678 --json');
    expect([exit, json]).toEqual([
      0,
      {
        trials: [
          { provider: 'web', fault: null },
          { provider: 'file', fault: null },
        ],
      },
    ]);
    expect(JSON.parse(centre.received[0]?.body ?? '')).toMatchObject({ to: '01012345678' });
    expect(JSON.parse(readFileSync(desk.path('site', 'outbox.jsonl'), 'utf8'))).toMatchObject({ to: '01012345678' });
  });

  test('exits 69 where a provider does not take it, and 2 for what is no number', async () => {
    centre.answer = (_, response) => response.writeHead(503).end();
    const spoken = await sumun('sms test 010-1234-5678');
    expect([spoken.exit, spoken.stdout.split('\n')[0]]).toEqual([69, 'web: http-503']);
    expect((await sumun('sms test hello')).exit).toBe(2);
  });
});

describe('sms fallback', () => {
  test('declares an outage for a time, and ends it', async () => {
    await withSms('  fallback: { when: outage, routes: ["*"] }\n');
    const declared = await sumun('sms fallback --for 2h --json');
    const until = Date.parse(String(field(declared.json, 'until')));
    expect(Math.abs(until - Date.now() - 2 * 3_600_000)).toBeLessThan(60_000);
    expect(field((await sumun('sms status --json')).json, 'outage', 'until')).toBe(field(declared.json, 'until'));
    expect((await sumun('sms fallback off')).exit).toBe(0);
    expect(field((await sumun('sms status --json')).json, 'outage', 'until')).toBeNull();
    const kinds = (await sumun('audit search --kind outage.declared --json')).stdout;
    expect(kinds).toContain('outage.declared');
  });

  test('is refused where no route would fall back', async () => {
    await withSms('');
    expect((await sumun('sms fallback --for 2h')).exit).toBe(4);
  });

  test.each(['', '--for 2h off', '--for 30d', '--for soon', 'on'])('wrong usage: %j', async (words) => {
    expect((await sumun(`sms fallback ${words}`)).exit).toBe(2);
  });
});

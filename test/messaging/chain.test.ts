import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SmsProvider } from '../../src/core/policy.ts';
import { FAILURES_TO_OPEN } from '../../src/messaging/breaker.ts';
import { Chain } from '../../src/messaging/chain.ts';
import { HttpCentre, keptLog, secret } from './parts.ts';

const time = { now: 1_000_000 };
const log = keptLog();
const parts = { clock: { now: () => time.now }, log, onReceipt: () => undefined };
const first = new HttpCentre();
const second = new HttpCentre();
let folder: string;
let chain: Chain;

beforeAll(async () => {
  await Promise.all([first.start(), second.start()]);
  folder = mkdtempSync(join(tmpdir(), 'sumun-sms-'));
});
afterAll(async () => {
  await Promise.all([first.stop(), second.stop()]);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  for (const centre of [first, second]) {
    centre.received.length = 0;
    centre.answer = (_, response) => response.writeHead(200).end('{"id":"ok"}');
  }
  log.lines.length = 0;
});
afterEach(() => chain.close());

const MESSAGE = { id: 'm1', to: '01012345678', text: 'code 123456' };
const two = (): readonly SmsProvider[] => [
  first.settings({ name: 'first', timeout: 100 }),
  second.settings({ name: 'second', timeout: 100 }),
];
const down = (status: number) => (_: unknown, response: Parameters<HttpCentre['answer']>[1]) =>
  void response.writeHead(status).end();

describe('providers in their order', () => {
  test('the first that takes the message over is the last that is asked', async () => {
    chain = new Chain(two(), parts);
    expect(await chain.send(MESSAGE)).toEqual({ kind: 'sent', provider: 'first', reference: 'ok' });
    expect(second.received).toHaveLength(0);
  });

  test.each([
    ['answers 503', down(503)],
    ['refuses this message', down(400)],
    ['is silent', () => undefined],
  ])('where the first %s the second is asked', async (_, answer) => {
    chain = new Chain(two(), parts);
    first.answer = answer;
    expect(await chain.send(MESSAGE)).toMatchObject({ kind: 'sent', provider: 'second' });
  });

  test('where the first refuses the connection the second is asked', async () => {
    chain = new Chain(two(), parts);
    await first.stop();
    expect(await chain.send(MESSAGE)).toMatchObject({ kind: 'sent', provider: 'second' });
    await first.start();
  });

  test('where all fail it says how each did; it is of no use to try again only if all refused the message', async () => {
    chain = new Chain(two(), parts);
    first.answer = down(400);
    second.answer = down(503);
    expect(await chain.send(MESSAGE)).toMatchObject({ faults: 'first http-400, second http-503', retry: true });
    second.answer = down(422);
    expect(await chain.send(MESSAGE)).toMatchObject({ faults: 'first http-400, second http-422', retry: false });
  });
});

describe('a breaker for each', () => {
  test('spares a provider that fails, probes it later, logs each change without number or text', async () => {
    chain = new Chain(two(), parts);
    first.answer = down(500);
    for (let count = 0; count < FAILURES_TO_OPEN + 3; count++) await chain.send(MESSAGE);
    expect(first.received).toHaveLength(FAILURES_TO_OPEN);
    expect(chain.breakers()[0]).toMatchObject({ provider: 'first', state: 'open', until: time.now + 5000 });
    time.now += 5000;
    first.answer = (_, response) => response.writeHead(200).end();
    expect(await chain.send(MESSAGE)).toMatchObject({ provider: 'first' });
    expect(chain.breakers()[0]).toMatchObject({ state: 'closed', until: undefined });
    expect(log.lines).toHaveLength(2);
    expect(log.lines.join()).not.toMatch(/0101234|123456/);
  });

  test('a provider that refuses messages works: its breaker stays closed', async () => {
    chain = new Chain(two(), parts);
    first.answer = down(400);
    for (let count = 0; count < 2 * FAILURES_TO_OPEN; count++) await chain.send(MESSAGE);
    expect(first.received).toHaveLength(2 * FAILURES_TO_OPEN);
  });

  test('with every breaker open nobody is asked, and it says until when', async () => {
    chain = new Chain(two(), parts);
    first.answer = down(500);
    second.answer = down(500);
    for (let count = 0; count < FAILURES_TO_OPEN; count++) await chain.send(MESSAGE);
    const asked = first.received.length;
    expect(await chain.send(MESSAGE)).toEqual({
      kind: 'failed',
      faults: 'first breaker-open, second breaker-open',
      retry: true,
      notBefore: time.now + 5000,
    });
    expect(first.received).toHaveLength(asked);
  });

  test('a reload keeps the breaker of a provider that did not change, and only of that', async () => {
    const before = new Chain(two(), parts);
    first.answer = down(500);
    for (let count = 0; count < FAILURES_TO_OPEN; count++) await before.send(MESSAGE);
    chain = new Chain(two(), parts, before);
    expect(chain.breakers()[0]?.state).toBe('open');
    const other = [{ ...first.settings({ name: 'first', timeout: 100 }), token: secret('new') }];
    expect(new Chain(other, parts, chain).breakers()[0]?.state).toBe('closed');
  });
});

describe('a file as provider', () => {
  test('gets one line of JSON a message, readable by its owner only', async () => {
    const path = join(folder, 'outbox.jsonl');
    chain = new Chain([{ type: 'file', name: 'file', path }], parts);
    await Promise.all(['a', 'b', 'c'].map((id) => chain.send({ ...MESSAGE, id, text: `줄\n"${id}"` })));
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const documents = lines.map((line) => JSON.parse(line));
    expect(documents.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
    expect(documents[0]).toEqual({
      at: new Date(time.now).toISOString(),
      to: MESSAGE.to,
      text: `줄\n"${documents[0].id}"`,
      id: documents[0].id,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is not written through a symbolic link', async () => {
    const path = join(folder, 'link');
    symlinkSync(join(folder, 'elsewhere'), path);
    chain = new Chain([{ type: 'file', name: 'file', path }], parts);
    expect(await chain.send(MESSAGE)).toMatchObject({ kind: 'failed', faults: 'file eloop' });
  });
});

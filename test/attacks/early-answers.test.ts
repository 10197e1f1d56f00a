/**
 * The attacker sends a body to somebody who answers without reading it, so that the body is taken for the next request.
 * They must see the body vanish, or the connection end: never a second answer.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { answerEach, RecorderUpstream } from '../support/recorder-upstream.ts';
import { sendRaw } from '../support/wire.ts';

const PATIENT = { quiet: 5000 };

let upstream: Recorder;
/** Answers as soon as it has a head. */
let early: RecorderUpstream;
let gate: GateFixture;
let host: string;
let smuggled: string;

beforeAll(async () => {
  upstream = await startRecorder();
  early = await RecorderUpstream.open(answerEach('early'));
  gate = await startGate(`
routes:
  - { name: pub, host: localhost, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: small, host: localhost, path: [/small/], to: "${upstream.url}", auth: bypass, limits: { body: 10B } }
  - { name: closed, host: localhost, path: [/closed/], to: "${upstream.url}", auth: deny }
  - { name: early, host: localhost, path: [/early/], to: "http://127.0.0.1:${early.port}", auth: bypass }
  - { name: moved, host: localhost, path: [/moved/], redirect: "https://elsewhere.example/", auth: bypass }
  - { name: app, host: localhost, path: [/app/], to: "${upstream.url}", auth: id+otp }
`);
  host = `localhost:${gate.port}`;
  smuggled = `GET /pub/smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
  await early.close();
});
beforeEach(() => {
  upstream.clear();
});

const message = (line: string, fields: readonly string[], body = '', at = host): string =>
  [line, `Host: ${at}`, ...fields, '', body].join('\r\n');
const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const lines = (): string[] => upstream.requests.map(({ requestLine }) => requestLine);

/** The message, then a request behind it: the one answer, and the request or the end. */
async function expectOneAnswer(text: string, allowed: readonly number[]): Promise<void> {
  upstream.clear();
  const next = message('GET /pub/next HTTP/1.1', ['Connection: close']);
  const { responses, closed } = await sendRaw(gate.port, Buffer.from(text + next, 'latin1'), PATIENT);
  const [first, ...rest] = responses.map(({ status }) => status);
  const shown = JSON.stringify(text.slice(0, 200));
  expect(allowed, shown).toContain(first);
  expect([[], [200]], shown).toContainEqual(rest);
  expect(closed, shown).toBe(true);
  expect(upstream.bytes, shown).not.toContain('smuggled');
  expect(lines(), shown).toEqual(rest.length === 0 ? [] : ['GET /pub/next HTTP/1.1']);
}

const ANSWERED_HERE: readonly (readonly [string, readonly number[], string])[] = [
  ['a sign-in', [401], '/app/x'],
  ['a refusal', [403], '/closed/x'],
  ['a redirect', [301, 302, 303, 307, 308], '/moved/x'],
  ['a limit', [413], '/small/x'],
  ['no route', [404], '/nowhere/x'],
  ['a page of ours', [200, 303, 403, 404, 405], '/_sumun/'],
  ['a script of ours', [200, 403, 404, 405], '/_sumun/assets/nothing.css'],
  ['a form of ours', [200, 303, 400, 403, 413, 415, 422], '/_sumun/login'],
];

describe('SMUG-2 CL.0 and 0.CL: a body that nobody reads', () => {
  test.each(ANSWERED_HERE)(
    'for %s is never a request',
    async (_, allowed, path) => {
      for (const method of ['POST', 'PUT', 'GET', 'DELETE']) {
        const line = `${method} ${path} HTTP/1.1`;
        await expectOneAnswer(message(line, [`Content-Length: ${smuggled.length}`], smuggled), [...allowed, 405]);
        await expectOneAnswer(message(line, ['Transfer-Encoding: chunked'], chunked(smuggled)), [...allowed, 405]);
      }
    },
    60_000,
  );

  test('for a host nobody serves is never a request', async () => {
    const fields = [`Content-Length: ${smuggled.length}`];
    await expectOneAnswer(message('POST /pub/x HTTP/1.1', fields, smuggled, 'evil.test'), [421]);
  });

  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('of %s is forwarded with the same framing', async (method) => {
    const own = [`Content-Length: ${smuggled.length}`, 'Connection: close'];
    const client = await RawClient.open(gate.port);
    await client.send(message(`${method} /pub/x HTTP/1.1`, own, smuggled)).untilClosed();
    const [seen] = upstream.requests;
    expect(lines()).toEqual([`${method} /pub/x HTTP/1.1`]);
    expect(seen?.body).toBe(smuggled);
    expect(seen?.fields.filter(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))).toEqual([
      ['Content-Length', String(smuggled.length)],
    ]);
    client.destroy();
  });
});

describe('SMUG-2 a body that was announced with Expect', () => {
  const announced = (path: string): string =>
    message(`POST ${path} HTTP/1.1`, ['Expect: 100-continue', `Content-Length: ${smuggled.length}`]);

  /** A client that takes the final answer for the end of its request sends the next one at once. */
  async function expectEnd(path: string, status: number): Promise<void> {
    const client = await RawClient.open(gate.port);
    const answer = await client.send(announced(path)).response('POST', 10_000);
    expect([answer.status, answer.rawHeaders.join().toLowerCase().includes('connection,close')]).toEqual([
      status,
      true,
    ]);
    client.send(smuggled).send(smuggled);
    await client.untilClosed();
    expect(client.text).toBe('');
    client.destroy();
    expect(lines()).toEqual([]);
  }

  test.each([
    ['/app/x', 401],
    ['/closed/x', 403],
    ['/nowhere/x', 404],
  ])('to %s, which is answered here, ends the connection', (path, status) => expectEnd(path, status));

  test('to an application that answers without it ends the connection', () => expectEnd('/early/x', 200));
});

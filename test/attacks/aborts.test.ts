/**
 * The attacker goes away in the middle of a sentence, or never finishes it, at every octet there is. They must see their
 * own connection end and nothing else: the process lives, no promise is lost, and the next request is served.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { plainResponse, type RecordedConnection } from '../support/recorder-upstream.ts';
import { sendRaw } from '../support/wire.ts';

const PATIENT = { quiet: 5000 };

let upstream: Recorder;
let gate: GateFixture;
let host: string;
let cookie: string;
const unhandled: unknown[] = [];
const note = (reason: unknown): unknown => unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  process.on('uncaughtExceptionMonitor', note);
  upstream = await startRecorder();
  gate = await startGate(`version: 1
server:
  listen: "127.0.0.1:0"
  shutdown: { drain: 100ms }
  limits: { idle: 1s, header_time: 1s }
console:
  listen: "127.0.0.1:0"
upstreams:
  app: { targets: ["${upstream.url}"], pool: { max: 64 } }
routes:
  - { name: pub, path: [/pub/], to: app, auth: bypass }
  - { name: app, path: [/app/], to: app, auth: id+otp, keep_post: true }
`);
  host = `localhost:${gate.port}`;
  cookie = await gate.signIn(await gate.person('alice'), '/app/');
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
  process.removeListener('unhandledRejection', note);
  process.removeListener('uncaughtExceptionMonitor', note);
});
beforeEach(() => {
  upstream.answer(undefined);
  upstream.clear();
});

/** Nothing was lost, and both a public and a signed-in request are served at once. */
async function expectAlive(): Promise<void> {
  upstream.answer(undefined);
  for (const path of ['/pub/alive', '/app/alive']) {
    const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`;
    const { responses } = await sendRaw(gate.port, text, PATIENT);
    expect([responses[0]?.status, responses[0]?.body.toString()]).toEqual([200, upstream.canary]);
  }
  const lines = upstream.requests.map(({ requestLine }) => requestLine).filter((line) => line.includes('/alive'));
  expect(lines).toEqual(['GET /pub/alive HTTP/1.1', 'GET /app/alive HTTP/1.1']);
  expect(unhandled).toEqual([]);
  expect(gate.log.filter((line) => line.includes('request.failed'))).toEqual([]);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends a part of the text and goes, politely or not; every other time before the gateway has read it. */
async function goAfter(text: string, length: number): Promise<void> {
  const client = await RawClient.open(gate.port);
  client.send(text.slice(0, length));
  if (length % 2 === 0) await turn();
  if (length % 3 === 0) client.socket.end();
  else if (length % 3 === 1) client.socket.resetAndDestroy();
  await turn();
  client.destroy();
}

describe('G152 a browser that goes at every octet of its request', () => {
  const fields = (): string => `Host: ${host}\r\nCookie: ${cookie}\r\n`;
  const form = 'a=1&b=2';
  const requests: readonly (readonly [string, () => string])[] = [
    ['GET', () => `GET /app/x HTTP/1.1\r\n${fields()}\r\n`],
    ['POST with a length', () => `POST /app/x HTTP/1.1\r\n${fields()}Content-Length: 7\r\n\r\n${form}`],
    [
      'POST in chunks',
      () => `POST /pub/x HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n${form}\r\n0\r\n\r\n`,
    ],
    [
      'a form that is kept',
      () =>
        `POST /app/x HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nOrigin: http://${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\n${form}`,
    ],
    [
      'a form of the sign-in page',
      () =>
        `POST /_sumun/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\n${form}`,
    ],
    [
      'a WebSocket',
      () =>
        `GET /app/ws HTTP/1.1\r\n${fields()}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    ],
    [
      'an expectation',
      () => `POST /pub/x HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n${form}`,
    ],
  ];
  test.each(requests)(
    '%s',
    async (_, make) => {
      const text = make();
      for (let at = 1; at <= text.length; at += 8) {
        await Promise.all(
          Array.from({ length: Math.min(8, text.length - at + 1) }, (_, lane) => goAfter(text, at + lane)),
        );
      }
      // Only the last one was sent whole, and a part is never made whole on its way.
      expect(upstream.requests.length).toBeLessThanOrEqual(1);
      await expectAlive();
    },
    60_000,
  );
});

test('G152 a browser that goes at every octet of several requests in one piece', async () => {
  const one = `POST /pub/x HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
  const two = `GET /app/x HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`;
  const text = one + two + one;
  for (let at = 1; at <= text.length; at += 8) {
    await Promise.all(Array.from({ length: 8 }, (_, lane) => goAfter(text, Math.min(text.length, at + lane))));
  }
  const lines = new Set(upstream.requests.map(({ requestLine }) => requestLine));
  expect([...lines].filter((line) => !/^(?:POST \/pub\/x|GET \/app\/x) HTTP\/1\.1$/.test(line))).toEqual([]);
  await expectAlive();
}, 60_000);

describe('G152 at every octet of the answer', () => {
  const ANSWERS = [
    ['a length', `HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 11\r\n\r\nhello world`],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n',
    ],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\nhello world'],
    ['an interim response', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${plainResponse('hello world')}`],
  ] as const;
  const request = (): string => `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

  test.each(ANSWERS)(
    'the application is reset in the midst of %s: 502, or no whole message',
    async (kind, answer) => {
      for (let length = 0; length < answer.length; length++) {
        upstream.answer((_, { socket }) => {
          socket.write(answer.slice(0, length), 'latin1', () => socket.resetAndDestroy());
          return undefined;
        });
        const client = await RawClient.open(gate.port);
        client.send(request());
        await client.until(
          () => client.closed || client.socket.readableEnded || /^HTTP\/1\.1 502 /.test(client.text),
          10_000,
        );
        if (client.text.startsWith('HTTP/1.1 200')) {
          const { text } = client;
          expect(text, `${kind} ${length}`).not.toMatch(/\r\n0\r\n\r\n$/);
          expect(text.endsWith('hello world') && /Content-Length: 11/i.test(text), `${kind} ${length}`).toBe(false);
        }
        client.destroy();
      }
      await expectAlive();
    },
    60_000,
  );

  test.each(ANSWERS)(
    'the browser goes in the midst of %s',
    async (_, answer) => {
      const begin = (length: number) => async (): Promise<void> => {
        const client = await RawClient.open(gate.port);
        client.send(request().replace('/pub/x', `/pub/${length}`));
        await turn();
        if (length % 2 === 0) await client.until(() => client.text !== '', 60).catch(() => undefined);
        if (length % 3 === 0) client.socket.resetAndDestroy();
        client.destroy();
      };
      const held: RecordedConnection[] = [];
      upstream.answer(({ requestLine }, connection) => {
        held.push(connection);
        return answer.slice(0, Number(/\/pub\/(\d+) /.exec(requestLine)?.[1]));
      });
      for (let length = 0; length <= answer.length; length += 8) {
        await Promise.all(Array.from({ length: 8 }, (_, lane) => begin(length + lane)()));
      }
      // Whoever goes away takes the application's side along, unless the answer was whole.
      const deadline = Date.now() + 5000;
      while (held.filter(({ closed }) => !closed).length > 8 && Date.now() < deadline) await turn();
      expect(held.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(8);
      await expectAlive();
    },
    60_000,
  );

  test('an application that takes the connection and is reset without a word: 502', async () => {
    upstream.answer((_, { socket }) => {
      socket.resetAndDestroy();
      return undefined;
    });
    for (let round = 0; round < 10; round++) {
      const { responses } = await sendRaw(
        gate.port,
        request().replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
        PATIENT,
      );
      expect(responses.map(({ status }) => status)).toEqual([502]);
    }
    await expectAlive();
  });
});

test('G055 a hundred requests whose body never comes are all closed in time, and others are served meanwhile', async () => {
  const lines = [
    `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\n\r\n`,
    `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\nX`,
  ];
  const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.open(gate.port)));
  for (const [index, client] of clients.entries()) client.send(lines[index % 2] ?? '');
  const own = `GET /_sumun/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  expect((await sendRaw(gate.port, own, PATIENT)).responses).toHaveLength(1);
  await Promise.all(clients.map((client) => client.untilClosed(15_000)));
  for (const client of clients) {
    expect(client.text.slice(9, 12)).toMatch(/408|503|504|^$/);
    client.destroy();
  }
  await expectAlive();
}, 60_000);

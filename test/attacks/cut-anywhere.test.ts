/**
 * The attacker chooses where the network cuts their message, and mixes many that are half sent. They must see what a
 * message sent in one piece gets, and the application never a field that belongs to another.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

let upstream: Recorder;
let gate: GateFixture;
let host: string;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
`);
  host = `localhost:${gate.port}`;
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => upstream.clear());

const message = (line: string, fields: readonly string[], body = ''): string =>
  [line, `Host: ${host}`, ...fields, '', body].join('\r\n');

/** Writes both parts so that they are read apart, as far as the network lets us. */
async function sendCut(client: RawClient, text: string, at: number): Promise<void> {
  client.send(text.slice(0, at));
  for (let turns = 0; turns < 3; turns++) await turn();
  client.send(text.slice(at));
}

/** What reached the application last, without its number and without the borders of chunks. */
function lastSeen(): string {
  const seen = upstream.requests.at(-1);
  const fields = seen?.fields.filter(([name]) => name !== 'X-Request-Id').map((field) => field.join(': ')) ?? [];
  const isChunked = fields.includes('Transfer-Encoding: chunked');
  const body = isChunked ? seen?.body.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n|\r\n$/g, '') : seen?.body;
  return [seen?.requestLine, ...fields, body].join('\n');
}

const SOUND: readonly (readonly [string, () => string])[] = [
  [
    'fields of every shape',
    () =>
      message('GET /pub/x?a=1&b=%20 HTTP/1.1', [
        ...['X-Empty:', 'X-Blank:   ', 'x-tight:1', 'X-Loose: \t v \t', 'X-Bytes: \x80\xff', "!#$%&'*+-.^_`|~: token"],
        ...['X-A: 1', 'X-A: 2', 'Cookie: a=1', 'Cookie: b=2', '__proto__: 1', 'X-Sumun-User: root', 'Connection: X-A'],
      ]),
  ],
  ['a length', () => message('POST /pub/x HTTP/1.1', ['Content-Length: 12'], 'hello\r\n\r\nGET')],
  [
    'chunks',
    () => {
      const fields = ['Transfer-Encoding: chunked', 'Trailer: X-T'];
      return message('PUT /pub/x HTTP/1.1', fields, '3;a="b"\r\nabc\r\n00A\r\n0123456789\r\n0;z\r\nX-T: 1\r\n\r\n');
    },
  ],
  ['an empty line ahead', () => `\r\n${message('OPTIONS /pub/x HTTP/1.1', ['Content-Length: 0'])}`],
];

const AMBIGUOUS: readonly (readonly [string, () => string])[] = [
  [
    'SMUG-1 CL.TE',
    () => message('POST /pub/x HTTP/1.1', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  ],
  ['G133 folded', () => message('POST /pub/x HTTP/1.1', ['Transfer-Encoding:\r\n chunked'], '0\r\n\r\n')],
  ['G136 a lone LF', () => `GET /pub/x HTTP/1.1\r\nHost: ${host}\nX: 1\r\n\r\n`],
  ['G136 a lone CR', () => `GET /pub/x HTTP/1.1\r\nHost: ${host}\rX: 1\r\n\r\n`],
  [
    'G056 a size that ends in LF',
    () => message('POST /pub/x HTTP/1.1', ['Transfer-Encoding: chunked'], '5\nhello\r\n0\r\n\r\n'),
  ],
  ['G086 two spaces', () => message('GET  /pub/x HTTP/1.1', [])],
];

describe('cut at every octet', () => {
  test.each(SOUND)(
    'SMUG-2 SMUG-6 %s is the same request',
    async (_, make) => {
      const text = make();
      const client = await RawClient.open(gate.port);
      await client.send(text).response();
      const whole = lastSeen();
      expect(whole).toContain('/pub/x');
      for (let at = 1; at < text.length; at++) {
        await sendCut(client, text, at);
        expect((await client.response()).status, `cut at ${at}`).toBe(200);
        expect(lastSeen(), `cut at ${at}`).toBe(whole);
      }
      expect(upstream.requests.length).toBe(text.length);
      client.destroy();
    },
    60_000,
  );

  test.each(AMBIGUOUS)(
    '%s is 400, and its connection ends',
    async (_, make) => {
      const text = make();
      const places = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
      for (let from = 0; from < places.length; from += 16) {
        await Promise.all(
          places.slice(from, from + 16).map(async (at) => {
            const client = await RawClient.open(gate.port);
            await sendCut(client, text, at);
            await client.untilClosed();
            expect(client.text.slice(0, 13), `cut at ${at}`).toBe('HTTP/1.1 400 ');
            client.destroy();
          }),
        );
      }
      expect(upstream.requests).toEqual([]);
    },
    60_000,
  );
});

test('SMUG-6 heads that come octet by octet on fifty connections at once do not mix', async () => {
  const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.open(gate.port)));
  const texts = clients.map((_, index) => {
    const own = `own-${index}-${'x'.repeat(index)}`;
    return message(`GET /pub/${own} HTTP/1.1`, [`X-${own}: ${own}`, 'X-Empty:', `Cookie: own=${own}`, `X-Own: ${own}`]);
  });
  const longest = Math.max(...texts.map((text) => text.length));
  for (let at = 0; at < longest; at++) {
    for (const [index, client] of clients.entries()) client.send(texts[index]?.[at] ?? '');
    await turn();
  }
  for (const client of clients) expect((await client.response()).status).toBe(200);
  const seen = upstream.requests.map(({ requestLine, fields }) => {
    const own = /\/pub\/(\S+)/.exec(requestLine)?.[1] ?? '';
    return [
      ...new Set(fields.filter(([, value]) => value.includes('own-')).map(([name, value]) => `${name}: ${value}`)),
    ]
      .map((field) => field.replaceAll(own, 'OWN'))
      .join();
  });
  expect(new Set(seen)).toEqual(new Set(['X-OWN: OWN,Cookie: own=OWN,X-Own: OWN']));
  expect(seen).toHaveLength(50);
  for (const client of clients) client.destroy();
}, 60_000);

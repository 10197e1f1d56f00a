/** Slow, silent and greedy clients cost themselves a connection, and nobody else anything. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient, rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

/** An answer that does not fit into any buffer on its way. */
const LARGE = 100 * 1024 * 1024;

/** What may lie between an application and a client who does not read: buffers of three sockets and of the system. */
const IN_FLIGHT = 24 * 1024 * 1024;

let upstream: Recorder;
let source: Server;
let gate: GateFixture;
let held: Socket[] = [];

/** An application that sends as much as it is let, and counts what it wrote. */
function startSource(): Promise<Server> {
  const block = Buffer.alloc(64 * 1024, 7);
  const server = createServer((socket) => {
    held.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
      let left = LARGE;
      const send = (): void => {
        for (; left > 0 && !socket.destroyed; ) {
          left -= block.length;
          if (!socket.write(block)) {
            socket.once('drain', send);
            return;
          }
        }
      };
      send();
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

beforeAll(async () => {
  upstream = await startRecorder();
  source = await startSource();
  const { port } = source.address() as { readonly port: number }; // it listens on TCP
  gate = await startGate(`version: 1
server:
  listen: "127.0.0.1:0"
  shutdown: { drain: 100ms }
  limits: { idle: 1s, header_time: 1s, per_address: 1000 }
console:
  listen: "127.0.0.1:0"
upstreams:
  app: { targets: ["${upstream.url}"], pool: { max: 64 } }
  large: { targets: ["http://127.0.0.1:${port}"], pool: { max: 64 } }
routes:
  - { name: pub, path: [/pub/], to: app, auth: bypass }
  - { name: large, path: [/large/], to: large, auth: bypass }
  - { name: app, path: [/app/], to: app, auth: id+otp }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
  for (const socket of held) socket.destroy();
  source.close();
});
beforeEach(() => {
  upstream.clear();
  held = [];
});

const head = (method: string, path: string, ...fields: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, `Host: localhost:${gate.port}`, ...fields, '', ''].join('\r\n');

/** Somebody else is served at once. */
async function expectServed(): Promise<void> {
  const startedAt = performance.now();
  const { status } = await rawRequest(gate.port, head('GET', '/pub/other', 'Connection: close'));
  expect(status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(5000);
}

/** Connections that begin alike and go on an octet at a time; answers when the gateway has closed all of them. */
async function drip(count: number, first: string, octet: string): Promise<readonly RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(gate.port)));
  for (const client of clients) client.send(first);
  const timer = setInterval(() => {
    for (const client of clients) if (!client.closed && !client.socket.readableEnded) client.send(octet);
  }, 100);
  try {
    await expectServed();
    await Promise.all(clients.map((client) => client.untilClosed(15_000)));
  } finally {
    clearInterval(timer);
    for (const client of clients) client.destroy();
  }
  return clients;
}

describe('DOS-2 G132 slow clients', () => {
  test.each([
    ['the request line', () => 'GET /pub/'],
    ['a field name', () => `GET /pub/x HTTP/1.1\r\nHost: localhost:${gate.port}\r\nX-`],
    ['a field value', () => `GET /pub/x HTTP/1.1\r\nHost: localhost:${gate.port}\r\nX-Slow: `],
  ])('an octet at a time of %s: an octet does not lengthen the deadline', async (_, first) => {
    const clients = await drip(50, first(), 'a');
    for (const client of clients) expect(client.text.slice(9, 12)).toMatch(/^(?:408|)$/);
    expect(upstream.requests.map(({ requestLine }) => requestLine)).toEqual(['GET /pub/other HTTP/1.1']);
  });

  test('a second request that comes slowly on a connection that was served once has the same deadline', async () => {
    const client = await RawClient.open(gate.port);
    expect((await client.send(head('GET', '/pub/x')).response()).status).toBe(200);
    client.send('GET /pub/y HTTP/1.1\r\nX-Slow: ');
    const timer = setInterval(() => client.send('a'), 100);
    await client.untilClosed(15_000).finally(() => clearInterval(timer));
    client.destroy();
  });

  test('a body that stops is given up, with the connection to the application', async () => {
    const client = await RawClient.open(gate.port);
    client.send(`${head('POST', '/pub/x', 'Content-Length: 1000')}begin`);
    await expectServed();
    await client.untilClosed(15_000);
    expect(upstream.requests.map(({ requestLine }) => requestLine)).toEqual(['GET /pub/other HTTP/1.1']);
    client.destroy();
  });
});

describe('DOS-2 clients that do not read', () => {
  test('hold the application back, not memory', async () => {
    const before = process.memoryUsage().rss;
    const clients = await Promise.all(Array.from({ length: 4 }, () => slowReader()));
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(4);
    await settled();
    for (const socket of held) expect(socket.bytesWritten).toBeLessThan(IN_FLIGHT);
    await expectServed();
    // The application is in this process too, so that its own buffers count as well.
    expect(process.memoryUsage().rss - before).toBeLessThan(4 * IN_FLIGHT);

    for (const client of clients) client.resetAndDestroy();
    await expect.poll(() => held.every(({ destroyed }) => destroyed), { timeout: 10_000 }).toBe(true);
  });

  test('and read on later get every octet', async () => {
    const client = await slowReader();
    await settled();
    let passed = 0;
    const whole = new Promise<void>((resolve) => {
      client.on('data', (bytes: Buffer) => {
        passed += bytes.length;
        if (passed >= LARGE) resolve();
      });
    });
    client.resume();
    await whole;
    client.destroy();
  });

  /** A client that asks for the large answer and reads nothing of it. */
  function slowReader(): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect(gate.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      socket.write(head('GET', '/large/x'), () => resolve(socket));
    });
  }

  /** Waits until the application has been able to write nothing more for a while. */
  async function settled(): Promise<void> {
    for (let last = -1; ; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const now = held.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
      if (now === last && now > 0) return;
      last = now;
    }
  }
});

describe('DOS-2 floods', () => {
  test('three hundred connections reset as soon as they are open', async () => {
    const clients = await Promise.all(Array.from({ length: 300 }, () => RawClient.open(gate.port)));
    for (const client of clients) client.socket.resetAndDestroy();
    await expectServed();
  });

  test.each([
    ['a header section of 1 MiB in one field', () => head('GET', '/pub/bomb', `X-Bomb: ${'a'.repeat(1024 * 1024)}`)],
    ['10,000 fields', () => head('GET', '/pub/bomb', ...Array.from({ length: 10_000 }, () => 'a:'))],
    ['a request line of 1 MiB', () => head('GET', `/pub/${'a'.repeat(1024 * 1024)}`)],
  ])('%s is answered 431 and nothing of it reaches the application', async (_, bomb) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(gate.port)));
    for (const client of clients) client.send(bomb());
    await expectServed();
    await Promise.all(clients.map((client) => client.untilClosed(10_000)));
    for (const client of clients) {
      // The answer may be lost with the reset that unread octets cause.
      expect(client.text.slice(9, 12)).toMatch(/^(?:431|)$/);
      client.destroy();
    }
    expect(upstream.requests.filter(({ head: text }) => text.includes('bomb'))).toEqual([]);
  });

  test('octets that are no HTTP are answered once and cut', async () => {
    const junk = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 197 + 31) % 256));
    const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.open(gate.port)));
    for (const client of clients) client.send(junk);
    await expectServed();
    await Promise.all(clients.map((client) => client.untilClosed(10_000)));
    for (const client of clients) {
      expect(client.text.match(/HTTP\/1\.1/g) ?? []).toHaveLength(client.text === '' ? 0 : 1);
      client.destroy();
    }
  });

  test('a hundred sign-in forms that stop in the middle hold nobody up', async () => {
    const form = head(
      'POST',
      '/_sumun/login',
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 1000',
    );
    const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.open(gate.port)));
    for (const client of clients) client.send(`${form}login=`);
    await expectServed();
    expect((await rawRequest(gate.port, head('GET', '/_sumun/', 'Connection: close'))).status).toBeLessThan(500);
    for (const client of clients) client.destroy();
    await expectServed();
  });
});

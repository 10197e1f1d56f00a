import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServerSettings } from '../../../src/core/policy.ts';
import { freshState } from '../../../src/gateway/connection-state.ts';
import { Front } from '../../../src/gateway/front/front.ts';
import type { Incoming, Outgoing } from '../../../src/gateway/front/message.ts';
import { Ticker } from '../../../src/gateway/upstream/ticker.ts';
import { RawClient } from '../../support/raw-client.ts';

type Handler = (request: Incoming, response: Outgoing) => void;

const LIMITS = { headerBytes: 4096, headerTime: 300, body: 0, idle: 600, connections: 100, perAddress: 100 };
const PEER = { family: 4, value: 0x7f000001n, text: '127.0.0.1' } as const;

let server: Server;
let front: Front;
let port = 0;
const faults: string[] = [];

async function open(handler: Handler, limits: Partial<ServerSettings['limits']> = {}): Promise<void> {
  faults.length = 0;
  const ticker = new Ticker();
  front = new Front({
    limits: () => ({ ...LIMITS, ...limits }),
    quiet: () => 4000,
    draining: () => false,
    ticker,
    clock: { now: () => Date.parse('2026-11-23T02:00:00Z') },
    takesUpgrade: ({ upgrade }) => upgrade,
    receive: handler,
    unreadable: (connection, fault) => {
      faults.push(fault);
      connection.refuse(Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
    },
  });
  server = createServer({ allowHalfOpen: true }, (socket) => front.serve(socket, freshState(PEER, 'http')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
}

afterEach(async () => {
  server.close();
  await front.close(0);
});

const text =
  (body: string): Handler =>
  (_request, response) => {
    response.writeHead(200, 'OK', ['Content-Length', String(body.length)]);
    response.end(Buffer.from(body));
  };

/** Answers with the whole body of the request. */
const echo: Handler = (request, response) => {
  const parts: Buffer[] = [];
  request.read({
    onData: (bytes) => parts.push(bytes),
    onEnd: () => {
      const body = Buffer.concat(parts);
      response.writeHead(200, 'OK', ['Content-Length', String(body.length), 'X-Url', request.url]);
      response.end(body);
    },
  });
};

const get = (path: string, ...fields: string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Until the other side has sent its last octet. */
const closes = (client: RawClient): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      client.destroy();
      resolve();
    };
    if (client.closed || client.socket.readableEnded) end();
    else client.socket.once('end', end).once('close', end);
  });

describe('one connection', () => {
  test('answers pipelined requests in their order, one at a time', async () => {
    let inHand = 0;
    await open((request, response) => {
      inHand += 1;
      expect(inHand).toBe(1);
      setTimeout(() => {
        inHand -= 1;
        echo(request, response);
      }, 2);
    });
    const client = await RawClient.open(port);
    const bodies = Array.from({ length: 40 }, (_, index) => 'x'.repeat((index * 7919) % 3000) + index);
    client.send(bodies.map((body, index) => (index % 3 === 0 ? get('/') : post('/', body))).join(''));
    for (const [index, body] of bodies.entries()) {
      expect((await client.response()).body).toBe(index % 3 === 0 ? '' : body);
    }
    client.destroy();
  });

  test('drops a body that nobody reads and goes on', async () => {
    await open(text('ok'));
    const client = await RawClient.open(port);
    client.send(post('/1', 'x'.repeat(50_000)).slice(0, -10));
    expect((await client.response()).body).toBe('ok');
    client.send(`${'x'.repeat(10)}${get('/2')}`);
    expect((await client.response()).body).toBe('ok');
    client.destroy();
  });

  test('stops reading a body that is not taken', async () => {
    let request: Incoming | undefined;
    await open((incoming) => {
      request = incoming;
    });
    const client = await RawClient.open(port);
    const size = 64 * 1024 * 1024;
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    const block = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < size; sent += block.length) client.socket.write(block);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.socket.writableLength).toBeGreaterThan(size / 2);
    expect(request?.complete).toBe(false);
    client.destroy();
  });

  test('says 100 Continue when it is told to, then reads', async () => {
    await open((request, response) => {
      expect(request.expectsContinue).toBe(true);
      response.writeContinue();
      echo(request, response);
    });
    const client = await RawClient.open(port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    while (!client.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n')) await new Promise((go) => setTimeout(go, 1));
    expect(client.text).not.toContain('200');
    client.send('hello');
    while (!client.text.endsWith('hello')) await new Promise((go) => setTimeout(go, 1));
    client.destroy();
  });

  test('hands the socket over after an upgrade, with what had come behind the head', async () => {
    await open((request, response) => {
      const socket = response.takeOver();
      socket.write(`taken ${request.upgradeHead?.toString()} `);
      socket.on('data', (bytes: Buffer) => socket.write(bytes));
      socket.resume();
    });
    const client = await RawClient.open(port);
    client.send(`${get('/ws', 'Connection: Upgrade', 'Upgrade: websocket')}early`);
    while (!client.text.includes('early')) await new Promise((go) => setTimeout(go, 1));
    client.send('GET / HTTP/1.1\r\n\r\n');
    while (!client.text.endsWith('\r\n\r\n')) await new Promise((go) => setTimeout(go, 1));
    expect(client.text).toBe('taken early GET / HTTP/1.1\r\n\r\n');
    client.destroy();
  });

  test('a browser that goes: the response hears of it once', async () => {
    const closed: boolean[] = [];
    await open((_request, response) => {
      response.listen({ close: () => closed.push(response.destroyed) });
    });
    const client = await RawClient.open(port);
    client.send(get('/'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toEqual([true]);
  });
});

describe('the framing of an answer (RFC 9112 §6)', () => {
  const parts: Handler = (_request, response) => {
    response.writeHead(200, 'OK', ['X', 'y']);
    response.write(Buffer.from('hel'));
    response.end(Buffer.from('lo'));
  };

  test.each([
    [
      'HTTP/1.1 without a length is chunked',
      get('/'),
      'Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
    ],
    [
      'HTTP/1.0 without a length ends with the connection',
      'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
      'Connection: close\r\n\r\nhello',
    ],
    ['HEAD has none', 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'Connection: close\r\n\r\n'],
  ])('%s', async (_, request, end) => {
    await open(parts);
    const client = await RawClient.open(port);
    client.send(request);
    while (!client.text.includes(end)) await new Promise((go) => setTimeout(go, 1));
    expect(client.text).toBe(`HTTP/1.1 200 OK\r\nX: y\r\nDate: Mon, 23 Nov 2026 02:00:00 GMT\r\n${end}`);
    client.destroy();
  });

  test.each([204, 304])('%i has no body', async (status) => {
    await open((_request, response) => {
      response.writeHead(status, 'X', ['Date', 'then']);
      response.write(Buffer.from('body'));
      response.end(Buffer.from('more'));
    });
    const client = await RawClient.open(port);
    client.send(get('/', 'Connection: close'));
    await new Promise((resolve) => client.socket.once('end', resolve));
    expect(client.text).toBe(`HTTP/1.1 ${status} X\r\nDate: then\r\nConnection: close\r\n\r\n`);
  });

  test('HTTP/1.0 keeps the connection where it asks for that and a length is known', async () => {
    await open(text('ok'));
    const client = await RawClient.open(port);
    for (const _ of [1, 2]) {
      client.send('GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
      expect((await client.response()).rawHeaders).toContain('keep-alive');
    }
    client.destroy();
  });
});

describe('deadlines', () => {
  test('DOS-2: a head that does not end is refused', async () => {
    await open(text('ok'));
    const client = await RawClient.open(port);
    const dripping = setInterval(() => client.socket.write('X'), 50);
    client.send('GET / HTTP/1.1\r\nHost: ');
    await closes(client);
    clearInterval(dripping);
    expect(faults).toEqual(['ERR_HTTP_REQUEST_TIMEOUT']);
  });

  test('a connection that says nothing is closed without a word', async () => {
    await open(text('ok'));
    const client = await RawClient.open(port);
    await closes(client);
    expect([client.text, faults]).toEqual(['', []]);
  });

  test('a connection between requests is closed after the idle time', async () => {
    await open(text('ok'));
    const client = await RawClient.open(port);
    client.send(get('/'));
    await client.response();
    const since = performance.now();
    await closes(client);
    expect(performance.now() - since).toBeGreaterThan(LIMITS.idle - 100);
    expect(faults).toEqual([]);
  });

  test('DOS-2: an answer that nobody reads ends with the quiet time', async () => {
    let gone = false;
    await open((_request, response) => {
      response.listen({
        close: () => {
          gone = true;
        },
      });
      response.writeHead(200, 'OK', []);
      response.write(Buffer.alloc(64 * 1024 * 1024));
    });
    const client = await RawClient.open(port);
    client.socket.pause();
    client.send(get('/'));
    while (!gone) await new Promise((resolve) => setTimeout(resolve, 20));
    client.destroy();
  });
});

describe('the pace of a body', () => {
  const drip = (client: RawClient, octets: number, every: number): NodeJS.Timeout =>
    setInterval(() => client.socket.write('x'.repeat(octets)), every);
  const begin = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n';
  const swallow: Handler = (request) => request.read({ onData: () => {}, onEnd: () => {} });

  test('DOS-2: one that drips is refused, however long it may take in all', async () => {
    await open(swallow);
    const client = await RawClient.open(port);
    client.send(begin);
    const dripping = drip(client, 1, 50);
    await closes(client);
    clearInterval(dripping);
    expect(faults).toEqual(['ERR_HTTP_REQUEST_TIMEOUT']);
  });

  test.each([
    ['comes fast enough', swallow, 30],
    ['waits for an application that takes none of it', (() => {}) satisfies Handler, 1],
    [
      'comes while the answer is under way',
      ((request, response) => {
        swallow(request, response);
        response.writeHead(200, 'OK', []);
        response.flushHeaders();
      }) satisfies Handler,
      1,
    ],
  ])('one that %s goes on', async (_, handler, octets) => {
    await open(handler);
    const client = await RawClient.open(port);
    client.send(begin);
    const dripping = drip(client, octets, 50);
    await new Promise((resolve) => setTimeout(resolve, 2600));
    clearInterval(dripping);
    expect([faults, client.closed]).toEqual([[], false]);
    client.destroy();
  });
});

describe('the end of a connection', () => {
  test('behind an answer that closes nothing is read, and the peer gets the whole answer', async () => {
    let requests = 0;
    await open((_request, response) => {
      requests += 1;
      response.keepAlive = false;
      response.writeHead(200, 'OK', ['Content-Length', '2']);
      response.end(Buffer.from('ok'));
    });
    const client = await RawClient.open(port);
    client.send(post('/', 'x'.repeat(1_000_000)) + get('/smuggled'));
    expect((await client.response()).body).toBe('ok');
    client.destroy();
    expect(requests).toBe(1);
  });

  test('a peer that reads slowly gets all of an answer that closes', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    await open((_request, response) => {
      response.keepAlive = false;
      response.writeHead(200, 'OK', ['Content-Length', String(body.length)]);
      response.write(body);
      response.end();
    });
    const client = await RawClient.open(port);
    client.socket.pause();
    client.send(get('/'));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    client.socket.resume();
    expect((await client.response()).body).toHaveLength(body.length);
    client.destroy();
  });

  test.each([
    ['within a head', 'GET / HT', ['HPE_INVALID_EOF_STATE']],
    ['between requests', '', []],
  ])('a peer that stops sending %s', async (_, sent, expected) => {
    await open(text('ok'));
    const client = await RawClient.open(port);
    client.send(sent);
    client.socket.end();
    await closes(client);
    expect(faults).toEqual(expected);
  });

  test('a drain waits for the request in hand, closes idle connections at once, and says so', async () => {
    let answer: (() => void) | undefined;
    await open((request, response) => {
      answer = () => text('late')(request, response);
    });
    const [idle, busy] = [await RawClient.open(port), await RawClient.open(port)];
    busy.send(get('/'));
    while (answer === undefined) await new Promise((go) => setTimeout(go, 1));
    const closed = front.close(5000);
    await closes(idle);
    answer();
    expect((await busy.response()).body).toBe('late');
    busy.destroy();
    await closed;
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { websocketAccept } from '../../src/gateway/digests.ts';
import { headerValues, RawClient } from '../support/raw-client.ts';
import type { Script } from '../support/recorder-upstream.ts';
import { CLOSED, type Gateway, HOST, head, OPEN, openGateway } from './fixture.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Answers the handshake and echoes every byte after it. */
const echo: Script = (connection, fresh) => {
  if (!fresh.includes('Sec-WebSocket-Key')) {
    connection.socket.write(fresh, 'latin1');
    return;
  }
  const accept = `Sec-WebSocket-Accept: ${websocketAccept(KEY)}`;
  connection.socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`,
  );
};

let gateway: Gateway;
beforeAll(async () => {
  const silent = { paths: [{ kind: 'prefix', path: '/nosocket/' } as const], websocket: { allow: false, idle: 1000 } };
  const brief = { paths: [{ kind: 'prefix', path: '/brief/' } as const], websocket: { allow: true, idle: 300 } };
  gateway = await openGateway({
    routes: [OPEN, { ...OPEN, name: 'nosocket', ...silent }, { ...OPEN, name: 'brief', ...brief }, CLOSED],
  });
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.recorder.forget();
  gateway.recorder.script = echo;
});

const FIELDS = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`];
const handshake = (path: string, ...more: string[]): string =>
  head(`GET ${path}`, ...FIELDS, `Origin: http://${HOST}`, ...more);

async function connectTo(message: string): Promise<{ client: RawClient; status: number }> {
  const client = await RawClient.open(gateway.port);
  const { status } = await client.send(message).response();
  return { client, status };
}

describe('a WebSocket', () => {
  test('is joined after the application agreed, and carries bytes both ways', async () => {
    const client = await RawClient.open(gateway.port);
    const answer = await client.send(handshake('/open/ws')).response();
    expect(answer.status).toBe(101);
    expect(headerValues(answer, 'sec-websocket-accept')).toEqual(['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    expect(headerValues(answer, 'upgrade')).toEqual(['websocket']);
    client.send('\x81\x05hello');
    await client.until(() => client.text === '\x81\x05hello');
    expect(gateway.recorder.bytes).toMatch(/Connection: Upgrade\r\nUpgrade: websocket\r\n/);
    client.destroy();
  });

  test('loses no byte sent with the handshake, and large messages arrive whole', async () => {
    const client = await RawClient.open(gateway.port);
    const large = 'x'.repeat(300_000);
    client.send(`${handshake('/open/ws')}first`);
    expect((await client.response()).status).toBe(101);
    client.send(large);
    await client.until(() => client.text.length === large.length + 5);
    expect(client.text).toBe(`first${large}`);
    client.destroy();
  });

  test('ends on both sides when either goes', async () => {
    const before = gateway.recorder.connections.length;
    const { client } = await connectTo(handshake('/open/ws'));
    client.destroy();
    const upstream = gateway.recorder.connections.at(-1);
    while (upstream?.closed !== true) await new Promise((resolve) => setTimeout(resolve, 5));
    const { client: second } = await connectTo(handshake('/open/ws'));
    gateway.recorder.connections.at(-1)?.socket.destroy();
    await second.untilClosed();
    expect(gateway.recorder.connections.length).toBeGreaterThan(before);
  });

  test('counts against no pool', async () => {
    const { client } = await connectTo(handshake('/open/ws'));
    expect(gateway.gate.running.pools.get('app')?.counts.open).toBe(0);
    client.destroy();
  });

  test('that is silent too long ends', async () => {
    const { client, status } = await connectTo(handshake('/brief/ws'));
    expect(status).toBe(101);
    await client.untilClosed(3000);
  });

  test.each([
    ['another origin', ['Origin: http://evil.example']],
    ['a longer origin', [`Origin: http://${HOST}.evil.example`]],
    ['another port', [`Origin: http://${HOST}:8080`]],
    ['another scheme', [`Origin: https://${HOST}`]],
    ['no origin worth the name', ['Origin: null']],
    ['another site', [`Origin: http://${HOST}`, 'Sec-Fetch-Site: cross-site']],
  ])('opened by %s: 403, and nothing reaches the application', async (_, fields) => {
    const { client, status } = await connectTo(head('GET /open/ws', ...FIELDS, ...fields));
    expect(status).toBe(403);
    await client.untilClosed();
    expect(gateway.recorder.bytes).toBe('');
  });

  test('without a session: 401 before any byte reaches the application', async () => {
    const { status } = await connectTo(handshake('/ws'));
    expect(status).toBe(401);
    expect(gateway.recorder.bytes).toBe('');
  });

  test('on a route that has none: 403', async () => {
    expect((await connectTo(handshake('/nosocket/ws'))).status).toBe(403);
  });

  const replaced = (name: string, line: string): string =>
    head(
      'GET /open/ws',
      ...FIELDS.map((field) => (field.startsWith(name) ? line : field)).filter((field) => field !== ''),
    );
  test.each([
    ['version 8', replaced('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 8')],
    ['no version', replaced('Sec-WebSocket-Version', '')],
    ['a short key', replaced('Sec-WebSocket-Key', 'Sec-WebSocket-Key: AAAA')],
    ['two keys', handshake('/open/ws', `Sec-WebSocket-Key: ${KEY}`)],
    ['POST', handshake('/open/ws').replace('GET', 'POST')],
    ['a body', handshake('/open/ws', 'Content-Length: 5')],
  ])('handshake with %s: 400', async (_, message) => {
    expect((await connectTo(message)).status).toBe(400);
    expect(gateway.recorder.bytes).toBe('');
  });

  test.each([
    ['a wrong accept', 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n'],
    ['no accept', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'],
    ['another protocol', `Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${websocketAccept(KEY)}\r\n`],
  ])('answered with %s is not joined: 502', async (_, fields) => {
    gateway.recorder.script = (connection) => connection.socket.write(`HTTP/1.1 101 Switching\r\n${fields}\r\n`);
    expect((await connectTo(handshake('/open/ws'))).status).toBe(502);
  });

  test('that the application refuses is an ordinary response', async () => {
    gateway.recorder.script = (connection) =>
      connection.socket.write('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno');
    const client = await RawClient.open(gateway.port);
    expect(await client.send(handshake('/open/ws')).response()).toMatchObject({ status: 426, body: 'no' });
    await client.untilClosed();
  });

  test('is cut within a second when its session ends, and so are a stream and a request that waits', async () => {
    const cookie = await gateway.signIn('goh');
    const { client, status } = await connectTo(handshake('/ws', `Cookie: ${cookie}`));
    expect(status).toBe(101);
    gateway.recorder.script = (connection) =>
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    const stream = await RawClient.open(gateway.port);
    stream.send(head('GET /events', `Cookie: ${cookie}`));
    await stream.until(() => stream.text.includes('data: 1'));
    gateway.recorder.script = () => {};
    const waiting = await RawClient.open(gateway.port);
    waiting.send(head('GET /slow', `Cookie: ${cookie}`));
    while (!gateway.recorder.bytes.includes('/slow')) await new Promise((resolve) => setTimeout(resolve, 5));
    const accountId = gateway.accounts.get('goh')?.id ?? '';
    const event = {
      at: gateway.time.now,
      kind: 'session.revoked',
      login: 'goh',
      actor: 'cli',
      address: '',
      route: '',
      request: '',
      reason: '',
      detail: {},
    } as const;
    await gateway.house.sessions.revoke({ accountId }, event);
    await Promise.all([client, stream, waiting].map((each) => each.untilClosed(1000)));
    expect((await connectTo(handshake('/ws', `Cookie: ${cookie}`))).status).toBe(401);
  });
});

/** Every limit of the listeners one below, at, and one above: what is allowed passes whole, what is not is told why. */
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient, rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

const HEADER_BYTES = 8192;
const FIELDS = 200;
const BODY = 1024;
const CONNECTIONS = 12;
const PER_ADDRESS = 5;

let upstream: Recorder;
let gate: GateFixture;

const configuration = (limits: string): string => `version: 1
server:
  listen: "127.0.0.1:0"
  shutdown: { drain: 100ms }
  trusted_proxies: [127.0.9.9]
  limits: { ${limits} }
console:
  listen: "127.0.0.1:0"
upstreams:
  app: { targets: ["${upstream.url}"], pool: { max: 16 } }
routes:
  - { name: small, path: [/small/], to: app, auth: bypass, limits: { body: 1KiB } }
  - { name: pub, path: [/pub/], to: app, auth: bypass }
`;

beforeAll(async () => {
  upstream = await startRecorder();
});
afterAll(() => upstream.close());
beforeEach(() => upstream.clear());

const requestTo = (path: string, ...fields: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, `Host: localhost:${gate.port}`, ...fields, '', ''].join('\r\n');

/** Opens a connection from a loopback address of one's choice. */
function openFrom(address: string): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: gate.port, host: '127.0.0.1', localAddress: address, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(new RawClient(socket));
    });
  });
}

describe('DOS-1 the size of a request', () => {
  beforeAll(async () => {
    gate = await startGate(configuration(`header_bytes: 8KiB, per_address: 1000`));
  });
  afterAll(() => gate.stop());

  test.each([
    [HEADER_BYTES - 1, 200],
    [HEADER_BYTES, 200],
    [HEADER_BYTES + 1, 431],
  ])('a head of %i octets is answered %i', async (size, status) => {
    const bare = requestTo('/pub/x', 'X-Filler: ');
    const answer = await rawRequest(gate.port, requestTo('/pub/x', `X-Filler: ${'a'.repeat(size - bare.length)}`));
    expect(answer.status).toBe(status);
    expect(upstream.requests).toHaveLength(status === 200 ? 1 : 0);
  });

  test('all of which are the target is answered the same way', async () => {
    const room = HEADER_BYTES - requestTo('/pub/').length;
    expect((await rawRequest(gate.port, requestTo(`/pub/${'a'.repeat(room)}`))).status).toBe(200);
    expect((await rawRequest(gate.port, requestTo(`/pub/${'a'.repeat(room + 1)}`))).status).toBe(431);
  });

  test.each([
    [FIELDS - 1, 200],
    [FIELDS, 200],
    [FIELDS + 1, 431],
  ])('a head of %i fields is answered %i, and none is cut off silently', async (count, status) => {
    const fields = Array.from({ length: count - 1 }, (_, index) => `X-${index}: 1`); // one is Host
    expect((await rawRequest(gate.port, requestTo('/pub/x', ...fields))).status).toBe(status);
    const names = upstream.requests.flatMap(({ fields: sent }) => sent.map(([name]) => name));
    expect(names.filter((name) => /^X-\d+$/.test(name))).toHaveLength(status === 200 ? count - 1 : 0);
  });

  test.each([
    [BODY - 1, 200],
    [BODY, 200],
    [BODY + 1, 413],
  ])('a body of %i octets with a length is answered %i', async (size, status) => {
    const head = requestTo('/small/x', `Content-Length: ${size}`).replace('GET', 'POST');
    expect((await rawRequest(gate.port, head + 'x'.repeat(size))).status).toBe(status);
    expect(upstream.requests.map(({ body }) => body.length)).toEqual(status === 200 ? [size] : []);
  });

  test.each([
    [BODY - 1, 200],
    [BODY, 200],
    [BODY + 1, 413],
  ])('a body of %i octets in chunks is answered %i', async (size, status) => {
    const head = requestTo('/small/x', 'Transfer-Encoding: chunked').replace('GET', 'POST');
    const chunks = `1f4\r\n${'x'.repeat(500)}\r\n${(size - 500).toString(16)}\r\n${'x'.repeat(size - 500)}\r\n0\r\n\r\n`;
    expect((await rawRequest(gate.port, head + chunks)).status).toBe(status);
    expect(upstream.requests).toHaveLength(status === 200 ? 1 : 0);
  });
});

describe('DOS-1 the time of a head', () => {
  beforeAll(async () => {
    gate = await startGate(configuration('header_time: 1s, idle: 1s'));
  });
  afterAll(() => gate.stop());

  test('a head that is whole before its time is served', async () => {
    const client = await RawClient.open(gate.port);
    const text = requestTo('/pub/x');
    client.send(text.slice(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await client.send(text.slice(20)).response()).status).toBe(200);
    client.destroy();
  });

  test.each([
    ['no octet at all', ''],
    ['half a line', 'GET /pub/x HT'],
    ['everything but the last octet', 'GET /pub/x HTTP/1.1\r\nHost: localhost\r\n\r'],
  ])('%s in its time is answered 408, or with the end of the connection', async (_, text) => {
    const client = await RawClient.open(gate.port);
    client.send(text);
    await client.untilClosed(10_000);
    expect(client.text.slice(9, 12)).toMatch(/^(?:408|)$/);
    expect(upstream.requests).toEqual([]);
    client.destroy();
  });

  test('a connection on which nothing more comes after an answer is closed', async () => {
    const client = await RawClient.open(gate.port);
    expect((await client.send(requestTo('/pub/x')).response()).status).toBe(200);
    await client.untilClosed(10_000);
    client.destroy();
  });
});

describe('DOS-1 the number of connections', () => {
  let clients: RawClient[] = [];
  beforeAll(async () => {
    gate = await startGate(configuration(`connections: ${CONNECTIONS}, per_address: ${PER_ADDRESS}`));
  });
  afterAll(() => gate.stop());
  beforeEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    // Every place is free again once the gateway has seen the last of them go.
    await expect.poll(() => statusFrom('127.0.2.1'), { timeout: 10_000 }).toBe(200);
    clients = [];
  });

  async function statusFrom(address: string): Promise<number> {
    const client = await openFrom(address);
    const { status } = await client.send(requestTo('/pub/x', 'Connection: close')).response();
    await client.untilClosed();
    client.destroy();
    return status;
  }

  async function hold(address: string): Promise<number> {
    const client = await openFrom(address);
    clients.push(client);
    return (await client.send(requestTo('/pub/x')).response()).status;
  }

  test(`one address holds ${PER_ADDRESS}; the next is answered 429, and other addresses are served`, async () => {
    for (let count = 1; count <= PER_ADDRESS; count++) expect(await hold('127.0.3.1')).toBe(200);
    const refused = await (await openFrom('127.0.3.1')).response();
    expect([refused.status, refused.rawHeaders.includes('Retry-After')]).toEqual([429, true]);
    expect(await statusFrom('127.0.3.2')).toBe(200);
    clients.shift()?.destroy();
    await expect.poll(() => statusFrom('127.0.3.1'), { timeout: 10_000 }).toBe(200);
  });

  test('a trusted proxy stands for many', async () => {
    for (let count = 1; count <= PER_ADDRESS + 1; count++) expect(await hold('127.0.9.9')).toBe(200);
  });

  test(`all addresses together hold ${CONNECTIONS}; the next is answered 503, whoever it is`, async () => {
    for (let count = 0; count < CONNECTIONS; count++) expect(await hold(`127.0.4.${1 + (count % 3)}`)).toBe(200);
    for (const address of ['127.0.4.1', '127.0.5.1', '127.0.9.9']) {
      expect((await (await openFrom(address)).response()).status).toBe(503);
    }
    clients.shift()?.destroy();
    await expect.poll(() => statusFrom('127.0.5.1'), { timeout: 10_000 }).toBe(200);
  });
});

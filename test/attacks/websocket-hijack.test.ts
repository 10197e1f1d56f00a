/**
 * The attacker opens a WebSocket from a foreign page, or uses the handshake to get a tunnel that nobody decided on.
 * They must see 400, 401 or 403, and no byte pass before the application itself has agreed to this very handshake.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { plainResponse, type RecordedConnection } from '../support/recorder-upstream.ts';
import { seeded } from '../support/seeded.ts';
import { answerOpenEnded, handshake } from '../support/streams.ts';
import { sendRaw } from '../support/wire.ts';

const PATIENT = { quiet: 5000 };
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

let upstream: Recorder;
let gate: GateFixture;
let host: string;
let cookie: string;
let clients: RawClient[] = [];

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: admin, path: [/app/admin/], to: "${upstream.url}", auth: id+otp, allow: { groups: [admin] } }
  - { name: calm, path: [/app/calm/], to: "${upstream.url}", auth: id+otp, websocket: { allow: false } }
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
`);
  host = `localhost:${gate.port}`;
  cookie = await gate.signIn(await gate.person('alice'), '/app/');
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => {
  answerOpenEnded(upstream);
  upstream.clear();
});
afterEach(() => {
  for (const each of clients) each.destroy();
  clients = [];
});

type Opening = { readonly path?: string; readonly session?: string; readonly fields?: readonly string[] };
const opening = ({ path = '/app/ws', session = cookie, fields = [] }: Opening = {}): string =>
  handshake({ host, path, cookie: session }, fields);

async function open(text: string) {
  const client = await RawClient.open(gate.port);
  clients.push(client);
  const answer = await client.send(text).response('GET', 10_000);
  return { client, status: answer.status, answer };
}

/** One refusal, then the connection ends, and the application has seen no byte. */
async function expectRefused(text: string, status: number, behind = ''): Promise<void> {
  const { responses, closed } = await sendRaw(gate.port, text + behind, PATIENT);
  const seen = [responses.map((each) => each.status), closed, upstream.bytes];
  expect(seen, JSON.stringify(text)).toEqual([[status], true, '']);
}

const isAlive = async (): Promise<void> => {
  const { responses } = await sendRaw(
    gate.port,
    `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    PATIENT,
  );
  expect(responses[0]?.status).toBe(200);
};

describe('WS-1 the decision is the one of every request', () => {
  test.each([
    ['nobody', 401, '/app/ws', ''],
    ['a cookie nobody issued', 401, '/app/ws', 'sumun_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['a wrong group', 403, '/app/admin/ws', undefined],
    ['a route without WebSockets', 403, '/app/calm/ws', undefined],
    ['no route at all', 404, '/other/ws', undefined],
    ['another spelling of the path', 400, '/app/x/../admin/ws', undefined],
    ['a fragment', 400, '/app/ws#x', undefined],
  ])('%s: %i before any byte reaches the application', async (_, status, path, session) => {
    await expectRefused(opening({ path, ...(session !== undefined && { session }) }), status);
  });
});

describe('WS-2 G157 a page of another origin', () => {
  test('opens nothing, with a session or without', async () => {
    const own = `http://${host}`;
    const origins = [
      'http://evil.test',
      'null',
      '',
      `${own}.evil.test`,
      `https://${host}`,
      'http://localhost',
      'http://localhost:1',
    ];
    const more = [
      `http://evil.test/${host}`,
      `http://x.${host}`,
      `${own}@evil.test`,
      `${own}, http://evil.test`,
      `${own}/`,
      'file://',
    ];
    for (const origin of [...origins, ...more]) {
      await expectRefused(opening({ fields: [`Origin: ${origin}`] }), 403);
      await expectRefused(opening({ path: '/pub/ws', session: '', fields: [`Origin: ${origin}`] }), 403);
    }
    await expectRefused(opening({ fields: ['Sec-Fetch-Site: cross-site'] }), 403);
    await expectRefused(opening({ fields: [`Origin: ${own}`, 'Sec-Fetch-Site: cross-site'] }), 403);
  }, 30_000);

  test('cannot hide behind a second Origin', async () => {
    const fields = [`Origin: http://${host}`, 'Origin: http://evil.test'];
    await expectRefused(opening({ fields }), 403);
    await expectRefused(opening({ fields: [...fields].reverse() }), 403);
  });

  test('of its own origin opens, and the application is told which it was, byte for byte', async () => {
    const { status } = await open(opening({ fields: [`oRiGiN: http://${host}`] }));
    expect(status).toBe(101);
    expect(upstream.requests[0]?.fields).toContainEqual(['oRiGiN', `http://${host}`]);
    expect(upstream.requests[0]?.fields.some(([name]) => name === 'X-Sumun-Assertion')).toBe(true);
  });
});

describe('WS-3 a handshake that is none', () => {
  const without = (name: string): string => opening().replace(new RegExp(`${name}: [^\r]*\r\n`), '');
  const swapped = (name: string, line: string): string =>
    opening().replace(new RegExp(`${name}: [^\r]*\r\n`), () => `${line}\r\n`);

  test('is 400, and what stands behind it is not read', async () => {
    const behind = `GET /pub/smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const faulty = [
      without('Sec-WebSocket-Key'),
      without('Sec-WebSocket-Version'),
      swapped('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 12'),
      swapped('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 13, 8'),
      ...[
        '',
        'AAAA',
        'dGhlIHNhbXBsZSBub25jZQ=',
        'dGhlIHNhbXBsZSBub25jZR==',
        'dGhlIHNhbXBsZSBub25jZSE=',
        `${'A'.repeat(8192)}==`,
      ].map((key) => swapped('Sec-WebSocket-Key', `Sec-WebSocket-Key: ${key}`)),
      opening({ fields: ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='] }),
      opening({ fields: ['Sec-WebSocket-Version: 13'] }),
      ...['POST', 'DELETE', 'OPTIONS'].map((method) => opening().replace('GET', method)),
      opening({ fields: ['Content-Length: 0'] }),
      opening({ fields: ['Transfer-Encoding: chunked'] }),
    ];
    for (const text of faulty) await expectRefused(text, 400, behind);
    expect(upstream.bytes).toBe('');
  }, 30_000);

  test('in HTTP/1.0 opens no tunnel', async () => {
    const { responses, closed } = await sendRaw(gate.port, opening().replace('HTTP/1.1', 'HTTP/1.0'), PATIENT);
    expect([responses.map(({ status }) => status !== 101), closed]).toEqual([[true], true]);
    expect(upstream.bytes).not.toMatch(/upgrade:/i);
  });

  test.each(['h2c', 'TLS/1.0', 'websocket, h2c', 'websocket/13', 'xwebsocket', 'foo'])(
    'Upgrade: %s is no tunnel: the field is dropped',
    async (token) => {
      const text = swapped('Upgrade', `Upgrade: ${token}`)
        .replace('/app/ws', '/app/x')
        .replace(/Connection: Upgrade/, 'Connection: Upgrade, close');
      const { responses } = await sendRaw(gate.port, text, PATIENT);
      expect([200, 400]).toContain(responses[0]?.status);
      expect(upstream.bytes).not.toMatch(/upgrade/i);
    },
  );

  test('without Connection: upgrade it is a plain request, and the next one is read', async () => {
    const plain = opening({ path: '/app/x' }).replace('Connection: Upgrade', 'Connection: keep-alive');
    const next = `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const { responses } = await sendRaw(gate.port, plain + next, PATIENT);
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    expect(upstream.bytes).not.toMatch(/^(?:upgrade|connection):/im);
  });

  test('two Upgrade fields are no tunnel', async () => {
    const text = opening({ path: '/app/x', fields: ['Upgrade: websocket', 'Connection: close'] });
    const { responses } = await sendRaw(gate.port, text, PATIENT);
    expect([200, 400]).toContain(responses[0]?.status);
    expect(upstream.bytes).not.toMatch(/upgrade/i);
  });

  test('G100 with a second request in its body is 400', async () => {
    const inner = `GET /app/admin/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    await expectRefused(opening({ fields: [`Content-Length: ${inner.length}`] }), 400, inner);
    const framed = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
    await expectRefused(opening({ fields: ['Transfer-Encoding: chunked'] }), 400, framed);
  });
});

describe('WS-4 G089 the pipe', () => {
  const hidden = (): string => `GET /app/admin/hidden HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`;

  test.each([
    ['200', plainResponse('no socket here')],
    ['426', 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno'],
    [
      '200 that claims an upgrade',
      'HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n',
    ],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ])('does not open on %s, and nothing behind the handshake reaches the application', async (_, reply) => {
    upstream.answer(({ requestLine }) => (requestLine.includes('/pub/ws') ? reply : plainResponse(upstream.canary)));
    const pieces = [opening({ path: '/pub/ws' }) + hidden(), hidden()];
    const { responses, closed } = await sendRaw(gate.port, pieces, { ...PATIENT, pause: 30 });
    expect([responses.length, closed]).toEqual([1, true]);
    expect(responses[0]?.status).toBe(Number(reply.slice(9, 12)));
    expect(upstream.bytes).not.toContain('hidden');
    upstream.clear();
    await isAlive();
  });

  test.each([
    ['a wrong accept', `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT.toLowerCase()}`],
    ['no accept', 'Upgrade: websocket\r\nConnection: Upgrade'],
    ['another protocol', `Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}`],
    ['no Connection', `Upgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}`],
  ])('does not open on a 101 with %s: 502', async (_, fields) => {
    upstream.answer(() => `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\nbytes of nobody`);
    const { responses, closed } = await sendRaw(gate.port, opening({ path: '/pub/ws' }) + hidden(), PATIENT);
    expect([responses.map(({ status }) => status), closed]).toEqual([[502], true]);
    expect(upstream.bytes).not.toContain('hidden');
  });

  test('G066 does not open for a request that asked for none, though the application says 101', async () => {
    upstream.answer(() => `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
    const text = `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const { responses } = await sendRaw(gate.port, text, PATIENT);
    expect(responses.map(({ status }) => status)).toEqual([502]);
  });

  test('G100 G157 what is sent right behind the handshake waits for the 101, and is bytes, never a request', async () => {
    let agree = (): void => undefined;
    const agreed = new Promise<void>((resolve) => {
      upstream.answer((_, connection) => {
        agree = () =>
          void connection.socket.write(
            `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
          );
        resolve();
        return undefined;
      });
    });
    const client = await RawClient.open(gate.port);
    clients.push(client);
    const second = opening();
    client.send(opening() + second).send(hidden());
    await agreed;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(upstream.bytes).not.toContain('hidden');
    expect(upstream.bytes.split('Sec-WebSocket-Key')).toHaveLength(2);
    upstream.answer(() => undefined);
    agree();
    expect((await client.response('GET', 10_000)).status).toBe(101);
    while (!upstream.bytes.includes('hidden')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(upstream.bytes.endsWith(second + hidden())).toBe(true);
    expect(client.text).toBe('');
  });

  test('G089 does not open on silence: 502, and nothing behind the handshake reaches the application', async () => {
    upstream.answer((_, connection) => {
      connection.socket.end();
      return undefined;
    });
    const { responses, closed } = await sendRaw(gate.port, opening({ path: '/pub/ws' }) + hidden(), PATIENT);
    expect([responses.map(({ status }) => status), closed]).toEqual([[502], true]);
    expect(upstream.bytes).not.toContain('hidden');
  });

  test('G157 a handshake right behind another request waits for its turn', async () => {
    const before = `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const client = await RawClient.open(gate.port);
    clients.push(client);
    client.send(`${before}${before}${opening()}frames`);
    for (const status of [200, 200, 101]) expect((await client.response('GET', 10_000)).status).toBe(status);
    while (!upstream.bytes.endsWith('frames')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(upstream.requests.map(({ requestLine }) => requestLine)).toEqual([
      ...['GET /pub/x HTTP/1.1', 'GET /pub/x HTTP/1.1', 'GET /app/ws HTTP/1.1'],
    ]);
    await isAlive();
  });

  test.each([
    ['CONNECT', () => `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 405],
    ['a handshake without a session', () => opening({ session: '' }), 401],
    ['a handshake of another origin', () => opening({ fields: ['Origin: http://evil.test'] }), 403],
    ['a handshake that is none', () => opening().replace('GET', 'POST'), 400],
  ])(
    'G157 G066 %s right behind another request is refused in its turn, and ends the connection',
    async (_, make, status) => {
      const before = `GET /pub/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      const { responses, closed } = await sendRaw(gate.port, before + make() + hidden(), PATIENT);
      expect([responses.map((each) => each.status), closed]).toEqual([[200, status], true]);
      expect(upstream.requests.map(({ requestLine }) => requestLine)).toEqual(['GET /pub/x HTTP/1.1']);
      await isAlive();
    },
  );

  test('G157 a browser that is reset at once, or an application that is, hurts nobody else', async () => {
    for (let round = 0; round < 20; round++) {
      const { client } = await open(opening());
      client.socket.resetAndDestroy();
      const hasty = await RawClient.open(gate.port);
      hasty.send(opening());
      hasty.socket.resetAndDestroy();
    }
    upstream.answer((_, connection) => {
      connection.socket.resetAndDestroy();
      return undefined;
    });
    for (let round = 0; round < 10; round++) expect((await open(opening())).status).toBe(502);
    answerOpenEnded(upstream);
    await isAlive();
  });
});

describe('G151 a handshake or a frame out of proportion', () => {
  test('with two thousand fields, or a head over the limit, is 431', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => `X-${index}: 1`);
    await expectRefused(opening({ fields: many }), 431);
    await expectRefused(opening({ fields: Array.from({ length: 250 }, () => 'X: 1') }), 431);
    await expectRefused(opening({ fields: [`Sec-WebSocket-Protocol: ${'a,'.repeat(20_000)}b`] }), 431);
    await isAlive();
  });

  test('within the limits is the application’s to judge: nothing of it is read here', async () => {
    const fields = [
      `Sec-WebSocket-Protocol: ${'a,'.repeat(4096)}b`,
      'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=999; =; permessage-deflate; client_max_window_bits="',
    ];
    expect((await open(opening({ fields }))).status).toBe(101);
    const sent = upstream.requests[0]?.fields.map(([name, value]) => `${name}: ${value}`) ?? [];
    expect(sent).toEqual(expect.arrayContaining(fields));
    await isAlive();
  });

  test('no frame is parsed: any bytes pass both ways as they are', async () => {
    const sockets: RecordedConnection['socket'][] = [];
    upstream.answer((_, connection) => {
      sockets.push(connection.socket);
      return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`;
    });
    const { client } = await open(opening());
    const next = seeded(151);
    const impossible = Buffer.from('ff7fffffffffffffffff8f7e0000c1ff8000000000000000', 'hex');
    const noise = Buffer.concat([impossible, Buffer.from(Array.from({ length: 200_000 }, () => next(256)))]);
    client.send(noise);
    sockets[0]?.write(noise);
    await client.until(() => client.text.length >= noise.length, 10_000);
    expect(client.text === noise.toString('latin1')).toBe(true);
    while (upstream.bytes.length < noise.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(upstream.bytes.endsWith(noise.toString('latin1'))).toBe(true);
    answerOpenEnded(upstream);
    await isAlive();
  });
});

test('WS-1 an expired session opens nothing', async () => {
  gate.time.ahead += 11 * 3_600_000;
  await expectRefused(opening(), 401);
});

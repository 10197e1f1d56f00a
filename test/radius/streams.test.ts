import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RadiusClient, RadiusSettings } from '../../src/core/policy.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { CODE } from '../../src/radius/packet.ts';
import { openRadius } from '../../src/radius/server.ts';
import { client, decoded, keepLog, NOW, OnePerson, policyOf, request, until } from './parts.ts';
import { makeCertificates, openssl, skipped } from './programs.ts';

const local = client({ at: ['127.0.0.0/8', '::1'] });

async function open(settings: Partial<RadiusSettings>, clients: readonly RadiusClient[] = [local]) {
  const log = keepLog();
  const verifier = new OnePerson();
  const policy = policyOf(clients, settings);
  const server = await openRadius({
    policy: () => policy,
    verifier,
    audit: { append: async () => undefined },
    clock: { now: () => NOW },
    random: systemRandom,
    log,
  });
  return { server, verifier, log, port: server.addresses[0]?.port ?? 0 };
}

/** Collects everything a connection says, and whether it is over. */
function listenTo(socket: Socket) {
  const heard = { bytes: Buffer.alloc(0), over: false };
  socket.on('data', (chunk: Buffer) => {
    heard.bytes = Buffer.concat([heard.bytes, chunk]);
  });
  socket.on('close', () => {
    heard.over = true;
  });
  socket.on('error', () => undefined);
  return heard;
}

const anyTcp = { tcp: [{ host: '127.0.0.1', port: 0 }] };

describe('RADIUS over TCP (RFC 6613)', () => {
  test('packets are cut by their Length, in pieces or several at once', async () => {
    const { server, port } = await open(anyTcp);
    const socket = connect(port, '127.0.0.1');
    const heard = listenTo(socket);
    const [first, second] = [request({ id: 1 }), request({ id: 2 })];
    socket.write(first.subarray(0, 3));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(Buffer.concat([first.subarray(3), second]));
    await until(() => heard.bytes.length > 38);
    await until(() => decoded(heard.bytes).bytes.length < heard.bytes.length);
    expect(decoded(heard.bytes).code).toBe(CODE.accessAccept);
    socket.destroy();
    await server.close();
  });

  test.each([
    ['a Length that is none', Buffer.from('01070013', 'hex')],
    ['a wrong Message-Authenticator', request({ secret: Buffer.from('another-secret-of-24-oct') })],
    ['an attribute of length 1', Buffer.from(`01070017${'00'.repeat(16)}010141`, 'hex')],
  ])('%s ends the connection without a word', async (_, bytes) => {
    const { server, port, verifier } = await open(anyTcp);
    const socket = connect(port, '127.0.0.1');
    const heard = listenTo(socket);
    socket.write(bytes);
    await until(() => heard.over);
    expect([heard.bytes.length, verifier.asked.length]).toEqual([0, 0]);
    await server.close();
  });

  test('G128 a stranger is disconnected', async () => {
    const { server, port } = await open(anyTcp, [client()]);
    const heard = listenTo(connect(port, '127.0.0.1'));
    await until(() => heard.over);
    expect(server.counters().unknown_client).toBe(1);
    await server.close();
  });

  test('closing answers what is in work', async () => {
    const { server, port, verifier } = await open(anyTcp);
    const { promise, resolve } = Promise.withResolvers<void>();
    verifier.gate = promise;
    const socket = connect(port, '127.0.0.1');
    const heard = listenTo(socket);
    socket.write(request());
    await until(() => verifier.asked.length === 1);
    const closed = server.close();
    resolve();
    await closed;
    await until(() => heard.over);
    expect(decoded(heard.bytes).code).toBe(CODE.accessAccept);
  });
});

describe.skipIf(skipped(openssl === undefined, 'openssl'))('RADIUS over TLS (RFC 6614)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-radsec-'));
  const file = (name: string): string => join(folder, name);
  beforeAll(() => makeCertificates(folder));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tls = (ca: boolean) => ({
    tls: {
      listen: { host: '127.0.0.1', port: 0 },
      cert: file('server.pem'),
      key: { reveal: () => readFileSync(file('server.key'), 'utf8') },
      ca: ca ? file('ca.pem') : undefined,
    },
  });
  const dial = (port: number, certificate: boolean): Socket =>
    connectTls({
      port,
      host: '127.0.0.1',
      ca: readFileSync(file('ca.pem')),
      checkServerIdentity: () => undefined,
      ...(certificate ? { cert: readFileSync(file('nas.pem')), key: readFileSync(file('nas.key')) } : {}),
    });

  test('with a certificate of the authority the secret is radsec, and no other', async () => {
    const { server, port } = await open(tls(true));
    const socket = dial(port, true);
    const heard = listenTo(socket);
    socket.write(request({ secret: Buffer.from('radsec') }));
    await until(() => heard.bytes.length > 0);
    expect(decoded(heard.bytes).code).toBe(CODE.accessAccept);
    socket.write(request());
    await until(() => heard.over);
    await server.close();
  });

  test('without a certificate nobody is heard', async () => {
    const { server, port, verifier } = await open(tls(true));
    const socket = dial(port, false);
    const heard = listenTo(socket);
    socket.write(request({ secret: Buffer.from('radsec') }));
    await until(() => heard.over);
    expect([heard.bytes.length, verifier.asked.length]).toEqual([0, 0]);
    await server.close();
  });

  test("where no authority is configured the client's own secret counts, radsec does not", async () => {
    const { server, port } = await open(tls(false));
    const [good, bad] = [dial(port, false), dial(port, false)];
    const [heard, nothing] = [listenTo(good), listenTo(bad)];
    good.write(request());
    bad.write(request({ secret: Buffer.from('radsec') }));
    await until(() => heard.bytes.length > 0 && nothing.over);
    expect([decoded(heard.bytes).code, nothing.bytes.length]).toEqual([CODE.accessAccept, 0]);
    good.destroy();
    await server.close();
  });
});

describe('where it listens', () => {
  test('on IPv4 and IPv6, UDP and TCP, each on what it was told', async () => {
    const { server } = await open({
      listen: [
        { host: '127.0.0.1', port: 0 },
        { host: '::1', port: 0 },
      ],
      ...anyTcp,
    });
    expect(server.addresses.map(({ transport, address }) => [transport, address])).toEqual([
      ['udp', '127.0.0.1'],
      ['udp', '::1'],
      ['tcp', '127.0.0.1'],
    ]);
    await server.close();
  });

  test('an address that is taken is an error, and nothing stays bound', async () => {
    const first = await open({ listen: [{ host: '127.0.0.1', port: 0 }] });
    const taken = { host: '127.0.0.1', port: first.port };
    const free = { host: '127.0.0.1', port: 0 };
    await expect(open({ listen: [free, taken] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.server.close();
    const again = await open({ listen: [taken] });
    await again.server.close();
  });

  test('nowhere, if nothing is configured', async () => {
    const { server } = await open({});
    expect(server.addresses).toEqual([]);
    await server.close();
  });
});

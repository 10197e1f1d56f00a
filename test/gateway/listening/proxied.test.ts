import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Cidr } from '../../../src/core/access/cidr.ts';
import { readCidr } from '../../../src/core/access/cidr.ts';
import { Authority, type Issued } from '../../support/pki.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type Gateway, HOST, head } from '../fixture.ts';
import { haproxy, startHaproxy } from './haproxy.ts';
import { ANY_HOST, certificateOf, closing, faultOf, openListeners, plain, secured } from './parts.ts';

const networks = (...texts: string[]): Cidr[] =>
  texts.flatMap((text) => {
    const read = readCidr(text);
    return read.ok ? [read.value] : [];
  });
const TRUSTED = networks('127.0.0.1');
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c6336401dc0401bb', 'hex');

let authority: Authority;
let hr: Issued;
let gateway: Gateway | undefined;

beforeAll(() => {
  authority = Authority.open();
  hr = authority.issue({ names: `DNS:${HOST},DNS:*.apps.example` });
});
afterAll(() => authority.close());
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

const open = async (...[server, options]: Parameters<typeof openListeners>): Promise<Gateway> => {
  gateway = await openListeners({ trustedProxies: TRUSTED, ...server }, { routes: [ANY_HOST], ...options });
  return gateway;
};
const field = (of: Gateway, name: string): string | undefined =>
  of.recorder.heads
    .at(-1)
    ?.split('\r\n')
    .find((line) => line.toLowerCase().startsWith(`${name}: `))
    ?.slice(name.length + 2);

describe('a PROXY header', () => {
  test.each([
    ['v1', Buffer.from(V1)],
    ['v2', V2],
  ] as const)(
    '%s names the client, in one segment with the request, alone, or octet by octet',
    async (version, header) => {
      const opened = await open({ proxyProtocol: version });
      const request = Buffer.from(head('GET /x'));
      const splits = [
        [Buffer.concat([header, request])],
        [header, request],
        [...header].map((octet) => Buffer.of(octet)).concat(request),
      ];
      for (const pieces of splits) {
        opened.recorder.forget();
        const client = await RawClient.open(opened.port);
        for (const piece of pieces) {
          client.send(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await client.response()).status).toBe(200);
        client.destroy();
        expect(field(opened, 'x-forwarded-for')).toBe('192.0.2.7');
      }
    },
  );

  test('goes before the handshake where TLS is spoken', async () => {
    const opened = await open({ proxyProtocol: 'v2', tls: [certificateOf(hr)] });
    for (const apart of [true, false]) {
      const socket = await plain(opened.port);
      if (apart) {
        socket.write(V2);
        await new Promise((resolve) => setTimeout(resolve, 20));
      } else {
        socket.cork();
        socket.write(V2);
      }
      const over = connect({ socket, servername: HOST, ca: authority.ca });
      setImmediate(() => socket.uncork());
      const client = new RawClient(over);
      expect((await client.send(head('GET /x')).response()).status).toBe(200);
      expect([field(opened, 'x-forwarded-for'), field(opened, 'x-forwarded-proto')]).toEqual(['192.0.2.7', 'https']);
      client.destroy();
    }
  });

  test('says whether the client spoke TLS to the load balancer (PP2_TYPE_SSL)', async () => {
    const opened = await open({ proxyProtocol: 'v2' });
    const ssl = Buffer.concat([V2, Buffer.from('2000050100000000', 'hex')]);
    ssl.writeUInt16BE(ssl.length - 16, 14);
    const client = await RawClient.open(opened.port);
    expect((await client.send(ssl).send(head('GET /x')).response()).status).toBe(200);
    client.destroy();
    expect(field(opened, 'x-forwarded-proto')).toBe('https');
  });

  test('of a health check leaves the load balancer its own address', async () => {
    const opened = await open({ proxyProtocol: 'v2' });
    const client = await RawClient.open(opened.port);
    client.send(Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')).send(head('GET /x'));
    expect((await client.response()).status).toBe(200);
    client.destroy();
    expect(field(opened, 'x-forwarded-for')).toBe('127.0.0.1');
  });

  test('is waited for no longer than a header section', async () => {
    const { port } = await open({ proxyProtocol: 'v1' }, { limits: { headerTime: 300 } });
    for (const octets of ['', 'PROX']) expect(await closing(await plain(port, octets))).toBeGreaterThan(200);
  });

  test('counts connections by the client it names', async () => {
    const { port } = await open({ proxyProtocol: 'v1' }, { limits: { perAddress: 2 } });
    const statusOf = async (client: string) => {
      const raw = await RawClient.open(port);
      held.push(raw);
      raw.send(`PROXY TCP4 ${client} 198.51.100.1 1 2\r\n`).send(head('GET /x'));
      return (await raw.response()).status;
    };
    const held: RawClient[] = [];
    expect([await statusOf('192.0.2.7'), await statusOf('192.0.2.7'), await statusOf('192.0.2.7')]).toEqual([
      200, 200, 429,
    ]);
    expect(await statusOf('192.0.2.8')).toBe(200);
    for (const each of held) each.destroy();
    await vi.waitFor(async () => expect(await statusOf('192.0.2.7')).toBe(200), { timeout: 2000, interval: 20 });
    for (const each of held) each.destroy();
  });
});

describe.skipIf(haproxy === undefined)('HAProxy in front', () => {
  test.each([
    ['v1', 'send-proxy'],
    ['v2', 'send-proxy-v2'],
    ['v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl'],
  ] as const)('speaks PROXY %s with `%s`, in clear and before TLS', async (proxyProtocol, words) => {
    for (const tls of [[], [certificateOf(hr)]]) {
      const opened = await open({ proxyProtocol, tls });
      const front = await startHaproxy(opened.port, words);
      try {
        const from = { localAddress: '127.0.0.5', servername: HOST, ca: authority.ca, rejectUnauthorized: true };
        const socket =
          tls.length === 0 ? await plain(front.port, '', from.localAddress) : await secured(front.port, from);
        const client = new RawClient(socket);
        expect((await client.send(head('GET /1')).response()).status).toBe(200);
        expect((await client.send(head('GET /2')).response()).status).toBe(200);
        client.destroy();
        expect(field(opened, 'x-forwarded-for')).toBe('127.0.0.5');
      } finally {
        await front.stop();
        await opened.stop();
        gateway = undefined;
      }
    }
  });

  test('speaks to nobody who expects the other version', async () => {
    const opened = await open({ proxyProtocol: 'v1', tls: [certificateOf(hr)] });
    const front = await startHaproxy(opened.port, 'send-proxy-v2');
    try {
      expect(await faultOf(secured(front.port, { servername: HOST }))).toBeDefined();
    } finally {
      await front.stop();
    }
    expect(opened.recorder.connections).toHaveLength(0);
  });
});

/** Attacks on the TLS listener: old versions and ciphers, names, handshakes that never end. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Gateway, HOST, head } from '../gateway/fixture.ts';
import {
  ANY_HOST,
  certificateOf,
  closing,
  faultOf,
  openListeners,
  plain,
  rawOverTls,
  secured,
} from '../gateway/listening/parts.ts';
import { Authority } from '../support/pki.ts';

let authority: Authority;
let gateway: Gateway;

beforeAll(async () => {
  authority = Authority.open();
  // An RSA key, so that older ciphers could be spoken at all.
  const rsa = authority.issue({ names: `DNS:${HOST}`, rsa: true });
  const ec = authority.issue({ names: 'DNS:ec.example' });
  gateway = await openListeners(
    { tls: [certificateOf(rsa), certificateOf(ec)] },
    { routes: [ANY_HOST], limits: LIMITS },
  );
});
afterAll(async () => {
  await gateway.stop();
  authority.close();
});

const LIMITS = { headerTime: 1500, perAddress: 200 };

/** What `openssl s_client` says of a handshake with these words. */
function dial(...words: string[]): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${gateway.port}`, ...words]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
    });
  child.stdin.end();
  return new Promise((resolve) => child.once('close', () => resolve(said)));
}

const isAlive = async (): Promise<boolean> => {
  const client = await rawOverTls(gateway.port, { servername: HOST, localAddress: '127.0.0.9' });
  const { status } = await client.send(head('GET /alive')).response();
  client.destroy();
  return status === 200;
};

describe('versions and ciphers', () => {
  test.each(['-tls1', '-tls1_1'])('%s is refused', async (version) => {
    const said = await dial(version, '-cipher', 'ALL:@SECLEVEL=0');
    expect(said).toMatch(/alert protocol version|Cipher is \(NONE\)/);
    expect(said).not.toMatch(/Cipher is [A-Z]{2}/);
  });

  test.each([
    ['-tls1_2', /New, TLSv1\.2, Cipher is ECDHE-RSA-AES128-GCM-SHA256/],
    ['-tls1_3', /New, TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/],
  ])('%s is spoken, with the first of our ciphers', async (version, cipher) => {
    expect(await dial(version, '-servername', HOST)).toMatch(cipher);
  });

  test('the order is ours, whatever the client prefers', async () => {
    const prefers = 'ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256';
    expect(await dial('-tls1_2', '-cipher', prefers)).toContain('Cipher is ECDHE-RSA-AES128-GCM-SHA256');
  });

  test.each([
    ['without forward secrecy', 'AES128-GCM-SHA256:AES256-GCM-SHA384:kRSA'],
    ['in CBC mode', 'ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA:AES128-SHA'],
    ['with 3DES or RC4', '3DES:RC4:DES-CBC3-SHA:AES256-SHA'],
    ['over finite fields', 'DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384'],
    ['without authentication or encryption', 'aNULL:eNULL:AECDH-AES128-SHA:NULL-SHA256'],
    ['with a short tag', 'ECDHE-ECDSA-AES128-CCM8:AES128-CCM8'],
  ])('ciphers %s are refused', async (_what, ciphers) => {
    const said = await dial('-tls1_2', '-servername', HOST, '-cipher', `${ciphers}:@SECLEVEL=0`);
    expect(said).toMatch(/handshake failure|Cipher is \(NONE\)/);
    expect(said).not.toMatch(/Cipher is (?!\(NONE\))/);
  });

  test('neither compression nor early data', async () => {
    expect(await dial('-tls1_2', '-servername', HOST)).toContain('Compression: NONE');
    expect(await dial('-tls1_3', '-servername', HOST)).not.toMatch(/Max Early Data: [1-9]/);
  });

  test('HTTP/2 alone is refused, beside HTTP/1.1 it is not chosen (RFC 7301 §3.2)', async () => {
    expect(await faultOf(secured(gateway.port, { ALPNProtocols: ['h2'] }))).toMatch(/NO_APPLICATION_PROTOCOL/);
    const socket = await secured(gateway.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
  });

  test('the preface of HTTP/2 over TLS is no request', async () => {
    const client = await rawOverTls(gateway.port, { servername: HOST });
    const { status } = await client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').response();
    expect(status).toBeGreaterThanOrEqual(400);
    await client.untilClosed();
    client.destroy();
  });

  test('DOS-2 renegotiation is refused', async () => {
    const socket = await secured(gateway.port, { maxVersion: 'TLSv1.2' });
    socket.on('error', () => undefined);
    const outcome = await new Promise((resolve) => {
      socket.once('close', () => resolve('closed'));
      socket.renegotiate({ rejectUnauthorized: false }, (error) =>
        resolve(error === null ? 'renegotiated' : 'refused'),
      );
    });
    socket.destroy();
    expect(outcome).not.toBe('renegotiated');
    expect(await isAlive()).toBe(true);
  });

  test('a session is resumed under the name it was made for, and only as long as the keys live', async () => {
    const first = await secured(gateway.port, { servername: HOST, maxVersion: 'TLSv1.2' });
    const session = first.getSession();
    first.destroy();
    const again = await secured(gateway.port, { servername: HOST, maxVersion: 'TLSv1.2', ...(session && { session }) });
    const other = await secured(gateway.port, {
      servername: 'ec.example',
      maxVersion: 'TLSv1.2',
      ...(session && { session }),
    }).catch(() => undefined);
    expect([again.isSessionReused(), other?.isSessionReused() ?? false]).toEqual([true, false]);
    again.destroy();
    other?.destroy();
  });
});

/** The first flight of a client that names this host; the name may be any octets. */
async function helloFor(name: Buffer): Promise<Buffer> {
  const placeholder = 'x'.repeat(name.length);
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const listener = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes);
    });
  });
  await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready));
  const { port } = listener.address() as AddressInfo; // listening on TCP
  const client = connect({ port, host: '127.0.0.1', servername: placeholder });
  client.on('error', () => undefined);
  const hello = await promise;
  client.destroy();
  listener.close();
  const at = hello.indexOf(placeholder);
  return at < 0 ? hello : Buffer.concat([hello.subarray(0, at), name, hello.subarray(at + name.length)]);
}

describe('names', () => {
  test.each([
    ['255 octets', Buffer.alloc(255, 'a')],
    ['octets outside ASCII', Buffer.from('ff80fe2e6578616d706c65', 'hex')],
    ['NUL', Buffer.from('hr\0corp.example')],
    ['control characters', Buffer.from('\r\nHost: evil')],
    ['a name of the prototype', Buffer.from('__proto__')],
    ['another one', Buffer.from('constructor')],
    ['dots alone', Buffer.from('....')],
    ['an address', Buffer.from('127.0.0.1')],
    ['an unknown host', Buffer.from('nobody.example')],
  ])('G140 %s in the name of a handshake stop nothing', async (_what, name) => {
    const socket = await plain(gateway.port, await helloFor(name));
    const first = await new Promise<number>((resolve) => {
      socket.once('data', (bytes: Buffer) => resolve(bytes[0] ?? 0));
      socket.once('close', () => resolve(0x15));
    });
    socket.destroy();
    expect([0x15, 0x16]).toContain(first); // an alert, or the handshake goes on with the first certificate
    expect(await isAlive()).toBe(true);
  });

  test('G140 a handshake without a name gets the first certificate', async () => {
    const socket = await secured(gateway.port, { servername: '' });
    expect(socket.getPeerCertificate().subjectaltname).toBe(`DNS:${HOST}`);
    socket.destroy();
  });
});

const openFiles = (): number => readdirSync('/proc/self/fd').length;

describe('handshakes that never end', () => {
  test('G060 DOS-1 one octet each: all are closed within the deadline, and no file stays open', async () => {
    const before = openFiles();
    const sockets = await Promise.all(Array.from({ length: 150 }, () => plain(gateway.port, Buffer.of(0x16))));
    const times = await Promise.all(sockets.map(closing));
    expect(Math.max(...times)).toBeLessThan(LIMITS.headerTime + 1500);
    await vi.waitFor(() => expect(openFiles()).toBeLessThanOrEqual(before + 4), { timeout: 3000, interval: 50 });
    expect(await isAlive()).toBe(true);
  });

  test('DOS-2 a flood from one address leaves room for others', async () => {
    const flood = await Promise.all(
      Array.from({ length: LIMITS.perAddress + 50 }, () => plain(gateway.port, Buffer.of(0x16)).catch(() => undefined)),
    );
    const begun = performance.now();
    expect(await isAlive()).toBe(true);
    expect(performance.now() - begun).toBeLessThan(1500);
    for (const socket of flood) socket?.destroy();
    await vi.waitFor(async () => (await secured(gateway.port)).destroy(), { timeout: 3000, interval: 20 });
  });

  test('DOS-2 handshakes that are reset at every point stop nothing', async () => {
    const hello = await helloFor(Buffer.from(HOST));
    for (let size = 1; size <= hello.length; size += 37) {
      const socket = await plain(gateway.port, hello.subarray(0, size));
      if (size % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    }
    expect(await isAlive()).toBe(true);
  });

  test('octets that were changed on the way end the connection after the handshake too', async () => {
    const onward = await plain(gateway.port, '', '127.0.0.8');
    let spoil = false;
    const middle = createServer((socket) => {
      socket.on('error', () => undefined);
      onward.pipe(socket);
      socket.on('data', (bytes: Buffer) => {
        if (spoil) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        onward.write(bytes);
      });
    });
    await new Promise<void>((ready) => middle.listen(0, '127.0.0.1', ready));
    const { port } = middle.address() as AddressInfo; // listening on TCP
    const client = await secured(port, { servername: HOST });
    client.on('error', () => undefined);
    spoil = true;
    client.write(head('GET /'));
    expect(await closing(onward)).toBeLessThan(1000);
    client.destroy();
    middle.close();
    expect(await isAlive()).toBe(true);
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerCertificate } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Authority, type Issued } from '../../support/pki.ts';
import { type Gateway, HOST, head } from '../fixture.ts';
import { ANY_HOST, certificateOf, closing, faultOf, openListeners, plain, rawOverTls, secured } from './parts.ts';

let authority: Authority;
let hr: Issued;
let wild: Issued;
let gateway: Gateway | undefined;

beforeAll(() => {
  authority = Authority.open();
  hr = authority.issue({ names: `DNS:${HOST},IP:127.0.0.1` });
  wild = authority.issue({ names: 'DNS:*.apps.example,DNS:gw.example' });
});
afterAll(() => authority.close());
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

const open = async (
  server: Parameters<typeof openListeners>[0] = {},
  options: Parameters<typeof openListeners>[1] = {},
): Promise<Gateway> => {
  gateway = await openListeners(
    { tls: [certificateOf(hr), certificateOf(wild)], ...server },
    { routes: [ANY_HOST], ...options },
  );
  return gateway;
};

const serialOf = async (port: number, servername?: string): Promise<string> => {
  const socket = await secured(port, servername === undefined ? {} : { servername });
  const { serialNumber } = socket.getPeerCertificate() as PeerCertificate;
  socket.destroy();
  return serialNumber;
};

/** All of them, or none. */
async function together<T extends { destroy(): void }>(count: number, make: () => Promise<T>): Promise<readonly T[]> {
  const made = await Promise.allSettled(Array.from({ length: count }, make));
  const values = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  if (values.length === count) return values;
  for (const value of values) value.destroy();
  throw new Error('not all of them');
}

describe('a TLS listener', () => {
  test('serves requests, several on one connection and pipelined ones', async () => {
    const { port, recorder } = await open();
    const client = await rawOverTls(port, { ca: authority.ca, servername: HOST, rejectUnauthorized: true });
    expect((await client.send(head('GET /a')).response()).status).toBe(200);
    client.send(head('GET /b') + head('GET /c'));
    expect([(await client.response()).status, (await client.response()).status]).toEqual([200, 200]);
    client.destroy();
    expect(recorder.heads.map((each) => each.split(' ')[1])).toEqual(['/a', '/b', '/c']);
    expect(recorder.heads[0]).toContain('X-Forwarded-Proto: https');
  });

  test('carries bodies of some mebibytes both ways unchanged', async () => {
    const sent = randomBytes(3 * 1024 * 1024);
    const answer = randomBytes(5 * 1024 * 1024);
    let seen = 0;
    const { port, recorder } = await open(
      {},
      {
        script: (connection, fresh) => {
          seen += fresh.length;
          if (!connection.bytes.endsWith('end of the body')) return;
          connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n`);
          connection.socket.write(answer);
        },
      },
    );
    const client = await rawOverTls(port, { servername: HOST });
    const body = Buffer.concat([sent, Buffer.from('end of the body')]);
    client.send(head('POST /up', `Content-Length: ${body.length}`)).send(body);
    const { body: got } = await client.response('GET', 20_000);
    expect(Buffer.from(got, 'latin1').equals(answer)).toBe(true);
    expect(recorder.bytes.endsWith(body.toString('latin1'))).toBe(true);
    expect(seen).toBeGreaterThan(body.length);
    client.destroy();
  });

  test('keeps a response together when the client is slow to read it', async () => {
    const answer = randomBytes(2 * 1024 * 1024);
    const { port } = await open(
      {},
      {
        script: ({ socket }) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n`);
          socket.write(answer);
        },
      },
    );
    const socket = await secured(port, { servername: HOST });
    socket.write(head('GET /slow'));
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const end = size === 0 ? chunk.indexOf('\r\n\r\n') + 4 : 0;
      hash.update(chunk.subarray(end));
      size += chunk.length - end;
      await new Promise((resolve) => setImmediate(resolve));
      if (size >= answer.length) break;
    }
    expect(hash.digest('hex')).toBe(createHash('sha256').update(answer).digest('hex'));
  });

  test('chooses the certificate by the name that is asked for, and the first for every other', async () => {
    const { port } = await open();
    const [first, second] = [await serialOf(port, HOST), await serialOf(port, 'gw.example')];
    expect(first).not.toBe(second);
    expect(await serialOf(port, 'HR.apps.EXAMPLE')).toBe(second);
    for (const name of [undefined, 'apps.example', 'a.b.apps.example', 'unknown.example'])
      expect([name, await serialOf(port, name)]).toEqual([name, first]);
  });

  test('the host of the request decides, not the name of the handshake', async () => {
    const { port } = await open({}, { routes: [{ ...ANY_HOST, hosts: [{ kind: 'exact', host: HOST }] }] });
    const client = await rawOverTls(port, { servername: 'gw.example' });
    expect((await client.send(head('GET /')).response()).status).toBe(200);
    client.send('GET / HTTP/1.1\r\nHost: gw.example\r\n\r\n');
    expect((await client.response()).status).toBe(421);
    client.destroy();
  });

  test('answers HTTP in clear with a sentence', async () => {
    const { port } = await open();
    const socket = await plain(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    await closing(socket);
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text).toContain('https://');
  });

  test('closes what is neither, and stays up', async () => {
    const { port } = await open();
    for (const octets of [Buffer.of(0), Buffer.of(0x80, 0x2e, 1), Buffer.alloc(9, 0xff), Buffer.from('\r\n')])
      expect(await closing(await plain(port, octets))).toBeLessThan(2000);
    expect(await serialOf(port, HOST)).toBe(await serialOf(port));
  });

  test('gives back its place when a connection ends, whichever side ends it', async () => {
    const { port } = await open({}, { limits: { perAddress: 3 } });
    const patiently = <T>(attempt: () => Promise<T>): Promise<T> =>
      vi.waitFor(attempt, { timeout: 2000, interval: 20 });
    for (let round = 0; round < 10; round++) {
      const client = await patiently(() => rawOverTls(port, { servername: HOST }));
      const ending = round % 2 === 0 ? 'Connection: close' : 'Connection: keep-alive';
      expect((await client.send(head('GET /x', ending)).response()).status).toBe(200);
      if (round % 2 === 0) await client.untilClosed();
      client.destroy();
    }
    const held = await patiently(() => together(3, () => secured(port)));
    expect(await faultOf(secured(port))).toBeDefined();
    for (const each of held) each.destroy();
  });

  test('a handshake that is not finished in time is cut', async () => {
    const { port } = await open({}, { limits: { headerTime: 300 } });
    const begun = await plain(port, Buffer.of(0x16, 3, 1, 1, 0));
    const silent = await plain(port);
    const trickle = await plain(port, Buffer.of(0x16));
    const drip = setInterval(() => trickle.write(Buffer.of(3)), 50);
    const times = await Promise.all([begun, silent, trickle].map(closing));
    clearInterval(drip);
    for (const time of times) expect(time).toBeGreaterThan(200);
    for (const time of times) expect(time).toBeLessThan(1500);
  });

  test('stops: what has not come as far as HTTP is cut at once', async () => {
    const opened = await open();
    const waiting = await plain(opened.port, Buffer.of(0x16));
    const gone = closing(waiting);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await opened.stop();
    gateway = undefined;
    expect(await gone).toBeLessThan(2000);
  });
});

describe('new files', () => {
  const into = (folder: string, { certFile, keyFile }: Issued): void => {
    copyFileSync(certFile, join(folder, 'live.pem'));
    copyFileSync(keyFile, join(folder, 'live.key'));
  };
  const live = () => {
    into(authority.folder, hr);
    const [certFile, keyFile] = [join(authority.folder, 'live.pem'), join(authority.folder, 'live.key')];
    return { certFile, keyFile, tls: [{ cert: certFile, key: { reveal: () => '' }, keyFile }] };
  };

  test('are served within two seconds; open connections stay', async () => {
    const { port } = await open({ tls: live().tls });
    const before = await serialOf(port);
    const client = await rawOverTls(port, { servername: HOST });
    expect((await client.send(head('GET /1')).response()).status).toBe(200);
    into(authority.folder, wild);
    await vi.waitFor(async () => expect(await serialOf(port)).not.toBe(before), { timeout: 2000, interval: 50 });
    expect((await client.send(head('GET /2')).response()).status).toBe(200);
    client.destroy();
  });

  test('are seen behind a link that is turned, as certificate managers do it', async () => {
    const { folder } = authority;
    const link = (name: string, to: string): void => {
      rmSync(join(folder, name), { force: true });
      symlinkSync(to, join(folder, name));
    };
    link('linked.pem', hr.certFile);
    link('linked.key', hr.keyFile);
    const certificate = {
      cert: join(folder, 'linked.pem'),
      key: { reveal: () => '' },
      keyFile: join(folder, 'linked.key'),
    };
    const { port } = await open({ tls: [certificate] });
    const before = await serialOf(port);
    link('linked.pem', wild.certFile);
    link('linked.key', wild.keyFile);
    await vi.waitFor(async () => expect(await serialOf(port)).not.toBe(before), { timeout: 2500, interval: 50 });
  });

  test.each([
    ['the key of another', (at: ReturnType<typeof live>) => copyFileSync(wild.keyFile, at.keyFile)],
    ['no certificate', (at: ReturnType<typeof live>) => writeFileSync(at.certFile, 'nothing')],
    ['nothing at all', (at: ReturnType<typeof live>) => rmSync(at.certFile)],
    [
      'one that has expired',
      (at: ReturnType<typeof live>) => {
        const old = authority.issue({ notBefore: '20200101000000Z', notAfter: '20210101000000Z' });
        copyFileSync(old.certFile, at.certFile);
        copyFileSync(old.keyFile, at.keyFile);
      },
    ],
  ])('that hold %s are refused: it is logged, and the old ones stay', async (_what, change) => {
    const at = live();
    const { port, logged } = await open({ tls: at.tls });
    const before = await serialOf(port);
    change(at);
    await vi.waitFor(() => expect(JSON.stringify(logged)).toContain('tls.refused'), { timeout: 2500, interval: 50 });
    expect(await serialOf(port)).toBe(before);
    into(authority.folder, wild);
    await vi.waitFor(async () => expect(await serialOf(port)).not.toBe(before), { timeout: 2500, interval: 50 });
  });

  test('a configuration with other certificates holds for the next handshake', async () => {
    const opened = await open({ tls: [certificateOf(hr)] });
    const before = await serialOf(opened.port);
    const { policy } = opened.state;
    opened.state.policy = { ...policy, server: { ...policy.server, tls: [certificateOf(wild)] } };
    expect(await serialOf(opened.port)).not.toBe(before);
  });
});

test('a pair that cannot be used at the start is said with its file', async () => {
  const broken = { ...certificateOf(hr), keyFile: wild.keyFile };
  await expect(openListeners({ tls: [broken] })).rejects.toThrow(/\.pem: the key belongs to another certificate/);
});

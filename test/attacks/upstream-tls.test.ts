/**
 * The attacker stands between us and an application, or has taken its address. They must not see one octet of anybody’s
 * request unless they hold the key of a certificate we were told to trust; and an application must not slip its surplus
 * into the next person’s answer because TLS came in between (classes TLS and SMUG).
 */
import { connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Upstream, UpstreamTls } from '../../src/core/policy.ts';
import { ask, eventually, poolOf, tcp } from '../gateway/upstream/fixture.ts';
import { type GateFixture, startGate } from '../support/gate.ts';
import { Authority, type Issued } from '../support/pki.ts';
import { rawRequest } from '../support/raw-client.ts';
import { plainResponse } from '../support/recorder-upstream.ts';

let authority: Authority;
let stranger: Authority;
let right: Issued;
const opened: { close(): unknown }[] = [];

beforeAll(() => {
  authority = Authority.open('Corp CA');
  stranger = Authority.open('Another CA');
  right = authority.issue();
});
afterAll(() => {
  authority.close();
  stranger.close();
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const each of opened.splice(0).reverse()) each.close();
});

/** An application with TLS that writes down what it could read. */
async function serve(options: TlsOptions, onData?: (socket: TLSSocket) => void) {
  const seen = { bytes: '', connections: 0, resumed: 0, clients: [] as boolean[], sockets: [] as Socket[] };
  const answer = onData ?? ((socket: TLSSocket) => void socket.write(plainResponse('hello')));
  const server: Server = createServer({ ...options, noDelay: true }, (socket) => {
    seen.connections += 1;
    seen.resumed += socket.isSessionReused() ? 1 : 0;
    seen.clients.push(socket.authorized);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      seen.bytes += bytes.toString('latin1');
      answer(socket);
    });
  });
  server.on('connection', (socket: Socket) => seen.sockets.push(socket));
  const port = await listen(server);
  opened.push({ close: () => closeAll(server, seen.sockets) });
  return { port, seen };
}

function closeAll(server: TcpServer, sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}

const listen = (server: TcpServer): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)); // listening on TCP
  });

const trust = (more: Partial<UpstreamTls> = {}): UpstreamTls => ({
  ca: authority.ca,
  serverName: undefined,
  minVersion: 'TLSv1.2',
  clientCert: undefined,
  ...more,
});

function open(port: number, tls: UpstreamTls | undefined, more: Partial<Upstream> = {}) {
  const made = poolOf([tcp(port, 'https')], { tls, ...more });
  opened.push(made.pool);
  return made.pool;
}

const secret = { fields: 'Cookie: JSESSIONID=of-somebody\r\n' };
const DAY = 24 * 3600 * 1000;
const timeText = (days: number): string => new Date(Date.now() + days * DAY).toISOString().replace(/[-:T]|\.\d+/g, '');

describe('G058: the certificate of an application is checked', () => {
  test.each<[string, () => Issued, () => UpstreamTls | undefined]>([
    ['by address', () => right, () => trust()],
    ['by name', () => authority.issue({ names: 'DNS:erp-old' }), () => trust({ serverName: 'erp-old' })],
    [
      'by wildcard',
      () => authority.issue({ names: 'DNS:*.corp.example' }),
      () => trust({ serverName: 'a.corp.example' }),
    ],
  ])('the right one passes: %s', async (_, issue, tls) => {
    const { port, seen } = await serve(issue());
    expect((await ask(open(port, tls()), secret)).body).toBe('hello');
    expect(seen.bytes).toContain('JSESSIONID=of-somebody');
  });

  test.each<[string, () => Issued, () => UpstreamTls | undefined, string]>([
    [
      'another name',
      () => authority.issue({ names: 'DNS:other.example' }),
      () => trust(),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'the address, but the name is asked for',
      () => authority.issue({ names: 'IP:127.0.0.1' }),
      () => trust({ serverName: 'app.example' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'a wildcard two labels up',
      () => authority.issue({ names: 'DNS:*.example' }),
      () => trust({ serverName: 'a.corp.example' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'expired yesterday',
      () => authority.issue({ notBefore: timeText(-9), notAfter: timeText(-1) }),
      () => trust(),
      'CERT_HAS_EXPIRED',
    ],
    [
      'valid from tomorrow',
      () => authority.issue({ notBefore: timeText(1), notAfter: timeText(9) }),
      () => trust(),
      'CERT_NOT_YET_VALID',
    ],
    ['of an unknown authority', () => stranger.issue(), () => trust(), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['self-signed', () => authority.selfSigned(), () => trust(), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of an authority that the system does not know', () => right, () => undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['the same, said', () => right, () => trust({ ca: undefined }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('refused: %s', async (_, issue, tls, reason) => {
    // What is a way out elsewhere must not be one here.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { port, seen } = await serve(issue());
    const pool = open(port, tls());
    for (let count = 0; count < 3; count++) {
      const answer = await ask(pool, secret);
      expect([answer.fault, answer.reason]).toEqual(['tls-failure', reason]);
    }
    await wait(20);
    expect(seen.bytes).toBe('');
  });

  test('where there is no TLS at all, nothing is sent', async () => {
    let bytes = '';
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (fresh: Buffer) => {
        bytes += fresh.toString('latin1');
        socket.write(plainResponse('hello'));
      });
    });
    opened.push(server);
    const answer = await ask(open(await listen(server), trust()), secret);
    expect(answer.fault).toBe('tls-failure');
    expect(bytes).not.toContain('GET');
    expect(bytes).not.toContain('JSESSIONID');
  });

  test('a handshake that never ends is over in time', async () => {
    const server = createTcpServer((socket) => void socket.on('error', () => {}).resume());
    opened.push(server);
    const pool = open(await listen(server), trust(), { timeouts: { connect: 200, firstByte: 5000, idle: 5000 } });
    expect((await ask(pool)).fault).toBe('connect-timeout');
    expect(pool.counts.open).toBe(0);
  });

  test('a session is taken up again only where its certificate was checked', async () => {
    const { port, seen } = await serve(right);
    const pool = open(port, trust());
    await Promise.all([ask(pool), ask(pool), ask(pool)]);
    await eventually(() => pool.counts.free === 3);
    await Promise.all(Array.from({ length: 6 }, () => ask(pool)));
    expect(seen.resumed).toBeGreaterThanOrEqual(3);
    expect((await ask(open(port, trust({ ca: stranger.ca })))).fault).toBe('tls-failure');
    expect((await ask(open(port, trust({ serverName: 'other.example' })))).fault).toBe('tls-failure');
  });
});

describe('our own certificate', () => {
  const asking = (): TlsOptions => ({ ...right, ca: authority.ca, requestCert: true, rejectUnauthorized: true });
  const showing = ({ cert, key }: Issued): UpstreamTls => trust({ clientCert: { cert, key: { reveal: () => key } } });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is shown where it is asked for: %s', async (version) => {
    const { port, seen } = await serve({ ...asking(), maxVersion: version, minVersion: version });
    const pool = open(port, showing(authority.issue({ names: 'DNS:gate' })));
    expect((await ask(pool)).body).toBe('hello');
    expect(seen.clients).toEqual([true]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is missed where there is none, and of another authority: %s',
    async (version) => {
      const { port, seen } = await serve({ ...asking(), maxVersion: version, minVersion: version });
      for (const tls of [trust(), showing(stranger.issue())]) {
        const answer = await ask(open(port, tls));
        expect(['tls-failure', 'closed']).toContain(answer.fault);
        expect(answer.status).toBeUndefined();
      }
      expect(seen.bytes).toBe('');
    },
  );

  test('a key that OpenSSL does not take is a fault of the request, not of the process', async () => {
    const { port } = await serve(right);
    const answer = await ask(open(port, trust({ clientCert: { cert: right.cert, key: { reveal: () => 'no key' } } })));
    expect(answer.fault).toBe('tls-failure');
  });
});

describe('old TLS', () => {
  const only = (version: NonNullable<TlsOptions['minVersion']>): TlsOptions => ({
    ...right,
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT:@SECLEVEL=0',
  });

  test.each([
    ['TLSv1', undefined, false],
    ['TLSv1.1', undefined, false],
    ['TLSv1.2', undefined, true],
    ['TLSv1.3', undefined, true],
    ['TLSv1', 'TLSv1', true],
    ['TLSv1.1', 'TLSv1', true],
    ['TLSv1', 'TLSv1.1', false],
    ['TLSv1.1', 'TLSv1.1', true],
    ['TLSv1.2', 'TLSv1.3', false],
    ['TLSv1.3', 'TLSv1.3', true],
  ] as const)('an application of %s with min_version %s: %s', async (version, minVersion, passes) => {
    const { port, seen } = await serve(only(version));
    const answer = await ask(open(port, trust(minVersion === undefined ? {} : { minVersion })), secret);
    expect(answer.fault).toBe(passes ? undefined : 'tls-failure');
    expect(seen.bytes !== '').toBe(passes);
  });

  test('opting in to old versions does not opt out of the check', async () => {
    const { port, seen } = await serve({ ...only('TLSv1'), ...stranger.issue() });
    expect((await ask(open(port, trust({ minVersion: 'TLSv1' })), secret)).fault).toBe('tls-failure');
    expect(seen.bytes).toBe('');
  });
});

/** Stands between: hands on what it is given, and holds back or adds octets on the way from the application. */
async function relay(port: number) {
  const state = { hold: false, held: [] as Buffer[], toUs: [] as Socket[] };
  const server = createTcpServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    state.toUs.push(near);
    near
      .on('data', (bytes) => far.write(bytes))
      .on('close', () => far.destroy())
      .on('error', () => {});
    far.on('data', (bytes) => (state.hold ? void state.held.push(bytes) : near.write(bytes)));
    far.on('close', () => near.destroy()).on('error', () => {});
  });
  const own = await listen(server);
  opened.push({ close: () => closeAll(server, state.toUs) });
  return {
    port: own,
    state,
    /** Everything held back, in one write. */
    release: (socket: Socket | undefined): void => {
      state.hold = false;
      socket?.write(Buffer.concat(state.held.splice(0)));
    },
  };
}

describe('G143 through TLS: surplus never meets the next request', () => {
  const evil = plainResponse('evil');

  test('in records of its own that came with the response in one piece, while somebody waits for the connection', async () => {
    let count = 0;
    const { port } = await serve(right, (socket) => {
      count += 1;
      socket.write(plainResponse(`answer ${count}`));
      if (count === 2) socket.write(evil);
    });
    const between = await relay(port);
    const pool = open(between.port, trust(), { pool: { max: 1, idle: 5000 } });
    expect((await ask(pool, { owner: 'alice' })).body).toBe('answer 1');
    await eventually(() => pool.counts.free === 1);
    between.state.hold = true;
    const alice = ask(pool, { owner: 'alice' });
    const bob = ask(pool, { owner: 'bob' });
    await eventually(() => Buffer.concat(between.state.held).length > plainResponse('answer 2').length + evil.length);
    between.release(between.state.toUs[0]);
    expect([(await alice).body, (await bob).body]).toEqual(['answer 2', 'answer 3']);
    expect(between.state.toUs).toHaveLength(2);
  });

  test('a record of which only a part has come: somebody else gets another connection', async () => {
    const { port } = await serve(right);
    const between = await relay(port);
    const pool = open(between.port, trust());
    await ask(pool, { owner: 'alice' });
    await eventually(() => pool.counts.free === 1);
    between.state.toUs[0]?.write(Buffer.from([0x17, 3, 3, 0, 0x60, 1, 2, 3]));
    await wait(30);
    expect((await ask(pool, { owner: 'bob' })).body).toBe('hello');
    expect(between.state.toUs).toHaveLength(2);
  });

  test('an idle connection is used again by somebody else, and session tickets do not stand in the way', async () => {
    const { port, seen } = await serve(right);
    const pool = open(port, trust());
    for (const owner of ['alice', 'bob', 'carol', '']) {
      expect((await ask(pool, { owner })).body).toBe('hello');
      await eventually(() => pool.counts.free === 1);
      await wait(5);
    }
    expect(seen.connections).toBe(1);
  });
});

test('a large answer flows through TLS with the brake on', async () => {
  const whole = 'x'.repeat(3_000_000);
  const { port } = await serve(right, (socket) => void socket.write(plainResponse(whole)));
  const pool = open(port, trust());
  let body = 0;
  await new Promise<void>((resolve) => {
    const exchange = pool.request(
      {
        method: 'GET',
        target: '/',
        host: 'a',
        fields: '',
        framing: { kind: 'none' },
        expectContinue: false,
        upgrade: false,
        owner: '',
        bodyIdle: 1000,
      },
      {
        onReady() {},
        onContinue() {},
        onHead() {},
        onBody(bytes, last) {
          body += bytes.length;
          if (last) resolve();
          else setImmediate(() => exchange.resume());
          return false;
        },
        onDrain() {},
        onPause() {},
        onFault: () => resolve(),
      },
    );
  });
  expect(body).toBe(whole.length);
});

describe('through the whole gateway', () => {
  let gate: GateFixture;
  afterAll(() => gate.stop());

  test('G058: 502 and the reason in the log for all but the right certificate; the body of a POST stays here', async () => {
    const [fine, wrong] = [await serve(right), await serve(stranger.issue())];
    const plain = `{ ca: "${authority.caFile}" }`;
    gate = await startGate(`
upstreams:
  fine: { targets: "https://127.0.0.1:${fine.port}", tls: ${plain} }
  wrong: { targets: "https://127.0.0.1:${wrong.port}", tls: ${plain} }
routes:
  - { name: fine, path: [/fine/], to: fine, auth: bypass }
  - { name: wrong, path: [/wrong/], to: wrong, auth: bypass }
  - { name: system, path: [/system/], to: "https://127.0.0.1:${fine.port}", auth: bypass }
`);
    const post = (path: string) =>
      rawRequest(gate.port, `POST ${path} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nContent-Length: 6\r\n\r\nSECRET`);
    expect((await post('/fine/x')).body).toBe('hello');
    await eventually(() => fine.seen.bytes.endsWith('SECRET'));
    fine.seen.bytes = '';
    expect([(await post('/wrong/x')).status, (await post('/system/x')).status]).toEqual([502, 502]);
    expect(wrong.seen.bytes + fine.seen.bytes).toBe('');
    const failed = gate.log.filter((line) => line.includes('upstream.failed'));
    expect(failed).toHaveLength(2);
    for (const line of failed) expect(line).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});

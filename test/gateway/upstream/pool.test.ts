import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Upstream, UpstreamTarget } from '../../../src/core/policy.ts';
import type { Exchange } from '../../../src/gateway/upstream/exchange.ts';
import { isSameUpstream } from '../../../src/gateway/upstream/pool.ts';
import { plainResponse, RecorderUpstream, type Script } from '../../support/recorder-upstream.ts';
import { ask, eventually, poolOf, tcp, unix } from './fixture.ts';

let upstream: RecorderUpstream;
const pools: { close(): void }[] = [];
beforeEach(async () => {
  upstream = await RecorderUpstream.open();
});
afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close();
  await upstream.close();
});
const open = (targets: readonly UpstreamTarget[], more: Partial<Upstream> = {}) => {
  const { pool } = poolOf(targets, more);
  pools.push(pool);
  return pool;
};

describe('pool.max (DOS-1)', () => {
  test.each([
    [-1, { open: 3, waiting: 0 }],
    [0, { open: 4, waiting: 0 }],
    [1, { open: 4, waiting: 1 }],
  ])('%i beyond: connections and line', async (beyond, counts) => {
    upstream.script = () => {};
    const pool = open([tcp(upstream.port)], { pool: { max: 4, idle: 5000 } });
    const answers = Array.from({ length: 4 + beyond }, () => ask(pool));
    await eventually(() => upstream.connections.length === counts.open);
    expect(pool.counts).toMatchObject(counts);
    upstream.script = ({ socket }) => socket.write(plainResponse('hello'));
    for (const { socket } of upstream.connections) socket.write(plainResponse('hello'));
    expect((await Promise.all(answers)).every(({ body }) => body === 'hello')).toBe(true);
    expect(upstream.connections).toHaveLength(counts.open);
  });

  test('the line holds eight for each connection; whoever comes then is told at once', async () => {
    upstream.script = () => {};
    const pool = open([tcp(upstream.port)], { pool: { max: 1, idle: 5000 } });
    const answers = Array.from({ length: 9 }, () => ask(pool));
    expect(pool.counts).toEqual({ open: 1, free: 0, waiting: 8 });
    expect((await ask(pool)).fault).toBe('busy');
    upstream.script = ({ socket }) => socket.write(plainResponse('hello'));
    await eventually(() => upstream.connections.length === 1);
    upstream.connections[0]?.socket.write(plainResponse('hello'));
    await Promise.all(answers);
  });

  test('places of those who went away are given to others', async () => {
    upstream.script = () => {};
    const pool = open([tcp(upstream.port)], {
      pool: { max: 1, idle: 5000 },
      timeouts: { connect: 1000, firstByte: 400, idle: 400 },
    });
    const answers = Array.from({ length: 9 }, () => ask(pool));
    const gone = ask(pool);
    expect((await gone).fault).toBe('busy');
    const waiting = await Promise.all(answers.map(async (answer, at) => (at === 0 ? undefined : (await answer).fault)));
    expect(waiting.slice(1).every((fault) => fault === 'first-byte-timeout')).toBe(true);
    await answers[0];
  });

  test('holds for each target by itself, and one that has room is preferred', async () => {
    upstream.script = () => {};
    const other = await RecorderUpstream.open(() => {});
    const pool = open([tcp(upstream.port), tcp(other.port)], { pool: { max: 2, idle: 5000 } });
    for (let count = 0; count < 5; count++) void ask(pool);
    await eventually(() => upstream.connections.length + other.connections.length === 4);
    expect(
      pool
        .status()
        .map(({ open: connections, waiting }) => [connections, waiting])
        .sort(),
    ).toEqual([
      [2, 0],
      [2, 1],
    ]);
    await other.close();
  });
});

describe('a Unix socket', () => {
  test('carries requests as TCP does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sumun-unix-'));
    const path = join(folder, 'app.sock');
    const seen: string[] = [];
    const server = await new Promise<Server>((resolve) => {
      const made = createServer((socket: Socket) => {
        socket.on('error', () => {});
        socket.on('data', (bytes: Buffer) => {
          seen.push(bytes.toString('latin1'));
          socket.write(plainResponse('hello'));
        });
      });
      made.listen(path, () => resolve(made));
    });
    const pool = open([unix(path)]);
    for (let count = 0; count < 3; count++) expect((await ask(pool, { owner: `s${count}` })).body).toBe('hello');
    expect([seen.length, pool.counts]).toEqual([3, { open: 1, free: 1, waiting: 0 }]);
    expect(pool.status()[0]?.authority).toBe(`unix:${path}`);
    pool.close();
    await new Promise((resolve) => server.close(resolve));
    expect((await ask(open([unix(path)]))).reason).toBe('ENOENT');
    rmSync(folder, { recursive: true });
  });
});

describe('a reload', () => {
  const base = poolOf([tcp(1)]).pool.upstream;
  const key = (text: string) => ({ reveal: () => text, toJSON: () => '[sealed]' });
  const withKey = (text: string): Upstream => ({
    ...base,
    tls: { ca: undefined, serverName: undefined, minVersion: 'TLSv1.2', clientCert: { cert: 'c', key: key(text) } },
  });

  test.each([
    ['nothing changed', base, { ...base }, true],
    ['another target', base, { ...base, targets: [tcp(2)] } as const, false],
    ['another limit', base, { ...base, pool: { max: 1, idle: 5000 } }, false],
    ['the same client key', withKey('a'), withKey('a'), true],
    ['another client key, which JSON does not show', withKey('a'), withKey('b'), false],
  ])('%s', (_, before, after, isSame) => {
    expect(isSameUpstream(before, after)).toBe(isSame);
  });

  test('a pool that was closed finishes what is in hand, takes what is on its way, and keeps nothing', async () => {
    const waiting: Socket[] = [];
    upstream.script = ({ socket }) => waiting.push(socket);
    const pool = open([tcp(upstream.port)], { timeouts: { connect: 500, firstByte: 300, idle: 300 } });
    const first = ask(pool);
    await eventually(() => waiting.length === 1);
    pool.close();
    waiting[0]?.write(plainResponse('hello'));
    expect((await first).body).toBe('hello');
    await eventually(() => pool.counts.open === 0);
    expect((await ask(pool)).fault).toBe('first-byte-timeout');
    await eventually(() => pool.counts.open === 0);
  });
});

describe('nothing is left behind', () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  /** Ends in a different way each time. */
  const moods: readonly Script[] = [
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
    ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal'),
    ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more'),
    ({ socket }) => socket.write('nonsense\r\n\r\n'),
    ({ socket }) => socket.write(plainResponse('hello')),
    ({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'),
    () => {},
  ];

  test('10,000 exchanges that end in every way: descriptors, connections and line as before', async () => {
    const pool = open([tcp(upstream.port)], { pool: { max: 64, idle: 5000 } });
    let turn = 0;
    upstream.script = (connection, fresh) => moods[turn++ % moods.length]?.(connection, fresh);
    await ask(pool);
    const before = descriptors();
    for (let round = 0; round < 20; round++) {
      const started: Exchange[] = [];
      for (let index = 0; index < 500; index++) {
        const isBody = index % 3 === 0;
        const body = { method: 'POST', framing: { kind: 'length', bytes: 5 } as const, parts: ['hello'] };
        const onHead = index % 5 === 0 ? (exchange: Exchange): void => exchange.abort() : () => {};
        void ask(pool, { ...(isBody ? body : {}), onHead, onStart: (exchange) => started.push(exchange) });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const exchange of started) exchange.abort();
      await eventually(() => pool.counts.open === pool.counts.free && pool.counts.waiting === 0);
    }
    for (const { socket } of upstream.connections) socket.destroy();
    await eventually(() => pool.counts.open === 0);
    await eventually(() => descriptors() <= before + 4);
    expect(pool.counts).toEqual({ open: 0, free: 0, waiting: 0 });
  }, 60_000);
});

import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Upstream, UpstreamTarget } from '../../../src/core/policy.ts';
import { RecorderUpstream, type Script } from '../../support/recorder-upstream.ts';
import { ask, eventually, poolOf, tcp } from './fixture.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

const serve = async (script?: Script): Promise<RecorderUpstream> => {
  const upstream = await RecorderUpstream.open(script);
  opened.push(upstream);
  return upstream;
};
const open = (targets: readonly UpstreamTarget[], more: Partial<Upstream>) => {
  const made = poolOf(targets, more);
  opened.push(made.pool);
  return made;
};
const health = { path: '/ping?deep=1', every: 20, timeout: 200, fall: 3, rise: 2 };
const statusLine =
  (status: number): Script =>
  ({ socket }) =>
    socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);

describe('a health check', () => {
  test('asks for the path on a connection of its own, each time', async () => {
    const upstream = await serve();
    open([tcp(upstream.port)], { health });
    await eventually(() => upstream.connections.length >= 3);
    const [first] = upstream.heads;
    expect(first).toMatch(/^GET \/ping\?deep=1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    expect(first).toContain('\r\nConnection: close');
    await eventually(() => upstream.connections.filter(({ closed }) => !closed).length <= 1);
  });

  test('is not made where none is configured', async () => {
    const upstream = await serve();
    const { pool } = open([tcp(upstream.port)], {});
    await ask(pool);
    expect(upstream.connections).toHaveLength(1);
  });

  test.each([
    [200, 'up'],
    [204, 'up'],
    [302, 'up'],
    [399, 'up'],
    [400, 'down'],
    [404, 'down'],
    [500, 'down'],
    [503, 'down'],
  ] as const)('status %i: %s', async (status, state) => {
    const upstream = await serve(statusLine(status));
    const { pool, logged } = open([tcp(upstream.port)], { health: { ...health, fall: 1 } });
    await eventually(() => upstream.connections.length >= 3);
    expect(pool.status()[0]?.state).toBe(state);
    const down = {
      event: 'upstream.down',
      upstream: 'app',
      target: tcp(upstream.port).authority,
      reason: `status ${status}`,
    };
    expect(logged).toEqual(state === 'down' ? [down] : []);
  });

  test.each<[string, Script, string]>([
    ['closes', ({ socket }) => socket.destroy(), 'closed'],
    ['says nothing', () => {}, 'timeout'],
    ['says nonsense', ({ socket }) => socket.write('SSH-2.0-server\r\n\r\n'), 'malformed'],
    ['drips', ({ socket }) => socket.write('HTTP/1.1 200 OK\r\n'), 'timeout'],
  ])('a target that %s is not well, and nothing stays open', async (_, script, reason) => {
    const upstream = await serve(script);
    const { logged, pool } = open([tcp(upstream.port)], { health: { ...health, timeout: 50, fall: 1 } });
    await eventually(() => logged.length > 0);
    expect(logged[0]).toMatchObject({ event: 'upstream.down', reason: expect.stringMatching(reason) });
    pool.close();
    await eventually(() => upstream.connections.every(({ closed }) => closed));
  });
});

test('a target goes and comes back: requests follow, and both moments are logged', async () => {
  const well = await serve();
  const other = await serve();
  const { pool, logged } = open([tcp(other.port), tcp(well.port)], { health });
  const stateOf = (index: number) => pool.status()[index]?.state;
  other.script = statusLine(503);
  await eventually(() => stateOf(0) === 'down');
  for (let count = 0; count < 6; count++) expect((await ask(pool)).exchange.target).toEqual(tcp(well.port));
  other.script = well.script;
  await eventually(() => stateOf(0) === 'up');
  const targets = [(await ask(pool)).exchange.target, (await ask(pool)).exchange.target];
  expect(new Set(targets).size).toBe(2);
  const target = tcp(other.port).authority;
  expect(logged).toEqual([
    { event: 'upstream.down', upstream: 'app', target, reason: 'status 503' },
    { event: 'upstream.up', upstream: 'app', target },
  ]);
});

test('where all are down, all are tried', async () => {
  const upstreams = [await serve(), await serve()];
  const answer: Script = (connection, fresh) =>
    fresh.includes('/ping') ? connection.socket.destroy() : void connection.socket.write('HTTP/1.1 204 X\r\n\r\n');
  for (const upstream of upstreams) upstream.script = answer;
  const { pool } = open(
    upstreams.map(({ port }) => tcp(port)),
    { health: { ...health, fall: 1 } },
  );
  await eventually(() => pool.status().every(({ state }) => state === 'down'));
  const targets = [(await ask(pool)).exchange.target, (await ask(pool)).exchange.target];
  expect(new Set(targets).size).toBe(2);
});

describe('without health checks', () => {
  test('five failures in a row put a target out; it is tried again when the time is over', async () => {
    const well = await serve();
    const dead = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });
    const { port } = dead.address() as { port: number }; // listening on TCP
    await new Promise((resolve) => dead.close(resolve));
    const { pool, logged } = open([tcp(port), tcp(well.port)], {});
    for (let count = 0; count < 20; count++) expect((await ask(pool)).body).toBe('hello');
    expect(pool.status()[0]).toMatchObject({ authority: `127.0.0.1:${port}`, state: 'ejected' });
    expect(logged.filter(({ event }) => event === 'upstream.ejected')).toEqual([
      { event: 'upstream.ejected', upstream: 'app', target: `127.0.0.1:${port}`, reason: 'ECONNREFUSED', seconds: 10 },
    ]);
    expect(logged.filter(({ event }) => event === 'upstream.repeated')).toHaveLength(5);
  });

  test('the last one stays, however often it fails', async () => {
    const { pool } = open([tcp(1)], {});
    for (let count = 0; count < 10; count++) expect((await ask(pool)).fault).toBe('unreachable');
    expect(pool.status()[0]).toMatchObject({ state: 'up', failures: 10 });
  });

  test('answers of any status are answers', async () => {
    const [ill, well] = [await serve(statusLine(500)), await serve()];
    const { pool } = open([tcp(ill.port), tcp(well.port)], {});
    for (let count = 0; count < 20; count++) await ask(pool);
    expect(pool.status().map(({ state }) => state)).toEqual(['up', 'up']);
  });
});

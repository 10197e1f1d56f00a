import { afterEach, describe, expect, test } from 'vitest';
import type { UpstreamTarget } from '../../../src/core/policy.ts';
import { Exchange } from '../../../src/gateway/upstream/exchange.ts';
import type { UpstreamRequest } from '../../../src/gateway/upstream/request-head.ts';
import { type Loss, repetitionOf } from '../../../src/gateway/upstream/retry.ts';
import { answerEach, plainResponse, RecorderUpstream, type Script } from '../../support/recorder-upstream.ts';
import { type Asked, ask, eventually, poolOf, tcp } from './fixture.ts';

const NOBODY = {
  onReady() {},
  onContinue() {},
  onHead() {},
  onBody: () => true,
  onDrain() {},
  onPause() {},
  onFault() {},
};

describe('the rule', () => {
  const loss = (
    more: Partial<Loss> = {},
    request: Partial<UpstreamRequest> = {},
    state: Partial<Exchange> = {},
  ): Loss => {
    const whole: UpstreamRequest = {
      method: 'GET',
      target: '/',
      host: 'app.example',
      fields: '',
      framing: { kind: 'none' },
      expectContinue: false,
      upgrade: false,
      owner: '',
      bodyIdle: 1,
      ...request,
    };
    const exchange = Object.assign(new Exchange(whole, NOBODY, tcp(1)), state);
    return { exchange, fault: 'closed', reason: undefined, used: false, written: true, answered: false, ...more };
  };
  const body = { framing: { kind: 'length', bytes: 1 } } as const;
  const retry = { times: 1, methods: ['GET', 'HEAD', 'PUT'] };

  test.each<[string, Loss, string]>([
    ['refused', loss({ fault: 'unreachable', written: false }), 'elsewhere'],
    [
      'a POST that was refused',
      loss({ fault: 'unreachable', written: false }, { method: 'POST', ...body }),
      'elsewhere',
    ],
    ['no certificate to trust', loss({ fault: 'tls-failure', written: false }), 'elsewhere'],
    ['no connection in time', loss({ fault: 'connect-timeout', written: false }), 'elsewhere'],
    ['a WebSocket that was refused', loss({ fault: 'unreachable', written: false }, { upgrade: true }), 'elsewhere'],
    ['refused again', loss({ fault: 'unreachable', written: false }, {}, { repetitions: 1 }), 'fail'],
    ['closed without an answer', loss(), 'again'],
    ['closed without an answer, again', loss({}, {}, { repetitions: 1 }), 'fail'],
    ['closed within the answer', loss({ answered: true }), 'fail'],
    ['a used connection, closed before the request', loss({ used: true }), 'renew'],
    ['the same without repetitions left', loss({ used: true }, {}, { repetitions: 1 }), 'renew'],
    ['the same a second time', loss({ used: true }, {}, { retried: true }), 'again'],
    ['a POST that was written', loss({}, { method: 'POST' }), 'fail'],
    ['a POST on a used connection', loss({ used: true }, { method: 'POST' }), 'fail'],
    ['a DELETE that is not listed', loss({}, { method: 'DELETE' }), 'fail'],
    ['a PUT of which no body was sent', loss({}, { method: 'PUT', ...body, expectContinue: true }), 'again'],
    ['a PUT whose body was asked for', loss({}, { method: 'PUT', ...body }, { ready: true }), 'fail'],
    ['a GET with a body', loss({ used: true }, body, { ready: true }), 'fail'],
    ['a WebSocket', loss({}, { upgrade: true }), 'fail'],
    ['no answer in time', loss({ fault: 'first-byte-timeout' }), 'fail'],
    ['an answer that is none', loss({ fault: 'malformed', answered: true }), 'fail'],
    ['a certificate that the application wants', loss({ fault: 'tls-failure' }), 'fail'],
    ['nobody waits any more', loss({}, {}, { over: true }), 'fail'],
  ])('%s', (_, lost, repetition) => {
    expect(repetitionOf(lost, retry)).toBe(repetition);
  });
});

describe('on the wire', () => {
  const opened: RecorderUpstream[] = [];
  const pools: { close(): void }[] = [];
  afterEach(async () => {
    for (const pool of pools.splice(0)) pool.close();
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });
  const serve = async (script?: Script): Promise<RecorderUpstream> => {
    const upstream = await RecorderUpstream.open(script);
    opened.push(upstream);
    return upstream;
  };
  const open = (targets: readonly UpstreamTarget[], more: Parameters<typeof poolOf>[1] = {}) => {
    const made = poolOf(targets, more);
    pools.push(made.pool);
    return made;
  };
  const dying: Script = ({ socket }) => socket.destroy();
  const post: Asked = { method: 'POST', framing: { kind: 'length', bytes: 5 }, parts: ['hello'] };

  test.each<[string, Asked]>([
    ['GET', {}],
    ['POST', post],
    ['POST in chunks', { ...post, framing: { kind: 'chunked' } }],
  ])('%s: a target that refuses is passed over, and the other one sees the request once', async (_, asked) => {
    const well = await serve();
    const { pool } = open([tcp(1), tcp(well.port)]);
    const answer = await ask(pool, asked);
    expect([answer.status, answer.body, answer.exchange.target]).toEqual([200, 'hello', tcp(well.port)]);
    expect(well.heads.filter((head) => / \/ HTTP/.test(head))).toHaveLength(1);
    if (asked.parts !== undefined) await eventually(() => well.bytes.includes('hello'));
  });

  test('a GET that is closed without an answer goes to another target', async () => {
    const [ill, well] = [await serve(dying), await serve()];
    const { pool } = open([tcp(ill.port), tcp(well.port)]);
    expect((await ask(pool)).body).toBe('hello');
    expect([ill.connections.length, well.connections.length]).toEqual([1, 1]);
  });

  test('a POST that was written is never repeated', async () => {
    const [ill, well] = [await serve(dying), await serve()];
    const { pool } = open([tcp(ill.port), tcp(well.port)]);
    expect((await ask(pool, post)).fault).toBe('closed');
    expect(well.connections).toHaveLength(0);
  });

  test('nothing is repeated once an octet of the answer came', async () => {
    const ill = await serve(({ socket }) => socket.end('HTTP/1.1 200'));
    const well = await serve();
    const { pool } = open([tcp(ill.port), tcp(well.port)]);
    expect((await ask(pool)).fault).toBeDefined();
    expect(well.connections).toHaveLength(0);
  });

  test.each([
    [0, 1],
    [1, 2],
    [2, 3],
    [5, 6],
  ])('one target and times %i: %i connections in all', async (times, connections) => {
    const ill = await serve(dying);
    const { pool } = open([tcp(ill.port)], { retry: { times, methods: ['GET'] } });
    expect((await ask(pool)).fault).toBe('closed');
    expect(ill.connections).toHaveLength(connections);
  });

  test('what a target refuses is not asked of the same target again', async () => {
    const { pool, logged } = open([tcp(1)], { retry: { times: 5, methods: ['GET'] } });
    const answer = await ask(pool);
    expect([answer.fault, answer.reason]).toEqual(['unreachable', 'ECONNREFUSED']);
    expect(logged).toEqual([]);
  });

  test('every target is tried once before any is tried again', async () => {
    const ills = await Promise.all([serve(dying), serve(dying), serve(dying)]);
    const { pool } = open(
      ills.map(({ port }) => tcp(port)),
      { retry: { times: 2, methods: ['GET'] } },
    );
    expect((await ask(pool)).fault).toBe('closed');
    expect(ills.map(({ connections }) => connections.length)).toEqual([1, 1, 1]);
  });

  test('what waits for an answer too long is not repeated', async () => {
    const [mute, well] = [await serve(() => {}), await serve()];
    const { pool } = open([tcp(mute.port), tcp(well.port)], {
      timeouts: { connect: 500, firstByte: 150, idle: 500 },
    });
    expect((await ask(pool)).fault).toBe('first-byte-timeout');
    expect(well.connections).toHaveLength(0);
  });

  test.each([
    ['Host that is the target’s own becomes the other one’s', 'renamed', 200],
    ['a head that vouches for its Host stays', 'never', undefined],
    ['any other Host stays as it is', undefined, 200],
  ] as const)('%s', async (_, elsewhere, status) => {
    const well = await serve();
    const { pool } = open([tcp(1), tcp(well.port)]);
    const chosen = pool.choose(undefined);
    const fields = 'X-First: 127.0.0.1:1\r\nX-Last: host\r\n';
    const answer = await ask(pool, { chosen, host: chosen.target.authority, fields, elsewhere });
    expect(answer.status).toBe(status);
    const host = elsewhere === 'renamed' ? tcp(well.port).authority : '127.0.0.1:1';
    const [seen = ''] = well.heads;
    if (status === 200) expect(seen).toBe(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-First: 127.0.0.1:1\r\nX-Last: host`);
  });

  test('a used connection that was closed before the request: one repetition, even with times 0', async () => {
    const upstream = await serve(({ socket, index, bytes }) => {
      if (index === 0 && bytes.split('\r\n\r\n').length > 2) socket.destroy();
      else socket.write(plainResponse('hello'));
    });
    const { pool } = open([tcp(upstream.port)], { retry: { times: 0, methods: [] } });
    await ask(pool);
    await eventually(() => pool.counts.free === 1);
    expect((await ask(pool)).body).toBe('hello');
    expect(upstream.connections).toHaveLength(2);
  });

  test('a body is asked for once: when there is a connection', async () => {
    const well = await serve(answerEach('done'));
    const { pool } = open([tcp(1), tcp(well.port)], { retry: { times: 3, methods: ['GET'] } });
    const parts = Array.from({ length: 50 }, (_, index) => `part ${index};`);
    await ask(pool, { method: 'POST', framing: { kind: 'chunked' }, parts });
    await eventually(() => well.bytes.endsWith('0\r\n\r\n'));
    expect(well.bytes.match(/part \d+;/g)).toEqual(parts);
  });
});

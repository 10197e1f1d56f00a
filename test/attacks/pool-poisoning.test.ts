/**
 * The attacker makes an application say more than it was asked, so that the surplus waits on a connection that the next
 * person’s request will take. They must see that connection die, and everybody only the answer to their own request.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { plainResponse } from '../support/recorder-upstream.ts';
import { seeded } from '../support/seeded.ts';
import { sendRaw } from '../support/wire.ts';

const PATIENT = { quiet: 5000 };

/** The lock between us and the application that speaks unasked. */
const word = new Int32Array(new SharedArrayBuffer(4));
const beginAsking = (): void => {
  while (Atomics.compareExchange(word, 0, 0, 1) !== 0);
};
const endAsking = (): void => void Atomics.store(word, 0, 0);

let upstream: Recorder;
let babbler: Worker;
let gate: GateFixture;
let host: string;
/** Cookies of two people. */
let people: readonly { readonly login: string; readonly cookie: string }[];

beforeAll(async () => {
  upstream = await startRecorder();
  babbler = new Worker(new URL('../support/babbler.ts', import.meta.url), { workerData: word.buffer });
  const { port } = await new Promise<{ port: number }>((resolve) => babbler.once('message', resolve));
  gate = await startGate(`
upstreams:
  babbler: { targets: ["http://127.0.0.1:${port}"], pool: { max: 4 } }
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: babble, path: [/babble/], to: babbler, auth: id+otp }
`);
  host = `localhost:${gate.port}`;
  const signIn = async (login: string) => ({ login, cookie: await gate.signIn(await gate.person(login), '/babble/') });
  people = [await signIn('alice'), await signIn('bob')];
});
afterAll(async () => {
  await gate.stop();
  await babbler.terminate();
  await upstream.close();
});
beforeEach(() => {
  upstream.answer(undefined);
  upstream.clear();
});

const get = (path: string, cookie = '', method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`;

/** The event loop of the gateway, which is ours, stands still: whatever comes meanwhile waits in the kernel. */
function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('G143 a response that nobody asked for', () => {
  test('reaches nobody in a thousand requests of two people', async () => {
    const next = seeded(143);
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.open(gate.port)));
    let mismatched = 0;
    for (let round = 0; round < 250; round++) {
      beginAsking();
      const asked = clients.map((client, lane) => {
        const { login, cookie } = people[(round + lane) % 2] ?? { login: '', cookie: '' };
        const path = `/babble/${round}-${lane}?after=${[0, 1, 10, 100][next(4)]}`;
        client.send(get(path, cookie));
        return { client, expected: `${login} ${path}` };
      });
      for (const { client, expected } of asked) {
        const { status, body } = await client.response('GET', 20_000);
        if (status !== 200 || body !== expected) mismatched += 1;
      }
      endAsking();
      if (round % 25 === 0) block(50);
      else if (round % 2 === 0) block(3);
      else await wait(3);
    }
    for (const client of clients) client.destroy();
    babbler.postMessage('count');
    const { unasked } = await new Promise<{ unasked: number }>((resolve) => babbler.once('message', resolve));
    expect(mismatched).toBe(0);
    expect(unasked).toBeGreaterThan(10);
  }, 60_000);

  test('that waits in the kernel behind the next request is not its answer', async () => {
    const [alice, bob] = people;
    let mismatched = 0;
    for (let round = 0; round < 40; round++) {
      const [first, second] = await Promise.all([RawClient.open(gate.port), RawClient.open(gate.port)]);
      beginAsking();
      first.send(get(`/babble/a${round}?after=1`, alice?.cookie));
      await first.response('GET', 10_000);
      // The request of bob is on its way when the surplus of alice arrives, and the loop sees both at once.
      second.send(get(`/babble/b${round}`, bob?.cookie));
      endAsking();
      block(15);
      beginAsking();
      const { body } = await second.response('GET', 10_000);
      if (body !== `bob /babble/b${round}`) mismatched += 1;
      endAsking();
      first.destroy();
      second.destroy();
    }
    expect(mismatched).toBe(0);
  }, 60_000);
});

describe('G066 a connection on which something odd was said is not used again', () => {
  const evil = plainResponse('POISON');
  test.each([
    ['a body behind 204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nPOISON'],
    ['a body behind 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nPOISON'],
    ['a body behind HEAD', 'HEAD', plainResponse('POISON')],
    ['a second response', 'GET', plainResponse('own') + evil],
    ['one octet too many', 'GET', `${plainResponse('own')}!`],
    ['an interim response behind the final one', 'GET', `${plainResponse('own')}HTTP/1.1 100 Continue\r\n\r\n`],
    [
      'chunks behind the last one',
      'GET',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n\r\n0\r\n\r\n`,
    ],
    ['an unasked 101', 'GET', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    [
      'length and coding',
      'GET',
      `HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n\r\n`,
    ],
    ['two lengths', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\nown'],
    ['HTTP/1.0 with keep-alive', 'GET', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nown'],
  ])('%s', async (_, method, reply) => {
    const connections = new Set<unknown>();
    upstream.answer(({ requestLine }, connection) => {
      connections.add(connection);
      return requestLine.includes('/pub/odd') ? reply : plainResponse(`own ${requestLine}`);
    });
    const attacker = await RawClient.open(gate.port);
    attacker.send(get('/pub/odd', '', method));
    const { status, body } = await attacker.response(method, 10_000);
    expect(body).not.toContain('POISON');
    expect(status).toBeLessThan(600);
    for (let round = 0; round < 3; round++) {
      const [victim] = (
        await sendRaw(
          gate.port,
          get(`/pub/victim${round}`).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
          PATIENT,
        )
      ).responses;
      expect([victim?.status, victim?.body.toString()]).toEqual([200, `own GET /pub/victim${round} HTTP/1.1`]);
    }
    expect(connections.size).toBe(2);
    attacker.destroy();
  });

  test('interim responses that were not asked for change no answer', async () => {
    upstream.answer(
      ({ requestLine }) =>
        `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${plainResponse(`own ${requestLine}`)}`,
    );
    for (let round = 0; round < 3; round++) {
      const text = get(`/pub/${round}`).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
      const { responses } = await sendRaw(gate.port, text, PATIENT);
      expect(responses.at(-1)?.body.toString()).toBe(`own GET /pub/${round} HTTP/1.1`);
    }
  });
});

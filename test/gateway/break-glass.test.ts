/** A route that a sealed code opened, through the whole product: open to all for a while, loud, and shut again. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { closeRoute, openRoute, sealCode } from '../../src/flows/break-glass.ts';
import { type GateFixture, startGate } from '../support/gate.ts';
import { headerValues, RawClient, rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

const BY = { actor: 'cli', address: '', request: '' };

let upstream: Recorder;
let gate: GateFixture;

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: pay, path: [/pay/], to: "${upstream.url}", auth: id+otp+pin, allow: { groups: [hr] } }
  - { name: never, path: [/never/], to: "${upstream.url}", auth: id+otp, break_glass: false }
  - { name: inside, path: [/inside/], to: "${upstream.url}", auth: id+otp, allow: { networks: [office] } }
  - { name: shut, path: [/shut/], to: "${upstream.url}", auth: deny }
  - { name: other, path: [/other/], to: "${upstream.url}", auth: id+otp }
networks: { office: [10.0.0.0/8] }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.clear();
  upstream.answer(undefined);
});

/** Waits for something that comes within a second, on a busy machine too. */
const soon = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 5000, interval: 20 });

const ask = (path: string, ...fields: readonly string[]) =>
  rawRequest(
    gate.port,
    `GET ${path} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
  );

async function open(route: string, span = 30 * MINUTE) {
  const { code } = await sealCode(gate.house, [route], BY);
  return openRoute(gate.house, { route, span, reason: 'the telephone network is down', code }, BY);
}

test('an opened route forwards without a session and without an identity; every other one still asks', async () => {
  expect((await ask('/pay/')).status).toBe(401);
  expect(await open('pay')).toBeGreaterThan(gate.house.clock.now());
  await soon(async () => (await ask('/pay/')).status).toBe(200);
  upstream.clear();
  const answer = await ask('/pay/', 'X-Sumun-User: root1');
  expect(answer.status).toBe(200);
  expect(headerValues(answer, 'cache-control')).toEqual(['private']);
  expect(upstream.requests[0]?.head).not.toMatch(/x-sumun/i);
  expect((await ask('/other/')).status).toBe(401);

  const low = await gate.signIn(await gate.tokenOnly('kim'), '/other/');
  upstream.clear();
  expect((await ask('/pay/', `Cookie: ${low}`)).status).toBe(403);
  expect(upstream.requests).toEqual([]);
});

test('it is written down: once a minute for each address in log and trail', async () => {
  const used = await gate.house.audit.read({ limit: 100, kind: 'break-glass.used' });
  expect(used).toHaveLength(1);
  expect(used[0]).toMatchObject({ route: 'pay', actor: 'self', login: '', address: '127.0.0.1' });
  expect(gate.log.filter((line) => line.includes('"break-glass.used"'))).toHaveLength(1);
  gate.time.ahead += MINUTE;
  await ask('/pay/');
  await soon(async () => (await gate.house.audit.read({ limit: 9, kind: 'break-glass.used' })).length).toBe(2);
  const [opened] = await gate.house.audit.read({ limit: 1, kind: 'break-glass.opened' });
  expect(opened).toMatchObject({ route: 'pay', detail: { because: 'the telephone network is down' } });
});

test('health and metrics say so', async () => {
  const read = async (path: string) => (await fetch(`http://127.0.0.1:${gate.healthPort}${path}`)).text();
  expect(JSON.parse(await read('/healthz'))).toEqual({ status: 'alive', open_without_sign_in: ['pay'] });
  expect(await read('/metrics')).toMatch(/^sumun_break_glass_open_routes 1$/m);
});

test('what is denied stays denied: networks, deny, and routes that forbid it', async () => {
  for (const route of ['never', 'inside', 'shut']) await open(route);
  await soon(async () => (await gate.house.switches.openings(gate.house.clock.now())).size).toBe(4);
  await soon(async () => (await ask('/pay/')).status).toBe(200);
  expect((await ask('/never/')).status).toBe(401);
  expect((await ask('/inside/')).status).toBe(403);
  expect((await ask('/shut/')).status).toBe(403);
});

test('it ends by itself, cuts what is under way, and never comes back', async () => {
  upstream.answer(() => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
  const stream = await RawClient.open(gate.port);
  stream.send('GET /pay/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await soon(() => stream.text).toContain('200 OK');
  gate.time.ahead += 29 * MINUTE;
  expect((await ask('/pay/')).status).toBe(401);
  await soon(() => stream.socket.readableEnded).toBe(true);
  stream.destroy();
  expect((await ask('/pay/')).status).toBe(401);
});

test('a closed route asks again within a second', async () => {
  await open('other');
  await soon(async () => (await ask('/other/')).status).toBe(200);
  expect(await closeRoute(gate.house, 'other', BY)).toBe('closed');
  await soon(async () => (await ask('/other/')).status).toBe(401);
});

test('a code is read as people type it, opens once, and a wrong one is written down', async () => {
  const { code } = await sealCode(gate.house, ['other'], BY);
  expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
  const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `;
  const request = { route: 'other', span: MINUTE, reason: 'x', code: typed };
  expect(await openRoute(gate.house, request, BY)).not.toBe('refused');
  expect(await openRoute(gate.house, request, BY)).toBe('refused');
  const refused = await gate.house.audit.read({ limit: 9, kind: 'break-glass.refused' });
  expect(refused).toHaveLength(1);
  expect(JSON.stringify(await gate.house.audit.read({ limit: 100 }))).not.toContain(code.replaceAll('-', ''));
});

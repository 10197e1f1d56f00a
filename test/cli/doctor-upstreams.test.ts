import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Patient } from '../../src/cli/doctor-checks.ts';
import { checkUpstreams } from '../../src/cli/doctor-upstreams.ts';
import { DAY } from '../../src/core/time.ts';
import { doctorEn } from '../../src/texts/cli/doctor-en.ts';
import { valid } from '../config/checking.ts';
import { Authority, type Issued } from '../support/pki.ts';

let authority: Authority;
let stranger: Authority;
const opened: Server[] = [];

beforeAll(() => {
  authority = Authority.open();
  stranger = Authority.open();
});
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});
afterAll(() => {
  authority.close();
  stranger.close();
});

const listen = (server: Server): Promise<number> => {
  opened.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)); // listening on TCP
  });
};
const serveTls = (issued: Issued, status = 200): Promise<number> =>
  listen(createHttpsServer(issued, (_, response) => void response.writeHead(status).end()));

/** What the check finds for an upstream called `app`. */
async function examine(keys: string, at = Date.now()) {
  const text = `version: 1\nupstreams: { app: { ${keys} } }\nroutes:\n  - { name: a, to: app, auth: id+otp }\n`;
  const { policy } = valid(text, { files: { 'ca.pem': { bytes: authority.ca, mode: 0o644 } } });
  const wiring = { clock: { now: () => at } } as Patient['wiring']; // the clock is all it looks at
  return checkUpstreams({ wiring, policy, texts: doctorEn, house: () => Promise.reject(new Error('not needed')) });
}
const trusted = (port: number, more = ''): string => `targets: "https://127.0.0.1:${port}", tls: { ca: ca.pem }${more}`;

describe('doctor: upstreams', () => {
  test('every target without TLS and health path is counted', async () => {
    const port = await listen(createServer((socket) => void socket.on('error', () => {})));
    expect(await examine(`targets: http://127.0.0.1:${port}`)).toEqual({ status: 'ok', detail: '1 reachable' });
  });

  test('one target of two that refuses is a warning, all of them a failure', async () => {
    const port = await listen(createServer((socket) => void socket.on('error', () => {})));
    expect(await examine(`targets: [http://127.0.0.1:${port}, http://127.0.0.1:9]`)).toMatchObject({
      status: 'warn',
      detail: 'app http://127.0.0.1:9 (ECONNREFUSED)',
    });
    expect(await examine('targets: [http://127.0.0.1:8, http://127.0.0.1:9]')).toMatchObject({ status: 'fail' });
    expect(await examine('targets: "unix:/nowhere/app.sock"')).toMatchObject({
      status: 'fail',
      detail: 'app unix:/nowhere/app.sock (ENOENT)',
    });
  });

  test.each([
    [200, 'ok'],
    [302, 'ok'],
    [404, 'warn'],
    [503, 'warn'],
  ])('a health path that is answered %i: %s', async (status, verdict) => {
    const seen: string[] = [];
    const port = await listen(
      createHttpServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.host}`);
        response.writeHead(status).end();
      }),
    );
    const keys = `targets: http://127.0.0.1:${port}, health: { path: /ping }`;
    const detail = `app http://127.0.0.1:${port} (/ping ${status})`;
    expect(await examine(keys)).toMatchObject({ status: verdict, detail });
    expect(seen).toEqual([`GET /ping 127.0.0.1:${port}`]);
  });

  test('a certificate: version of TLS, days left, a warning near the end', async () => {
    const port = await serveTls(authority.issue());
    const keys = trusted(port, ', health: { path: /ping }');
    expect(await examine(keys)).toEqual({
      status: 'ok',
      detail: `app https://127.0.0.1:${port} (TLSv1.3, certificate 364 days left, /ping 200)`,
    });
    expect(await examine(keys, Date.now() + 360 * DAY)).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('certificate 4 days left'),
    });
  });

  test.each<[string, () => Issued, string]>([
    ['for another name', () => authority.issue({ names: 'DNS:other.example' }), 'another name: DNS:other.example'],
    ['of another authority', () => stranger.issue(), 'not trusted, see tls.ca'],
    ['that vouches for itself', () => authority.selfSigned(), 'not trusted, see tls.ca'],
    [
      'that has expired',
      () => authority.issue({ notBefore: '20250101000000Z', notAfter: '20250201000000Z' }),
      'expired',
    ],
  ])('a certificate %s is a failure that says so', async (_, issue, words) => {
    const port = await serveTls(issue());
    expect(await examine(trusted(port))).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(words),
      remedy: doctorEn.upstreamRemedy,
    });
  });

  test('a target that speaks no TLS', async () => {
    const port = await listen(
      createServer((socket) => void socket.on('error', () => {}).write('HTTP/1.0 400 Bad\r\n\r\n')),
    );
    expect(await examine(trusted(port))).toMatchObject({ detail: expect.stringContaining('no TLS at all') });
  });
});

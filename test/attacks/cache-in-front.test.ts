/** A real shared cache stands before the gateway and keeps all it may keep. Nobody gets what was meant for somebody else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type GateFixture, startGate } from '../support/gate.ts';
import { headerValues, rawRequest } from '../support/raw-client.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { plainResponse } from '../support/recorder-upstream.ts';

const NGINX = '/usr/sbin/nginx';

describe.skipIf(!existsSync(NGINX))('CACHE-1 a shared cache in front', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-cache-'));
  let upstream: Recorder;
  let gate: GateFixture;
  let cache: ChildProcess;
  let port: number;
  let alice: string;

  beforeAll(async () => {
    upstream = await startRecorder();
    gate = await startGate(`
routes:
  - { name: pub, path: [/pub/], to: "${upstream.url}", auth: bypass }
  - { name: closed, path: [/closed/], to: "${upstream.url}", auth: id+otp, maintenance: true }
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
`);
    alice = await gate.signIn(await gate.person('alice'), '/app/');
    port = await freePort();
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, gate.port));
    cache = spawn(NGINX, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log', '-g', 'daemon off;'], {
      stdio: 'ignore',
    });
    const isUp = async () => expect((await rawRequest(port, 'GET /up HTTP/1.0\r\n\r\n')).status).toBe(204);
    await vi.waitFor(isUp, { timeout: 10_000, interval: 20 });
  }, 30_000);
  afterAll(async () => {
    if (cache?.exitCode === null) {
      cache.kill('SIGTERM');
      await once(cache, 'exit');
    }
    await gate.stop();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => upstream.clear());

  const ask = (path: string, ...fields: readonly string[]) =>
    rawRequest(
      port,
      `GET ${path} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nAccept: text/html\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
    );

  test('it does keep what anybody may see', async () => {
    upstream.answer(() => plainResponse('for all', 'Cache-Control: public, max-age=600\r\n'));
    const answers = [await ask('/pub/logo.png'), await ask('/pub/logo.png')];
    expect(answers.map((answer) => headerValues(answer, 'x-cache'))).toEqual([['MISS'], ['HIT']]);
  });

  test.each([
    '/app/page',
    '/app/x.css',
    '/app/x;.js',
    '/app/x.js;jsessionid=1',
    '/app/x.css?y=1',
    '/app/x.ico?z.css',
    '/app/x%0a.png',
    '/app/x%00.png',
    '/app/%2e%2e/x.css',
  ])('alice’s %s is never served to anybody else', async (path) => {
    for (const control of ['', 'Cache-Control: max-age=600\r\n', 'Expires: Thu, 01 Jan 2099 00:00:00 GMT\r\n']) {
      upstream.answer(() => plainResponse(`${upstream.canary} of alice`, `ETag: "1"\r\n${control}`));
      const mine = [await ask(path, `Cookie: ${alice}`), await ask(path, `Cookie: ${alice}`)];
      for (const answer of mine) expect(headerValues(answer, 'x-cache'), path).not.toContain('HIT');
      for (const fields of [[], ['Cookie: sumun=AAAA'], ['If-None-Match: "1"'], ['Range: bytes=0-']]) {
        const theirs = await ask(path, ...fields);
        expect([303, 400], path).toContain(theirs.status);
        expect(theirs.body, path).not.toContain(upstream.canary);
      }
    }
  });

  test('no answer of ours is kept: neither the way to the sign-in, nor its page, nor a refusal, nor a closed application', async () => {
    for (const path of ['/app/new', '/_sumun/login', '/_sumun/', '/closed/x', '/pub//x', '/nowhere']) {
      const answers = [await ask(path), await ask(path)];
      for (const answer of answers) expect(headerValues(answer, 'x-cache'), path).not.toContain('HIT');
      const [first, second] = answers.map((answer) => headerValues(answer, 'x-request-id')[0]);
      expect(first, path).not.toBe(second);
    }
  });
});

/** Keeps every answer that does not say otherwise, whatever its status. */
const configuration = (folder: string, port: number, behind: number): string => `
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/pid;
worker_processes 1;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=all:1m;
  server {
    listen 127.0.0.1:${port};
    merge_slashes off;
    location = /up { return 204; }
    location / {
      proxy_pass http://127.0.0.1:${behind};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_cache all;
      proxy_cache_key $request_uri;
      proxy_cache_valid any 10m;
      add_header X-Cache $upstream_cache_status always;
    }
  }
}
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

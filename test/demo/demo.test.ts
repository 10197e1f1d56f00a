import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoSummary } from '../../src/demo/demo.ts';
import { Visitor } from '../support/visitor.ts';

const folder = mkdtempSync(join(tmpdir(), 'sumun-demo-'));
let demo: ChildProcess;
let summary: DemoSummary;
let kim: Visitor;

const portOf = (origin: string): number => Number(new URL(origin).port);
const person = (login: string) => {
  const found = [...summary.users, summary.admin].find((user) => user.login === login);
  if (found === undefined) throw new Error(`${login} is not in the summary`);
  return found;
};

/** Starts the demo in the kept folder and reads its one line. */
async function startDemo(): Promise<DemoSummary> {
  const args = ['src/main.ts', 'demo', '--json', '--no-open', '--port', '0', '--console-port', '0', '--data', folder];
  demo = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LANG: 'en_US.UTF-8' },
  });
  if (demo.stdout === null) throw new Error('no standard output');
  for await (const line of createInterface(demo.stdout)) return JSON.parse(line) as DemoSummary;
  throw new Error('the demo ended without its line');
}

async function stopDemo(): Promise<void> {
  if (demo.exitCode !== null) return;
  const ended = once(demo, 'exit');
  demo.kill('SIGTERM');
  await ended;
}

beforeAll(async () => {
  summary = await startDemo();
  kim = new Visitor(portOf(summary.gateway));
});
afterAll(async () => {
  kim?.close();
  await stopDemo();
  rmSync(folder, { recursive: true, force: true });
});

describe('sumun demo --json', () => {
  test('names addresses, people and routes', () => {
    expect(summary.users.map(({ login, groups }) => [login, groups])).toEqual([
      ['kim', ['staff', 'hr']],
      ['park', ['staff']],
    ]);
    expect(summary.admin).toMatchObject({ login: 'admin', groups: ['sumun-admins', 'staff'] });
    expect(summary.routes).toEqual({ open: '/open/', idOtp: '/notice/', idOtpPin: '/approval/', idPwOtp: '/payroll/' });
    expect(readFileSync(summary.config, 'utf8')).toContain('demo: true');
    expect(summary.admin.otpauth).toMatch(/^otpauth:\/\/totp\//);
  });

  test('the health listener answers', async () => {
    expect((await fetch(`${summary.console}/healthz`)).status).toBe(200);
  });

  test('the open route passes the EUC-KR bytes untouched', async () => {
    const page = await kim.send('GET', '/open/euckr');
    expect(page.headers['content-type']).toBe('text/html; charset=euc-kr');
    expect(iconv.decode(page.body, 'euc-kr')).toContain('다람쥐 헌 쳇바퀴에 타고파');
  });

  test('a signed-in person is known to the application; a step-up asks only for what is missing', async () => {
    const notice = await kim.signIn('/notice/headers', person('kim'));
    expect(notice.status).toBe(200);
    expect(JSON.parse(notice.text)).toMatchObject({ headers: { 'x-sumun-user': 'kim', 'x-sumun-groups': 'hr,staff' } });
    expect(notice.text).not.toContain(kim.cookies.get('sumun'));

    const asked = await kim.open('/approval/headers');
    expect(asked.text).toContain('name="pin"');
    expect(asked.text).not.toContain('name="login"');
    expect((await kim.signIn('/approval/headers', person('kim'))).text).toMatch(/"x-sumun-amr": "[^"]*pin/);
    expect((await kim.signIn('/payroll/headers', person('kim'))).status).toBe(200);
  });

  test('redirects and cookies of the inside are turned outside', async () => {
    const redirect = await kim.send('GET', '/notice/redirect');
    expect(redirect.headers.location).toBe(`http://localhost:${portOf(summary.gateway)}/notice/`);
    const cookies = (await kim.send('GET', '/notice/cookies')).headers['set-cookie'] ?? [];
    expect(cookies.join('\n')).not.toContain('Domain=127.0.0.1');
  });

  test('WebSocket, server-sent events, uploads and downloads pass', async () => {
    const port = portOf(summary.gateway);
    const cookie = `sumun=${kim.cookies.get('sumun')}`;
    const headers = { Cookie: cookie, Origin: `http://localhost:${port}` };
    const Standard = WebSocket as unknown as new (url: string, init: { headers: object }) => WebSocket; // Node's own takes headers
    const socket = new Standard(`ws://localhost:${port}/notice/ws`, { headers });
    await once(socket, 'open');
    socket.send('수문');
    expect(((await once(socket, 'message')) as [MessageEvent])[0].data).toBe('수문');
    socket.close();

    const events = await kim.send('GET', '/notice/events?every=10&count=3');
    expect(events.text.match(/^data: /gm)).toHaveLength(3);
    const file = (await kim.send('GET', '/notice/download?size=1000001')).body;
    expect(file).toHaveLength(1_000_001);
    const sink = await kim.send('POST', '/notice/upload', { body: file });
    expect(JSON.parse(sink.text)).toEqual({
      bytes: 1_000_001,
      sha256: createHash('sha256').update(file).digest('hex'),
    });
  });

  test('a person outside the group is told so', async () => {
    const park = new Visitor(portOf(summary.gateway));
    const page = await park.signIn('/payroll/', person('park'));
    park.close();
    expect(page.status).toBe(403);
    expect(page.text).toContain('Only the HR team can open this.');
  });

  test('a kept folder keeps its people', async () => {
    const before = summary;
    await stopDemo();
    summary = await startDemo();
    expect([summary.users, summary.admin]).toEqual([before.users, before.admin]);
    kim.close();
    const admin = new Visitor(portOf(summary.gateway));
    expect((await admin.signIn('/notice/headers', person('admin'))).status).toBe(200);
    admin.close();
  });
});

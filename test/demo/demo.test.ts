import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import type { DemoSummary } from '../../src/demo/demo.ts';
import { askRadius } from '../../src/radius/client.ts';
import { CODE } from '../../src/radius/packet.ts';
import { hiddenFields, totpAt, Visitor } from '../support/visitor.ts';

const folder = mkdtempSync(join(tmpdir(), 'sumun-demo-'));
/** The code of the next step is accepted too: people whose present code is spent need not wait. */
const STEP = 30_000;
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
  const args = [
    'src/main.ts',
    'demo',
    '--json',
    '--no-open',
    '--port',
    '0',
    '--console-port',
    '0',
    '--radius-port',
    '0',
    '--data',
    folder,
  ];
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
    expect(summary.routes).toEqual({
      open: '/open/',
      idOtp: '/notice/',
      idOtpPin: '/approval/',
      idPwOtp: '/payroll/',
      idPwSms: '/sms/',
    });
    expect(summary.api).toBe(`${summary.console}/api/v1`);
    expect(summary.apiKey).toMatch(/^sk_[0-9a-z]+_[0-9a-z]+$/);
    expect(summary.radius).toEqual({ host: '127.0.0.1', port: expect.any(Number), secret: expect.any(String) });
    expect(Buffer.byteLength(summary.radius.secret)).toBeGreaterThanOrEqual(24);
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

  test('the key of the summary asks the API, and what it accepts is spent', async () => {
    const admin = person('admin');
    const ask = () =>
      fetch(`${summary.api}/verify`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${summary.apiKey}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ user: 'admin', auth: 'id+otp', otp }),
      }).then((answer) => answer.json());
    const otp = totpAt(admin.otpauth, Date.now());
    expect(await ask()).toMatchObject({ result: 'accept', user: { login: 'admin' } });
    expect(await ask()).toMatchObject({
      result: 'reject',
      reason: 'invalid_credentials',
      reason_detail: 'otp_replayed',
    });
  });

  test('PIN and code in one field are accepted over RADIUS, with a Class for each group', async () => {
    const { pin, otpauth, groups } = person('park');
    const asked = {
      ...summary.radius,
      secret: Buffer.from(summary.radius.secret),
      login: 'park',
      wait: 1000,
      tries: 3,
    };
    const wrong = await askRadius({ ...asked, password: '000000000000' }, systemRandom);
    expect(wrong?.code).toBe(CODE.accessReject);
    const right = await askRadius({ ...asked, password: pin + totpAt(otpauth, Date.now() + STEP) }, systemRandom);
    expect(right?.code).toBe(CODE.accessAccept);
    const classes = right?.attributes.filter(({ type }) => type === 25).map(({ value }) => value.toString());
    expect(classes).toEqual(groups);
  });

  test('a code by SMS lands in the file beside the configuration and opens the route', async () => {
    const park = new Visitor(portOf(summary.gateway));
    const { password } = person('park');
    const form = await park.open('/sms/headers');
    const asked = await park.post('/_sumun/login', { ...hiddenFields(form.text), login: 'park', password });
    const page = asked.status === 303 ? await park.open(asked.headers.location ?? '/') : asked;
    expect(page.text).toContain('name="sms"');
    const file = join(folder, 'sms.jsonl');
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8'), { timeout: 5000 }).toContain('\n');
    const { to, text } = JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '') as Record<
      string,
      string
    >;
    expect(to?.replace(/\D/g, '')).toBe('01023456789');
    const sms = /\b\d{6}\b/.exec(text ?? '')?.[0] ?? '';
    const signedIn = await park.post('/_sumun/login', { ...hiddenFields(page.text), sms });
    expect(signedIn.status).toBe(303);
    const opened = await park.open(signedIn.headers.location ?? '/');
    park.close();
    expect(opened.text).toMatch(/"x-sumun-amr": "[^"]*sms/);
  });

  test('a kept folder keeps its people', async () => {
    const before = summary;
    await stopDemo();
    summary = await startDemo();
    expect([summary.users, summary.admin, summary.apiKey]).toEqual([before.users, before.admin, before.apiKey]);
    expect(summary.radius.secret).toBe(before.radius.secret);
    kim.close();
    const admin = new Visitor(portOf(summary.gateway));
    expect((await admin.signIn('/notice/headers', person('admin'), Date.now() + STEP)).status).toBe(200);
    admin.close();
  });
});

/**
 * The attacker gets hold of what the server leaves behind: its log at the most talkative level, its audit trail, its
 * figures, its database file and a backup. They must find none of what people and machines proved themselves with.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backUp } from '../../src/app/backup.ts';
import { encodeBase32 } from '../../src/core/enrolment/base32.ts';
import { ApiCaller } from '../support/api.ts';
import { submit } from '../support/gate.ts';
import { RADIUS_SECRET, radiusYaml, startThreeDoors, type ThreeDoors } from '../support/three-doors.ts';
import { sendRaw } from '../support/wire.ts';

const PHONE = '01098765432';
let gate: ThreeDoors;
/** What stands for a secret, by what it is. */
const canaries = new Map<string, string>();
/** PINs and codes: too short to be looked for anywhere but as a number by itself. */
const digits: string[] = [];
let metrics = '';
let backup: Buffer;

beforeAll(async () => {
  gate = await startThreeDoors(
    `${radiusYaml('auth: id+otp+pin')}log: { level: debug, access: true }
sms: { providers: [{ type: http, name: gone, url: "https://sms.invalid/send?key=canary-in-an-address", token: canary-sms-token-2b5e, body: '{"to":"{to}","text":"{text}"}' }] }
upstreams: { gone: { targets: ["http://127.0.0.1:9"] } }
routes:
  - { name: pw, path: [/pw/], to: gone, auth: id+pw+otp }
  - { name: otp, path: [/otp/], to: gone, auth: id+otp }
`,
    '/otp/',
  );
  await useEverything();
  metrics = await (await fetch(`http://127.0.0.1:${gate.apiPort}/metrics`)).text();
  const file = join(gate.folder, 'backup');
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  await backUp(gate.served.policy(), file, undefined, { clock: gate.house.clock, log });
  backup = readFileSync(file);
}, 60_000);
afterAll(() => gate.stop());

/** Every secret is used once right and once in a wrong place, at each door, and asked about with errors. */
async function useEverything(): Promise<void> {
  const key = await gate.addKey('canary', ['verify', 'users:write', 'tokens:write', 'transactions']);
  const kim = await gate.person('kim', ['staff'], PHONE);
  const lee = await gate.person('lee');
  const api = new ApiCaller(gate.apiPort, key);
  const seed = randomBytes(20);
  const otps = Array.from({ length: 4 }, () => kim.otp());
  digits.push(kim.pin, ...otps);
  for (const [name, text] of [
    ['API key', key],
    ['secret of the API key', key.split('_')[2] ?? ''],
    ['RADIUS secret', RADIUS_SECRET],
    ['token of the SMS provider', 'canary-sms-token-2b5e'],
    ['password', kim.password],
    ['password of another', lee.password],
    ['seed', seed.toString('latin1')],
    ['seed in hex', seed.toString('hex')],
    ['seed in base64', seed.toString('base64')],
    ['seed in base32', encodeBase32(seed)],
  ] as const) {
    canaries.set(name, text);
  }
  await api.send('POST', '/tokens', { user: 'lee', kind: 'totp', secret: encodeBase32(seed) });
  await api.send('POST', '/tokens', { user: 'nobody', kind: 'totp', secret: encodeBase32(seed) });
  const { codes } = JSON.parse((await api.send('POST', '/users/lee:recovery-codes', { count: 2 })).text) as {
    codes: string[];
  };
  for (const [index, code] of codes.entries()) {
    canaries.set(`recovery code ${index}`, code);
    canaries.set(`recovery code ${index} without its hyphen`, code.replace('-', ''));
  }
  await api.send('POST', '/verify', { user: 'kim', app: 'pw', password: kim.password, otp: otps[0] });
  await api.send('POST', '/verify', { user: 'kim', app: 'pw', password: kim.password, otp: otps[0] });
  await api.send('POST', '/verify', { user: kim.password, app: 'otp', otp: '000000' });
  await api.send('POST', '/verify', { user: 'lee', app: 'otp', otp: codes[0] });
  await api.send('POST', '/verify', `{"user":"kim","password":"${kim.password}"`);
  await api.send('POST', '/challenges', { user: 'kim', method: 'sms' });
  await new ApiCaller(gate.apiPort, `${key}x`).send('POST', '/verify', { user: 'kim' });
  await gate.doors.ask('kim', kim.pin + otps[1]);
  await gate.doors.ask('kim', `${kim.pin}x${otps[1]}`);
  const browser = gate.visitor();
  await submit(browser, kim, '/pw/');
  for (const [name, value] of browser.cookies) canaries.set(`cookie ${name}`, value);
  await browser.send('GET', `/otp/?password=${kim.password}`, { headers: { Authorization: `Bearer ${key}` } });
  await sendRaw(gate.port, Buffer.from(`GET /otp/ HTTP/1.1\r\nHost: x\r\nAuthorization: ${kim.password}\x01\r\n\r\n`));
  await gate.house.requests.flush();
  for (let round = 0; round < 400 && !(await hasFailed()); round++) await wait(25);
  api.close();
}

/** Everything in the data folder except what holds keys on purpose. */
function dataFiles(): readonly (readonly [string, Buffer])[] {
  const folder = join(gate.folder, 'data');
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(folder, name)).isFile() && !/master\.key|signing/.test(name))
    .map((name) => [name, readFileSync(join(folder, name))] as const);
}

const hasFailed = async (): Promise<boolean> =>
  (await gate.house.audit.read({ limit: 1, kind: 'sms.failed' })).length > 0;

const wholeNumber = (code: string): RegExp => new RegExp(`(?<!\\d)${code}(?!\\d)`);

const holding = (text: string | Buffer): readonly string[] =>
  [...canaries].filter(([, secret]) => secret !== '' && text.includes(secret)).map(([name]) => name);

describe('LOG-2 G053 canary secrets', () => {
  test('LOG-2 are in no line of the log, nor is a number', () => {
    expect(gate.log.length).toBeGreaterThan(5);
    expect(gate.log.filter((line) => digits.some((code) => wholeNumber(code).test(line)))).toEqual([]);
    expect(holding(gate.log.join(''))).toEqual([]);
    expect(gate.log.join('')).not.toContain(PHONE.slice(-8));
  });

  test('G145 nor is what stands in the address of a provider that fails, in log or audit', async () => {
    const failures = await gate.house.audit.read({ limit: 100, kind: 'sms.failed' });
    expect(failures.length).toBeGreaterThan(0);
    expect(JSON.stringify(failures) + gate.log.join('')).not.toContain('canary-in-an-address');
  });

  test('LOG-2 are in no audit record', async () => {
    const records = await gate.house.audit.read({ limit: 10_000 });
    expect(records.length).toBeGreaterThan(10);
    expect(holding(JSON.stringify(records))).toEqual([]);
    expect(records.filter((each) => digits.some((code) => wholeNumber(code).test(JSON.stringify(each))))).toEqual([]);
    expect(JSON.stringify(records)).not.toContain(PHONE.slice(-8));
  });

  test('LOG-2 are not among the figures', () => {
    expect(metrics).toContain('# HELP');
    expect(holding(metrics)).toEqual([]);
  });

  test('LOG-2 are not in the clear in the database, its log of writes, or any other file of the data folder', () => {
    const files = dataFiles();
    expect(files.map(([name]) => name)).toContain('sumun.db');
    for (const [name, bytes] of files) expect([name, holding(bytes)]).toEqual([name, []]);
  });

  test('LOG-2 are not in a backup, and neither is a name or a number', () => {
    expect(holding(backup)).toEqual([]);
    for (const text of ['SQLite format', 'PRIVATE KEY', PHONE, 'demo: true']) expect(backup.includes(text)).toBe(false);
  });

  test('G027 no answer of the API about people, tokens, sessions, clients or the policy holds one', async () => {
    const reader = new ApiCaller(
      gate.apiPort,
      await gate.addKey('reader', [
        'users:read',
        'tokens:read',
        'sessions:read',
        'audit:read',
        'clients:read',
        'policy:read',
        'stats:read',
      ]),
    );
    for (const path of [
      '/me',
      '/users',
      '/users/kim',
      '/users/lee',
      '/tokens',
      '/sessions',
      '/audit',
      '/clients',
      '/policy',
      '/stats',
    ]) {
      const { status, text } = await reader.send('GET', path);
      expect([path, status]).toEqual([path, 200]);
      expect([path, holding(text)]).toEqual([path, []]);
      expect(text).not.toMatch(/\$argon2|otpauth:|"secret":|PRIVATE KEY/);
    }
    reader.close();
  });
});

describe('LOG-1 one event is one line', () => {
  test('LOG-1 whatever was sent: every line is an object, without control or direction characters', async () => {
    for (const text of ['a\r\nb', 'a\u2028b', 'a\u001b[2J', 'a\u202eb', `a${'x'.repeat(70_000)}`]) {
      await gate.doors.ask(text.slice(0, 200), text.slice(0, 100));
      await gate.doors.api.send('POST', '/verify', { user: text, app: text, otp: text });
      await fetch(`http://127.0.0.1:${gate.port}/${encodeURIComponent(text)}`, { headers: { 'user-agent': 'x' } });
    }
    for (const line of gate.log) {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.length).toBeLessThan(70_000);
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
      expect(typeof JSON.parse(line)).toBe('object');
    }
  });
});

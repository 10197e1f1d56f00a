/**
 * The attacker, or an accident, breaks something the gateway relies on: a cookie, a secret file, the configuration, the
 * database. They must see a refusal each time, never a request that passes because a check could not be made.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadPolicyText } from '../../src/config/load.ts';
import { type GateFixture, type Person, startGate } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { sendRaw } from '../support/wire.ts';

let upstream: Recorder;
let gate: GateFixture;
let alice: Person;
let cookie: string;
let yaml: string;

beforeAll(async () => {
  upstream = await startRecorder();
  yaml = `
routes:
  - { name: app, path: [/app/], to: "${upstream.url}", auth: id+otp }
`;
  gate = await startGate(yaml);
  alice = await gate.person('alice');
  cookie = await gate.signIn(alice, '/app/');
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});
beforeEach(() => upstream.clear());

const statusWith = async (cookies: string): Promise<number> => {
  const request = `GET /app/x HTTP/1.1\r\nHost: localhost:${gate.port}\r\nCookie: ${cookies}\r\nConnection: close\r\n\r\n`;
  return (await sendRaw(gate.port, Buffer.from(request, 'latin1'), { quiet: 400 })).responses[0]?.status ?? 0;
};

describe('G036 a cookie that is not exactly a live handle is no session', () => {
  const value = () => /(?:^|; )sumun=([^;]+)/.exec(cookie)?.[1] ?? '';
  test('the real one is', async () => expect(await statusWith(cookie)).toBe(200));
  test.each([
    ['nothing', () => 'sumun='],
    ['noise', () => 'sumun=\x80\xff\x01AAAA'],
    ['truncated', () => `sumun=${value().slice(0, -1)}`],
    ['one letter changed', () => `sumun=${value().slice(0, -1)}${value().endsWith('A') ? 'B' : 'A'}`],
    ['eight kilobytes', () => `sumun=${'A'.repeat(8192)}`],
    ['in quotes', () => `sumun="${value()}"`],
    ['twice, both real', () => `sumun=${value()}; sumun=${value()}`],
    ['real and false', () => `sumun=${value()}; sumun=x`],
    ['under another case', () => `SUMUN=${value()}`],
    ['under the name for https', () => `__Host-sumun=${value()}`],
    ['__proto__', () => 'sumun=__proto__; __proto__=sumun; constructor=1'],
  ])('%s', async (_, make) => {
    expect([400, 401]).toContain(await statusWith(make()));
    expect(upstream.requests).toEqual([]);
  });

  test('of a session that ended', async () => {
    const other = await gate.signIn(await gate.person('ended'), '/app/');
    const [signIn] = await gate.house.sessions.list(
      { accountId: (await gate.house.accounts.findByLogin('ended'))?.id ?? '' },
      gate.house.clock.now(),
    );
    await gate.house.sessions.revoke(
      { id: signIn?.id ?? '' },
      {
        at: gate.house.clock.now(),
        kind: 'session.revoked',
        login: 'ended',
        actor: 'cli',
        address: '',
        route: '',
        request: '',
        reason: '',
        detail: {},
      },
    );
    expect(await statusWith(other)).toBe(401);
  });
});

describe('G065 CONF-1 a configuration that cannot be kept is not half kept', () => {
  test.each([
    ['a syntax error', () => `${yaml}  - {`],
    ['an unknown key', () => yaml.replace('auth:', 'auht:')],
    [
      'a secret file that is not there',
      () => `${yaml}identity: { profiles: { standard: { hmac: { header: X-Sig, secret: { file: missing } } } } }`,
    ],
    ['no routes that could be read', () => 'routes: 5\n'],
    ['nothing at all', () => '# version:\n'],
  ])('%s: refused, the running one stays', async (_, make) => {
    expect(await gate.reconfigure(make())).toBe('refused');
    expect(await statusWith('')).toBe(401);
    expect(await statusWith(cookie)).toBe(200);
    expect(gate.log.join('')).toContain('config.refused');
  });

  test('an empty, an unreadable and a garbage secret are refused like a missing one', async () => {
    const file = join(gate.folder, 'hmac');
    const using = `${yaml}identity: { profiles: { standard: { hmac: { header: X-Sig, secret: { file: hmac } } } } }`;
    writeFileSync(file, 'a good long secret of many letters\n', { mode: 0o600 });
    expect(await gate.reconfigure(using)).toBe('reloaded');
    writeFileSync(file, '');
    expect(await gate.reconfigure(`${using}\n`)).toBe('refused');
    rmSync(file);
    expect(await gate.reconfigure(`${using}\n\n`)).toBe('refused');
    expect(await statusWith(cookie)).toBe(200);
    expect(await gate.reconfigure(yaml)).toBe('reloaded');
  });

  test('CONF-2 no routes: everything is refused', async () => {
    expect(await gate.reconfigure('routes: []\n')).toBe('reloaded');
    expect([404, 421]).toContain(await statusWith(cookie));
    expect(await gate.reconfigure(yaml)).toBe('reloaded');
    expect(await statusWith(cookie)).toBe(200);
  });
});

test('G166 hostile YAML is refused quickly and pollutes nothing', () => {
  const layers = Array.from(
    { length: 9 },
    (_, index) =>
      `a${index}: &a${index} [${Array(9)
        .fill(index === 0 ? 'x' : `*a${index - 1}`)
        .join(',')}]`,
  );
  const hostile = [
    layers.join('\n'),
    'version: 1\n<<: { __proto__: { admin: true } }\n',
    'version: 1\n__proto__: { admin: true }\nroutes: []\n',
    'version: 1\nversion: 1\n',
    "version: !!js/function 'function () {}'\n",
    `version: 1\nroutes:\n  - name: ${'x'.repeat(10 * 1024 * 1024)}\n`,
    'a: &a [*a]\n',
  ];
  for (const text of hostile) {
    const start = performance.now();
    expect(loadPolicyText(text, '/nowhere/config.yaml', { language: 'en', now: 0, env: {} }).ok).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  }
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
});

test('G075 nothing in braces is ever expanded', async () => {
  const person = await gate.person('brace');
  const words = ['{env.HOME}', '$', '{HOME}', '{{7*7}}', '%{x}', '$(id)', '{user.login}'].join('');
  await gate.house.accounts.update(
    person.accountId,
    { name: words },
    {
      at: gate.house.clock.now(),
      kind: 'user.changed',
      login: 'brace',
      actor: 'cli',
      address: '',
      route: '',
      request: '',
      reason: '',
      detail: {},
    },
  );
  const session = await gate.signIn(person, '/app/');
  upstream.clear();
  await statusWith(session);
  const name = upstream.requests[0]?.fields.find(([field]) => field === 'X-Sumun-Name')?.[1] ?? '';
  expect(decodeURIComponent(name)).toBe(words);
});

test('D11 when the audit trail cannot be written, nobody gets in', async () => {
  const victim = await startGate(yaml);
  const person = await victim.person('late');
  await victim.signIn(person, '/app/');
  const file = join(victim.folder, 'data', 'sumun.db');
  try {
    const { default: Database } = await import('better-sqlite3');
    const raw = new Database(file);
    raw.exec("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    await expect(victim.signIn(person, '/app/')).rejects.toThrow('503');
    raw.exec('DROP TRIGGER full');
    raw.close();
    await victim.signIn(person, '/app/');
  } finally {
    await victim.stop();
  }
});

test('a master key that others can read, a wrong one and none stop the start and change nothing', async () => {
  const victim = await startGate(yaml);
  await victim.person('someone');
  const { policy, house } = { policy: victim.served.policy(), house: victim.house };
  await victim.served.stop();
  const { openHouse } = await import('../../src/app/house.ts');
  const before = readFileSync(policy.storage.path);
  const key = readFileSync(policy.keys.masterFile, 'utf8');
  chmodSync(policy.keys.masterFile, 0o644);
  await expect(openHouse(policy, house.clock, house.log)).rejects.toThrow(/master/);
  chmodSync(policy.keys.masterFile, 0o600);
  writeFileSync(policy.keys.masterFile, `${Buffer.alloc(32, 7).toString('base64')}\n`);
  await expect(openHouse(policy, house.clock, house.log)).rejects.toThrow(/master key/);
  rmSync(policy.keys.masterFile);
  await expect(openHouse(policy, house.clock, house.log)).rejects.toThrow(/master/);
  expect(readFileSync(policy.storage.path).equals(before)).toBe(true);
  writeFileSync(policy.keys.masterFile, key, { mode: 0o600 });
  await (await openHouse(policy, house.clock, house.log)).close();
  rmSync(victim.folder, { recursive: true, force: true });
});

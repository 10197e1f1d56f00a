import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWiring } from '../../src/app/wiring.ts';
import { loadPolicy } from '../../src/config/load.ts';
import type { House } from '../../src/ports.ts';
import { event, signIn, transaction } from '../stores/fixture.ts';
import { Desk, field, hasOathtool, oathtool, type Spoken } from './terminal.ts';

const desk = new Desk();
let made: Spoken;
const PASSWORD = 'correct horse battery';
const env = { SUMUN_CONFIG: 'site/config.yaml' };
const sumun = (line: string | readonly string[], more: Parameters<Desk['sumun']>[1] = {}) =>
  desk.sumun(line, { env, ...more });

beforeAll(async () => {
  made = await desk.sumun(
    'init site --host hr.example --upstream http://127.0.0.1:9 --auth id+pw+otp+pin --admin root --json',
  );
  writeFileSync(desk.path('pw'), `${PASSWORD}\n`);
});
afterAll(() => desk.remove());

describe('init', () => {
  test('answers with the first administrator, whom the new configuration lets in', async () => {
    expect(made.exit).toBe(0);
    expect(made.json).toMatchObject({
      config: desk.path('site', 'config.yaml'),
      data: desk.path('site', 'data'),
      admin: {
        login: 'root',
        groups: ['sumun-admins'],
        password: expect.stringMatching(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/),
      },
    });
    expect(field(made.json, 'admin', 'pin')).toMatch(/^\d{6}$/);
    expect(field(made.json, 'admin', 'otpauth')).toMatch(/^otpauth:\/\/totp\//);
    expect((await sumun('user show root')).stdout).toContain('sumun-admins');
  });

  test('writes a configuration that check passes, with its own test', async () => {
    const checked = await sumun('check --json');
    expect([checked.exit, field(checked.json, 'ok'), field(checked.json, 'tests', 'total')]).toEqual([0, true, 1]);
    const text = readFileSync(desk.path('site', 'config.yaml'), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./config.schema.json');
    expect(existsSync(desk.path('site', 'config.schema.json'))).toBe(true);
  });

  test.each(['data', 'data/signing'])('keeps %s to its owner', (folder) => {
    expect(statSync(desk.path('site', folder)).mode & 0o777).toBe(0o700);
  });

  test.each(['data/master.key', 'data/sumun.db', 'data/audit.head'])('keeps %s to its owner', (file) => {
    expect(statSync(desk.path('site', file)).mode & 0o777).toBe(0o600);
  });

  test.each(['config.yaml', 'data/master.key', 'data/sumun.db'])('never overwrites %s', async (present) => {
    const folder = `with-${present.replace('/', '-')}`;
    mkdirSync(desk.path(folder, 'data'), { recursive: true });
    writeFileSync(desk.path(folder, present), 'mine');
    const again = await desk.sumun(`init ${folder}`);
    expect([again.exit, readFileSync(desk.path(folder, present), 'utf8')]).toEqual([1, 'mine']);
    expect(again.stderr).toContain('another folder');
  });

  test('leaves nothing behind when it fails', async () => {
    const createKeys = () => Promise.reject(new Error('no entropy'));
    const failed = await desk.sumun('init half', { createKeys });
    expect([failed.exit, existsSync(desk.path('half', 'config.yaml')), existsSync(desk.path('half', 'data'))]).toEqual([
      1,
      false,
      false,
    ]);
    expect((await desk.sumun('init half')).exit).toBe(0);
  });

  test('asks a person what no flag says', async () => {
    const asked = await desk.sumun('init asked --auth id+otp', { typed: ['wiki.example', '', 'boss'] });
    expect(asked.exit).toBe(0);
    const text = readFileSync(desk.path('asked', 'config.yaml'), 'utf8');
    expect(text).toContain('host: "wiki.example"');
    expect(asked.stdout).toContain('first administrator boss\n');
  });

  test.each(['ko', 'ja'])('comments the file in the language %s and it still passes check', async (language) => {
    expect((await desk.sumun(`init in-${language} --lang ${language}`)).exit).toBe(0);
    const checked = await desk.sumun(`check in-${language}/config.yaml --json`);
    expect([checked.exit, field(checked.json, 'findings')]).toEqual([0, []]);
  });
});

describe('users', () => {
  test('are added, changed, suspended, resumed and deleted', async () => {
    const added = await sumun([
      'user',
      'add',
      'Kim',
      '--name',
      '김민지',
      '--group',
      'hr',
      '--group',
      'staff',
      '--email',
      'k@example.com',
      '--attribute',
      'dept=A1',
      '--password-file',
      'pw',
      '--json',
    ]);
    expect([added.exit, added.json]).toMatchObject([
      0,
      { login: 'Kim', name: '김민지', groups: ['hr', 'staff'], attributes: { dept: 'A1' } },
    ]);
    expect((await sumun('user set kim --add-group boss --remove-group hr --phone 010-1')).exit).toBe(0);
    expect((await sumun('user show kim --json')).json).toMatchObject({
      groups: ['boss', 'staff'],
      phone: '010-1',
      status: 'active',
    });
    expect((await sumun('user suspend kim')).exit).toBe(0);
    expect((await sumun('user list --status suspended --json')).json).toMatchObject({ users: [{ login: 'Kim' }] });
    expect((await sumun('user resume kim')).exit).toBe(0);
    expect((await sumun('user unlock kim')).exit).toBe(0);
    expect((await sumun('user delete kim --yes')).exit).toBe(0);
    expect((await sumun('user show kim')).exit).toBe(4);
  });

  test.each([
    ['user add root', 4, 'user-exists'],
    ['user add 김', 2, 'user-invalid'],
    ['user show nobody', 4, 'user-missing'],
    ['user set nobody --name x', 4, 'user-missing'],
    ['user set root', 2, 'nothing-to-change'],
    ['user suspend nobody', 4, 'user-missing'],
    ['user delete nobody --yes', 4, 'user-missing'],
    ['user delete root', 2, 'confirmation-needed'],
    ['user add x --password-file absent', 2, 'file-unreadable'],
    ['user add x --password-file -', 2, 'secret-empty'],
    ['user import absent.csv', 2, 'file-unreadable'],
    ['token list nobody', 4, 'user-missing'],
    ['token show nobody', 4, 'token-missing'],
    ['token test root', 2, 'argument-missing'],
    ['token test root 12', 2, 'code-malformed'],
    ['token test root 000000', 4, 'otp-wrong'],
    ['token resync root 000000 000001', 4, 'not-found'],
    ['token revoke root', 2, 'confirmation-needed'],
    ['token enroll nobody --otpauth', 4, 'user-missing'],
    ['token enroll root --otpauth --hotp --period 30', 2, 'flags-conflict'],
    ['session revoke nothing', 4, 'session-missing'],
    ['session revoke --user nobody', 4, 'user-missing'],
    ['session revoke --route nothing', 4, 'route-missing'],
    ['audit show 999999', 4, 'record-missing'],
    ['explain GET http://hr.example/ --user nobody', 4, 'unknown-user'],
    ['explain --request K7QF-2M9D', 4, 'unknown-request'],
    ['explain --request !', 2, 'bad-number'],
    ['explain GET /relative', 2, 'bad-url'],
    ['explain GET http://hr.example/ --ip 300.1.1.1', 2, 'bad-address'],
  ])('`sumun %s` ends with %i', async (line, exit, code) => {
    const spoken = await sumun(`${line} --json`);
    expect([spoken.exit, field(spoken.json, 'error', 'code')]).toEqual([exit, code]);
  });

  test('are deleted by a person who types their name, and only then', async () => {
    await sumun('user add doomed --yes');
    expect((await sumun('user delete doomed', { typed: ['doomd'] })).exit).toBe(4);
    expect((await sumun('user show doomed')).exit).toBe(0);
    expect((await sumun('user delete doomed', { typed: ['doomed'] })).exit).toBe(0);
    expect((await sumun('user show doomed')).exit).toBe(4);
  });

  test('get password and PIN from standard input, line by line, and neither is ever shown', async () => {
    const added = await sumun('user add lee --password-file - --pin-file -', { input: `${PASSWORD}\n739201\n` });
    expect(added.exit).toBe(0);
    for (const shown of [added, await sumun('user show lee --json'), await sumun('audit tail --json')]) {
      expect(shown.stdout + shown.stderr).not.toMatch(/correct horse|739201|argon2/);
    }
  });

  test('are asked for a password at a terminal without echo', async () => {
    const added = await sumun('user add typist', { typed: [PASSWORD, ''] });
    expect(added.exit).toBe(0);
    expect(added.stderr).not.toContain('horse');
  });

  test('keep out of trouble: a refused password names its fault and writes nothing', async () => {
    const weak = await sumun('user add weak --password-file - --json', { input: 'short' });
    expect([weak.exit, field(weak.json, 'error', 'faults', 0, 'fault')]).toEqual([4, 'too-short']);
    expect((await sumun('user show weak')).exit).toBe(4);
  });

  test('come from a CSV file, each row with its verdict, and a dry run writes nothing', async () => {
    const csv = 'login,name,groups,password\nann,Ann,staff;hr,correct horse battery\nann,Twice,,\nbob,Bob,,x\n';
    writeFileSync(desk.path('people.csv'), csv);
    const dry = await sumun('user import people.csv --dry-run --json');
    expect([dry.exit, field(dry.json, 'rows', 0, 'verdict')]).toEqual([4, 'added']);
    expect((await sumun('user show ann')).exit).toBe(4);
    const real = await sumun('user import people.csv');
    expect(real.exit).toBe(4);
    expect(real.stdout).toMatch(/2 {5}ann .*added/);
    expect((await sumun('user show ann --json')).json).toMatchObject({ name: 'Ann', groups: ['hr', 'staff'] });
    expect((await sumun('user import - --json', { input: 'name\nx\n' })).exit).toBe(2);
  });
});

describe('tokens', () => {
  test.skipIf(!hasOathtool)(
    'are enrolled as a URI that an independent implementation reads, and a code is good once',
    async () => {
      await sumun('user add otto --yes');
      const enrolled = await sumun('token enroll otto --otpauth --qr');
      expect(enrolled.exit).toBe(0);
      const uri = enrolled.stdout.trim();
      expect(uri).toMatch(/^otpauth:\/\/totp\/[^\s]+$/);
      expect(enrolled.stderr).toContain('█');
      expect(enrolled.stderr).not.toContain('secret=');
      const code = oathtool(uri, '--totp');
      expect((await sumun(`token test otto ${code}`)).exit).toBe(0);
      const again = await sumun(`token test otto ${code} --json`);
      expect([again.exit, field(again.json, 'error', 'code')]).toEqual([4, 'otp-replayed']);
      const next = oathtool(uri, '--totp', '--now', 'now + 30 seconds');
      expect((await sumun('token test otto -', { input: `${next}\n` })).exit).toBe(0);
    },
  );

  test.skipIf(!hasOathtool)('with a counter are brought back in step by two codes', async () => {
    await sumun('user add hotpot --yes');
    const { json } = await sumun('token enroll hotpot --otpauth --hotp --json');
    const uri = String(field(json, 'otpauth'));
    expect(uri).toMatch(/^otpauth:\/\/hotp\/.*counter=0$/);
    const [first, second, third] = oathtool(uri, '--hotp', '-c', '40', '-w', '2').split('\n');
    expect((await sumun(`token test hotpot ${third}`)).exit).toBe(4);
    expect((await sumun(`token resync hotpot ${first} ${second}`)).exit).toBe(0);
    expect((await sumun(`token test hotpot ${third}`)).exit).toBe(0);
  });

  test.each([
    ['hexadecimal', '3132333435363738393031323334353637383930'],
    ['base32', 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ'],
  ])('take an existing secret in %s from a file', async (_, secret) => {
    writeFileSync(desk.path('seed'), `${secret}\n`);
    const { stdout, exit } = await sumun('token enroll root --otpauth --secret-file seed');
    expect(exit).toBe(0);
    expect(new URL(stdout.trim()).searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  });

  test.each([
    ['not-a-secret!', 'secret-invalid'],
    ['31323334', 'secret-length'],
    ['41'.repeat(65), 'secret-length'],
  ])('refuse the secret %s', async (secret, code) => {
    const { exit, json, stdout } = await sumun('token enroll root --otpauth --secret-file - --json', { input: secret });
    expect([exit, field(json, 'error', 'code')]).toEqual([2, code]);
    expect(stdout).not.toContain(secret);
  });

  test('are suspended, resumed and revoked for good', async () => {
    await sumun('user add tess --yes');
    const id = String(field((await sumun('token enroll tess --otpauth --json')).json, 'token', 'id'));
    expect((await sumun(`token suspend ${id.slice(0, 25)}`)).exit).toBe(0);
    expect((await sumun('token test tess 123456 --json')).json).toMatchObject({ error: { code: 'no-authenticator' } });
    expect((await sumun(`token resume ${id}`)).exit).toBe(0);
    expect((await sumun(`token revoke ${id} --yes`)).exit).toBe(0);
    expect((await sumun(`token resume ${id} --json`)).json).toMatchObject({ error: { code: 'token-revoked' } });
    expect((await sumun('token list tess --json')).json).toMatchObject({ tokens: [{ id, status: 'revoked' }] });
  });
});

describe('looking after the house', () => {
  test('the audit trail is shown, searched, exported and verified', async () => {
    expect((await sumun('audit tail -n 3 --json')).json).toMatchObject({ records: [{}, {}, {}] });
    const found = await sumun('audit search --kind user.added --user ROOT --json');
    expect(found.json).toMatchObject({ records: [{ seq: 1, kind: 'user.added', login: 'root', actor: 'cli' }] });
    expect((await sumun('audit search --to 2020-01-01 --json')).json).toEqual({ records: [] });
    expect((await sumun('audit show 1')).stdout).toContain('user.added');
    expect((await sumun('audit export trail.jsonl')).exit).toBe(0);
    expect(statSync(desk.path('trail.jsonl')).mode & 0o777).toBe(0o600);
    expect((await sumun('audit export trail.jsonl')).exit).toBe(1);
    const lines = readFileSync(desk.path('trail.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => field(JSON.parse(line), 'seq'))).toEqual(lines.map((_, index) => index + 1));
    expect((await sumun('audit verify --json')).json).toEqual({ ok: true, records: lines.length });
  });

  test('the database is migrated only where it has to be', async () => {
    expect((await sumun('migrate --json')).json).toMatchObject({ dryRun: false, from: 3, to: 3 });
    const schema = async () => ({ present: 0, newest: 1 });
    expect((await sumun('migrate --dry-run', { schema })).stderr).toContain('from schema 0 to 1; nothing was written');
    expect((await sumun('migrate', { schema })).stderr).toContain('went from schema 0 to 1');
  });

  test('sign-ins are listed and ended one by one, by person, by route and all', async () => {
    await signInTwice('root');
    await sumun('user add mia --yes');
    await signInTwice('mia');
    const all = (await sumun('session list --json')).json;
    expect(field(all, 'sessions')).toHaveLength(4);
    expect((await sumun('session list --user mia')).stdout).toMatch(/mia +hr\.example +otp/);
    expect((await sumun(`session revoke ${field(all, 'sessions', 0, 'id')} --json`)).json).toEqual({ revoked: 1 });
    expect((await sumun('session revoke --user root --json')).json).toMatchObject({ revoked: expect.any(Number) });
    expect(field((await sumun('session list --json')).json, 'sessions')).not.toHaveLength(4);
    await signInTwice('root');
    expect(field((await sumun('session revoke --route app --json')).json, 'revoked')).toBeGreaterThanOrEqual(2);
    expect((await sumun('session list --json')).json).toEqual({ sessions: [] });
    await signInTwice('mia');
    expect((await sumun('session revoke --all --json')).json).toEqual({ revoked: 2 });
  });

  test('a request is explained for a person, and one that was recorded by its number', async () => {
    const allowed = await sumun('explain GET http://hr.example/x --user root --have pw,otp,pin --json');
    expect([allowed.exit, allowed.json]).toMatchObject([
      0,
      { decision: 'allow', route: 'app', headers: { 'X-Sumun-User': 'root' } },
    ]);
    expect((await sumun('explain GET http://hr.example/x --user root --have otp --json')).json).toMatchObject({
      need: ['pw', 'pin'],
    });
    await withHouse(async (house) => {
      const request = { id: '01M84DYHA696MN1A8W703G0ZQW', at: Date.now(), method: 'GET', url: 'http://hr.example/x' };
      house.requests.record({
        ...request,
        address: '192.0.2.7',
        login: '',
        have: {},
        status: 303,
        outcome: 'authenticate no-session',
      });
      await house.requests.flush();
    });
    const replayed = await sumun('explain --request 03g0-zqw --json');
    expect(replayed.exit).toBe(2);
    const found = await sumun('explain --request 703g-0zqw --json');
    expect([found.exit, found.json]).toMatchObject([
      5,
      { decision: 'need', request: { address: '192.0.2.7' }, recorded: { status: 303 } },
    ]);
  });

  test('keys are shown without their secret parts and rotated', async () => {
    const before = await sumun('key status --json');
    expect(field(before.json, 'sealing')).toHaveLength(1);
    expect((await sumun('key rotate --json')).json).toMatchObject({ rotated: true });
    const after = await sumun('key status --json');
    expect(field(after.json, 'sealing')).toHaveLength(2);
    expect(after.stdout).not.toMatch(/"d"|PRIVATE|wrapped/);
  });

  test('a backup goes out, comes back, and what was there is moved aside', async () => {
    expect((await sumun('backup one.backup')).exit).toBe(0);
    expect(statSync(desk.path('one.backup')).mode & 0o777).toBe(0o600);
    expect((await sumun('backup one.backup')).exit).toBe(1);
    await sumun('user add late --yes');
    expect((await sumun('restore one.backup --dry-run --json')).json).toMatchObject({ dryRun: true, movedAside: null });
    expect((await sumun('user show late')).exit).toBe(0);
    expect((await sumun('restore one.backup')).exit).toBe(2);
    expect((await sumun('restore one.backup', { typed: ['one.backup'] })).exit).toBe(0);
    expect((await sumun('user show late')).exit).toBe(4);
    expect((await sumun('audit verify')).exit).toBe(0);
  });

  test('a backup under a passphrase needs it', async () => {
    expect((await sumun('backup two.backup --passphrase-file pw')).exit).toBe(0);
    expect((await sumun('restore two.backup --dry-run')).exit).toBe(1);
    expect((await sumun('restore two.backup --dry-run --passphrase-file -', { input: 'wrong' })).exit).toBe(1);
    expect((await sumun('restore two.backup --dry-run --passphrase-file pw')).exit).toBe(0);
  });

  test('the schema and the completions come from the same sources as everything else', async () => {
    expect((await sumun('schema')).json).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
    for (const shell of ['bash', 'zsh', 'fish'])
      expect((await sumun(`completion ${shell}`)).stdout).toContain('enroll');
  });
});

/** The same database and keys as the commands use, for what only a gateway writes. */
async function withHouse(work: (house: House) => Promise<void>): Promise<void> {
  const loaded = loadPolicy(desk.path('site', 'config.yaml'), { language: 'en', now: Date.now(), env: {} });
  if (!loaded.ok) throw new Error('the configuration is broken');
  const house = await createWiring(process, 'en').openHouse(loaded.value.policy);
  await work(house).finally(() => house.close());
}

/** Two sign-ins of a person on two browsers. */
const signInTwice = (login: string): Promise<void> =>
  withHouse(async (house) => {
    const now = Date.now();
    const account = await house.accounts.findByLogin(login);
    for (const browser of ['a', 'b']) {
      const id = `${login}-${browser}-${now}`;
      await house.browsers.addTransaction(transaction(id, now, { host: 'hr.example' }));
      const write = signIn(account?.id ?? '', id, now, { host: 'hr.example' });
      expect(await house.sessions.commitSignIn([], write, event('signin.accepted', now))).toBe('committed');
    }
  });

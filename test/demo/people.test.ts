import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SCOPES } from '../../src/core/identity/api-client.ts';
import type { Policy } from '../../src/core/policy.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { type DemoFolder, prepareDemoFolder, prepareDemoHouse, summariseDemo } from '../../src/demo/demo.ts';
import type { DemoHouse } from '../../src/demo/demo-people.ts';
import { describeDemo } from '../../src/demo/demo-text.ts';
import { authorise, revokeClient } from '../../src/flows/clients.ts';
import { type Fixture, openFixture, START } from '../stores/fixture.ts';
import { totpAt } from '../support/visitor.ts';

const policy = {
  otp: { foreignApps: { algorithm: 'SHA1', digits: 6, period: 30 } },
  radius: { clients: [] },
} as unknown as Policy; // the demo reads nothing else of it

const ORIGINS = { gateway: 'http://localhost:8080', console: 'http://localhost:8081' };
const PORTS = { port: 8080, consolePort: 8081, radiusPort: 18120 };

let fixture: Fixture;
let house: DemoHouse;
const opened: DemoFolder[] = [];

const prepare = async (folder: string, ports = PORTS): Promise<DemoFolder> => {
  const demo = await prepareDemoFolder(folder, ports);
  opened.push(demo);
  return demo;
};

beforeEach(async () => {
  fixture = await openFixture();
  const { clock } = fixture.options;
  const digests = createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom);
  house = { ...fixture.stores, clock, random: systemRandom, digests, hasher: createHasher(systemRandom) };
});
afterEach(async () => {
  for (const demo of opened.splice(0)) await demo.legacy.close();
  await fixture.remove();
});

describe('the people of the demo', () => {
  test('can prove what the summary says they have', async () => {
    const demo = await prepare(join(fixture.folder, 'demo'));
    const ready = await prepareDemoHouse(demo, house, policy);
    const summary = summariseDemo(demo, ready, ORIGINS);
    for (const person of [...summary.users, summary.admin]) {
      const account = await house.accounts.findByLogin(person.login);
      expect(account?.groups.toSorted()).toEqual(person.groups.toSorted());
      for (const [kind, secret] of [
        ['pw', person.password],
        ['pin', person.pin],
      ] as const) {
        const hash = await house.accounts.secretHash(account?.id ?? '', kind);
        expect(await house.hasher.verify(hash, secret)).toBe(true);
      }
      const [authenticator] = await house.authenticators.bind(account?.id ?? '');
      expect(authenticator?.codeAt(Math.floor(START / 30_000))).toBe(totpAt(person.otpauth, START));
      expect(person.pin).toMatch(/^\d{6}$/);
    }
  });

  test.each(['ko', 'en', 'ja'] as const)('are presented with the code of the moment in %s', async (language) => {
    const demo = await prepare(join(fixture.folder, 'demo'));
    const ready = await prepareDemoHouse(demo, house, policy);
    const summary = summariseDemo(demo, ready, ORIGINS);
    const text = describeDemo(summary, ready.people, language, START + 12_000);
    const code = totpAt(summary.users[0]?.otpauth ?? '', START);
    expect(text).toContain(`${code.slice(0, 3)} ${code.slice(3)}`);
    expect(text).toMatch(/\b18\b/); // seconds left
    expect(text).toContain('http://localhost:8080/payroll/');
    expect(text).toContain(`Bearer ${ready.apiKey}`);
    const [, park, admin] = ready.people.map(({ person }) => ({ ...person, code: totpAt(person.otpauth, START) }));
    expect(text).toContain(JSON.stringify({ user: 'park', auth: 'id+otp', otp: park?.code }));
    expect(text).toContain(`User-Name=admin,User-Password=${admin?.pin}${admin?.code},`);
    expect(text).toContain(`radclient -x 127.0.0.1:18120 auth '${ready.radius.secret}'`);
    expect(text).toContain('sms.jsonl');
    expect(text).toContain('▀');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(140);
  });
});

describe('the API client of the demo', () => {
  test('may do everything, and is made anew when its key no longer counts', async () => {
    const folder = join(fixture.folder, 'demo');
    const { apiKey } = await prepareDemoHouse(await prepare(folder), house, policy);
    const known = await authorise(house, apiKey, house.clock.now());
    expect(known).toMatchObject({ kind: 'authorised', client: { name: 'demo-api', scopes: SCOPES } });

    const revoked = { actor: 'cli', address: '', request: '' };
    await revokeClient(house, 'demo-api', revoked);
    const again = await prepareDemoHouse(await prepare(folder), house, policy);
    expect(again.apiKey).not.toBe(apiKey);
    expect((await authorise(house, again.apiKey, house.clock.now())).kind).toBe('authorised');
  });
});

describe('a kept folder', () => {
  test('keeps people, and edits of the configuration, and follows new ports', async () => {
    const folder = join(fixture.folder, 'demo');
    const first = await prepare(folder);
    const made = await prepareDemoHouse(first, house, policy);
    writeFileSync(first.config, `${readFileSync(first.config, 'utf8')}\n# mine\n`);

    const second = await prepare(folder, { port: 8081, consolePort: 8082, radiusPort: 18121 }); // the first still holds its port
    const kept = await prepareDemoHouse(second, house, policy);
    expect(kept.people.map(({ person }) => person)).toEqual(made.people.map(({ person }) => person));
    expect([kept.apiKey, kept.radius.secret]).toEqual([made.apiKey, made.radius.secret]);
    const text = readFileSync(second.config, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toMatch(/server:\n {2}listen: "127\.0\.0\.1:8081"/);
    expect(text).toMatch(/console:\n {2}listen: "127\.0\.0\.1:8082"/);
    expect(text).toMatch(/radius:\n {2}listen: "127\.0\.0\.1:18121"/);
    expect(text).toContain(second.legacy.url);
    expect(text).not.toContain(first.legacy.url);
    expect(statSync(join(folder, 'demo.json')).mode & 0o777).toBe(0o600);
  });

  test('makes somebody anew whose account is gone', async () => {
    const folder = join(fixture.folder, 'demo');
    const [kim] = (await prepareDemoHouse(await prepare(folder), house, policy)).people;
    const account = await house.accounts.findByLogin('kim');
    const { clock } = fixture.options;
    const deleted = {
      at: clock.now(),
      kind: 'user.deleted',
      login: 'kim',
      actor: 'cli',
      address: '',
      route: '',
      request: '',
      reason: '',
      detail: {},
    } as const;
    await house.accounts.delete(account?.id ?? '', deleted);
    const [again] = (await prepareDemoHouse(await prepare(folder), house, policy)).people;
    expect(again?.person.login).toBe('kim');
    expect(again?.person.otpauth).not.toBe(kim?.person.otpauth);
  });

  test("is refused when its configuration is somebody else's", async () => {
    const config = join(fixture.folder, 'config.yaml');
    writeFileSync(config, 'version: 1\n');
    await expect(prepareDemoFolder(fixture.folder, PORTS)).rejects.toThrow(/was not written by the demo/);
    expect(readFileSync(config, 'utf8')).toBe('version: 1\n');
    expect(existsSync(join(fixture.folder, 'demo.json'))).toBe(false);
  });

  test('is refused when an earlier version wrote it', async () => {
    writeFileSync(join(fixture.folder, 'config.yaml'), 'version: 1\ndemo: true\n');
    writeFileSync(join(fixture.folder, 'demo.json'), '{"legacyPort":1,"people":[]}');
    await expect(prepareDemoFolder(fixture.folder, PORTS)).rejects.toThrow(/earlier version/);
  });
});

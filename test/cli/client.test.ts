import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Desk, field } from './terminal.ts';

const desk = new Desk();
const env = { SUMUN_CONFIG: 'site/config.yaml' };
const sumun = (line: string, more: Parameters<Desk['sumun']>[1] = {}) => desk.sumun(line, { env, ...more });

beforeAll(async () => {
  await desk.sumun('init site --host hr.example --upstream http://127.0.0.1:9 --auth id+otp --admin root --json');
});
afterAll(() => desk.remove());

const KEY = /^sk_[0-9a-z]{12}_[0-9a-z]{52}$/;

describe('client', () => {
  test('add prints the key once, with the rights it has', async () => {
    const added = await sumun(
      'client add vpn-hq --scope verify:detail,verify --scope users:read --app vpn --network 10.0.0.0/8 --network ::1 --expires 90d --json',
    );
    expect(added.exit).toBe(0);
    expect(added.json).toMatchObject({
      name: 'vpn-hq',
      key: expect.stringMatching(KEY),
      app: 'vpn',
      scopes: ['verify', 'verify:detail', 'users:read'],
      networks: ['10.0.0.0/8', '::1'],
      status: 'active',
    });
    const { createdAt, expiresAt } = added.json as { createdAt: string; expiresAt: string };
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(90 * 86_400_000);
    const key = String(field(added.json, 'key'));
    const shown = await sumun('client list --json');
    expect(field(shown.json, 'clients', '0', 'keyId')).toBe(key.split('_')[1]);
    expect(shown.stdout).not.toContain(key.split('_')[2]);
    expect((await sumun('audit tail --json')).stdout).not.toContain(key.split('_')[2]);
  });

  test('add gives the scope verify and nothing else where none is named, and writes only the key to stdout', async () => {
    const added = await sumun('client add plain');
    expect(added.stdout.trim()).toMatch(KEY);
    expect(added.stderr).toContain('plain');
    const listed = await sumun('client list');
    expect(listed.stdout).toMatch(/plain +[0-9a-z]{12} +active +verify/);
  });

  test('add refuses a name that is there', async () => {
    const again = await sumun('client add plain --json');
    expect([again.exit, field(again.json, 'error', 'code')]).toEqual([4, 'client-exists']);
  });

  test('rotate gives another key; revoke ends all and asks for the name', async () => {
    const rotated = await sumun('client rotate plain --overlap 1h --json');
    expect(field(rotated.json, 'key')).toMatch(KEY);
    const listed = (await sumun('client list --json')).json as {
      clients: { name: string; expiresAt: string | null }[];
    };
    const ends = listed.clients.filter(({ name }) => name === 'plain').map(({ expiresAt }) => expiresAt);
    expect(ends.filter((end) => end === null)).toHaveLength(1);
    expect((await sumun('client revoke plain')).exit).toBe(2);
    expect((await sumun('client revoke plain --yes --json')).json).toEqual({ name: 'plain', revoked: true });
    expect((await sumun('client revoke plain --yes --json')).exit).toBe(4);
    expect((await sumun('client rotate plain --json')).exit).toBe(4);
  });

  test('speaks every language', async () => {
    expect((await sumun('client list --lang ko')).stdout).toContain('할 수 있는 일');
    expect((await sumun('client list --lang ja')).stdout).toContain('できること');
    expect((await sumun('client --help --lang ko')).stdout).toContain('새 키를');
  });
});

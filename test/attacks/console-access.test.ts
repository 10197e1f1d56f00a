/**
 * The attacker reaches the API: from a page of theirs in an operator's browser, with a key for something else, with what
 * belongs to somebody else, or with more work than there are hands. They must get nothing that the key was not made for.
 */

import { renameSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse } from '../../src/app/house.ts';
import { SCOPES } from '../../src/core/identity/api-client.ts';
import { createMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { event } from '../stores/fixture.ts';
import { ApiCaller } from '../support/api.ts';
import type { Person } from '../support/gate.ts';
import { radiusYaml, startThreeDoors, type ThreeDoors } from '../support/three-doors.ts';
import { sendRaw } from '../support/wire.ts';

const YAML = `${radiusYaml()}routes:
  - { name: app, path: [/app/], to: "http://127.0.0.1:9", auth: id+otp }
  - { name: pw, path: [/pw/], to: "http://127.0.0.1:9", auth: id+pw+otp }
`;
let gate: ThreeDoors;
let all: ApiCaller;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  gate = await startThreeDoors(YAML, '/app/');
  all = new ApiCaller(gate.apiPort, await gate.addKey('all', SCOPES));
  [alice, bob] = [await gate.person('alice'), await gate.person('bob')];
});
afterAll(async () => {
  all.close();
  await gate.stop();
});

const raw = async (port: number, lines: string): Promise<string> => {
  const { responses } = await sendRaw(port, Buffer.from(`${lines}\r\n\r\n`, 'latin1'), { quiet: 400 });
  return `${responses[0]?.status}`;
};

describe('ADM-4 a page of the attacker in the browser of an operator', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.example', 'sumun', '[::1].evil', '0x7f.1'])(
    'ADM-4 under the name %s the console does not answer (rebinding)',
    async (host) => {
      for (const path of ['/api/v1/users', '/api/v1/me', '/metrics', '/api/openapi.json', '/api/docs']) {
        expect(await raw(gate.apiPort, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close`)).toMatch(/^4/);
      }
    },
  );

  test('ADM-4 it grants no origin anything and knows no cookie', async () => {
    const preflight = await fetch(`http://127.0.0.1:${gate.apiPort}/api/v1/users`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    const cookie = await gate.signIn(alice, '/app/');
    const withCookie = await fetch(`http://127.0.0.1:${gate.apiPort}/api/v1/users`, { headers: { cookie } });
    expect(withCookie.status).toBe(401);
    expect(withCookie.headers.get('set-cookie')).toBeNull();
  });

  test('ADM-4 a form or text of a page is no call', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      const { status } = await all.send('POST', '/users', '{"login":"made-by-a-page"}', { 'content-type': type });
      expect([400, 415]).toContain(status);
    }
    expect(await gate.house.accounts.findByLogin('made-by-a-page')).toBeUndefined();
  });

  test('ADM-4 G025 nothing of it is on the public listener', async () => {
    for (const path of ['/api/v1/me', '/metrics', '/api/docs', '/api/openapi.json', '/readyz', '/validate/check']) {
      const answer = await gate.visitor().send('GET', path);
      expect([401, 403, 404, 421]).toContain(answer.status);
    }
  });
});

test('G008 a probe’s User-Agent opens nothing, on either listener', async () => {
  for (const agent of ['kube-probe/1.30', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0', '']) {
    const headers = { 'User-Agent': agent };
    expect((await gate.visitor().send('GET', '/app/', { headers })).status).toBe(303);
    expect(await raw(gate.apiPort, `GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${agent}`)).toBe(
      '401',
    );
  }
});

describe('what belongs to somebody else', () => {
  test('G115 another person’s token, named with the wrong owner, is not there and stays as it was', async () => {
    const id = bob.authenticatorId;
    for (const [method, path, body] of [
      ['GET', `/tokens/${id}?user=alice`, undefined],
      ['PATCH', `/tokens/${id}?user=alice`, { label: 'mine' }],
      ['DELETE', `/tokens/${id}?user=alice`, undefined],
      ['POST', `/tokens/${id}:suspend?user=alice`, {}],
      ['POST', `/tokens/${id}:revoke?user=alice`, {}],
    ] as const) {
      expect([path, (await all.send(method, path, body)).status]).toEqual([path, 404]);
    }
    expect(await gate.house.authenticators.find(id)).toMatchObject({ label: 'test', status: 'active' });
    const cookie = await gate.signIn(bob, '/app/');
    const [session] = await gate.house.sessions.list({ accountId: bob.accountId }, gate.house.clock.now());
    expect((await all.send('DELETE', `/sessions/${session?.id}?user=alice`)).status).toBe(404);
    expect((await gate.visitor().send('GET', '/app/', { headers: { Cookie: cookie } })).status).toBe(502);
  });

  test('G032 ADM-2 fields that are no caller’s to set are refused, and change nothing', async () => {
    const before = await gate.house.accounts.find(bob.accountId);
    for (const more of [
      { id: alice.accountId },
      { status: 'active' },
      { role: 'admin' },
      { isAdmin: true },
      { createdAt: 0 },
      { created_at: 0 },
      { failCount: 0 },
      { locked_until: null },
    ]) {
      expect((await all.send('PATCH', '/users/bob', { name: 'B', ...more })).status).toBe(400);
    }
    expect((await all.send('PATCH', '/users/bob', '{"name":"B","__proto__":{"groups":["admins"]}}')).status).toBe(400);
    for (const more of [{ user: 'alice' }, { accountId: alice.accountId }, { movingFactor: 0 }, { status: 'active' }]) {
      expect((await all.send('PATCH', `/tokens/${bob.authenticatorId}`, { label: 'x', ...more })).status).toBe(400);
    }
    expect(await gate.house.accounts.find(bob.accountId)).toEqual(before);
  });

  test('G032 a key of one caller does not answer, resend or cancel the question of another', async () => {
    const other = new ApiCaller(gate.apiPort, await gate.addKey('other', SCOPES));
    const made = await all.send('POST', '/challenges', { user: 'alice', method: 'ocra' });
    const { id } = JSON.parse(made.text) as { id: string };
    for (const [method, path, body] of [
      ['GET', `/challenges/${id}`, undefined],
      ['POST', `/challenges/${id}/answer`, { code: '12345678' }],
      ['POST', `/challenges/${id}/resend`, {}],
      ['POST', `/challenges/${id}/cancel`, {}],
    ] as const) {
      expect([path, [404, 410].includes((await other.send(method, path, body)).status)]).toEqual([path, true]);
    }
    expect((await gate.house.challenges.find(id))?.state).toBe('open');
    other.close();
  });

  test('G034 whoever is suspended is let in nowhere, with the answer of a wrong code', async () => {
    const gone = await gate.person('gone');
    const cookie = await gate.signIn(gone, '/app/');
    const { codes } = JSON.parse((await all.send('POST', '/users/gone:recovery-codes', { count: 2 })).text) as {
      codes: string[];
    };
    await gate.house.accounts.setStatus(gone.accountId, 'suspended', event('user.suspended'));
    for (const door of ['web', 'api', 'radius'] as const) {
      expect(await gate.doors.submit(door, 'gone', gone.otp())).toBe('rejected');
    }
    expect(await gate.doors.submit('api', 'gone', codes[0] ?? '')).toBe('rejected');
    expect(await gate.doors.submit('radius', 'gone', codes[1] ?? '')).not.toBe('accepted');
    expect((await gate.visitor().send('GET', '/app/', { headers: { Cookie: cookie } })).status).toBe(303);
  });
});

test('SSRF-1 no field of a call makes the server ask an address', async () => {
  const asked: string[] = [];
  const bait = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('{}');
  });
  await new Promise<void>((resolve) => bait.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(bait.address() as AddressInfo).port}`;
  const policy = `version: 1\nroutes:\n  - { name: a, host: a.example, path: [/], to: "${url}/policy", auth: id+otp }\n`;
  for (const [method, path, body] of [
    ['POST', '/users', { login: url, name: url, email: `a@${url}`, attributes: { picture: `${url}/attribute` } }],
    ['PATCH', '/users/bob', { name: `${url}/name` }],
    ['POST', '/tokens', { user: 'bob', kind: 'totp', label: `${url}/label` }],
    ['POST', '/imports/tokens', { content: `${url}/list`, user: 'bob' }],
    [
      'POST',
      '/imports/tokens',
      { content: `<!DOCTYPE x [<!ENTITY e SYSTEM "${url}/entity">]><x>&e;</x>`, user: 'bob' },
    ],
    ['POST', '/imports/users', { content: `login\n${url}/user\n` }],
    ['POST', '/policy:check', { text: policy }],
    ['POST', '/policy:simulate', { url: `${url}/simulate`, user: 'bob' }],
    ['POST', '/verify', { user: 'bob', app: 'app', otp: '000000', context: { ua: `${url}/agent` } }],
  ] as const) {
    expect((await all.send(method, path, body)).status).toBeLessThan(500);
  }
  expect(asked).toEqual([]);
  bait.close();
});

test('DOS-3 junk passwords beyond the queue are turned away before a hash, and people who are signed in pass meanwhile', async () => {
  const cookie = await gate.signIn(alice, '/app/');
  const attacker = new ApiCaller(gate.apiPort, await gate.addKey('attacker', ['verify']), 400);
  const junk = Array.from({ length: 400 }, (_, index) =>
    attacker.send('POST', '/verify', { user: `junk${index}`, app: 'pw', password: `wrong ${index}`, otp: '000000' }),
  );
  const browser = gate.visitor();
  const times: number[] = [];
  for (let index = 0; index < 40; index++) {
    const start = performance.now();
    expect((await browser.send('GET', '/app/', { headers: { Cookie: cookie } })).status).toBe(502);
    times.push(performance.now() - start);
  }
  const answers = await Promise.all(junk);
  expect(answers.filter(({ status }) => ![200, 429, 503].includes(status))).toEqual([]);
  expect(answers.some(({ status }) => status === 503)).toBe(true);
  expect(answers.filter(({ text }) => text.includes('"accept"'))).toEqual([]);
  expect(times.toSorted((a, b) => a - b)[20]).toBeLessThan(250);
  attacker.close();
}, 60_000);

describe('CRYPTO keys that are not the right ones', () => {
  test('G093 with another master key nothing opens, and nothing is written before that is known', async () => {
    const one = await startThreeDoors(YAML, '/app/');
    const policy = one.served.policy();
    const person = await one.tokenOnly('kim');
    await one.stop({ keepFolder: true });
    const { masterFile } = policy.keys;
    renameSync(masterFile, `${masterFile}.right`);
    const quiet = () => undefined;
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const clock = { now: () => Date.now() };
    await expect(openHouse(policy, clock, log)).rejects.toThrow();
    createMasterKey(masterFile, systemRandom);
    await expect(openHouse(policy, clock, log)).rejects.toThrow(/key/);
    renameSync(`${masterFile}.right`, masterFile);
    const again = await startThreeDoors(YAML, '/app/', { folder: one.folder });
    expect(await again.doors.submit('api', 'kim', person.otp())).toBe('accepted');
    await again.stop();
  });

  test('G093 keys of one purpose are no keys of another: a digest for one never answers for the other', () => {
    const { digests } = gate.house;
    const purposes = ['csrf', 'kept-post', 'api-key', 'lookup-code', 'cursor'] as const;
    const macs = purposes.map((purpose) => digests.mac(purpose, 'the same text'));
    expect(new Set([...macs, digests.hash('the same text'), digests.code('the same text', 8)]).size).toBe(7);
  });
});

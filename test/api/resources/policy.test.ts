import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Desk } from '../../cli/terminal.ts';
import { type ApiFixture, CONFIG, openApi, RADIUS_SECRET } from './fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
  await api.send('POST', '/users', { login: 'kim', name: '김민지', groups: ['hr'], email: 'kim@corp.example' });
  await api.send('POST', '/users', { login: 'park', groups: ['staff'] });
});
afterAll(() => api.close());

describe('the running configuration', () => {
  test('is shown with its digest, and without secrets, addresses of upstreams and files', async () => {
    const { body, text } = await api.send('GET', '/policy');
    expect(body).toMatchObject({
      digest: api.policy.digest,
      routes: [
        { name: 'notice', auth: 'id+otp', hosts: ['pay.corp.example'], paths: ['/notice/'] },
        { name: 'payroll', auth: 'id+pw+otp', allow: { groups: ['hr'] } },
      ],
      radius: [{ name: 'vpn', auth: 'id+otp+pin', networks: ['192.0.2.0/24'] }],
    });
    expect(text).not.toContain(RADIUS_SECRET);
    expect(text).not.toContain('10.9.8.7');
    expect(text).not.toContain('master.key');
    expect(text).not.toContain('/etc/sumun');
  });
});

describe('checking a text', () => {
  const check = (text: string) => api.send('POST', '/policy:check', { text }, { 'accept-language': 'en' });

  test('answers every finding with its place', async () => {
    const { body } = await check(CONFIG.replace('auth: id+otp }', 'auth: id+opt, colour: red }'));
    expect(body).toMatchObject({ ok: false, errors: 2 });
    expect(body.findings.map(({ line, path }: { line: number; path: string }) => [line, path])).toEqual([
      [7, 'routes[0].auth'],
      [7, 'routes[0].colour'],
    ]);
  });

  test('runs the tests of the text', async () => {
    const tests = `tests:
  - { get: "https://pay.corp.example/notice/", expect: "need otp" }
  - { user: park, groups: [staff], get: "https://pay.corp.example/", have: [pw, otp], expect: allow }
`;
    const { body } = await check(CONFIG + tests);
    expect(body).toMatchObject({ ok: false, errors: 0, tests: { total: 2, failed: 1 } });
    expect(body.tests.results[1]).toMatchObject({ passed: false, expected: 'allow', got: 'deny', route: 'payroll' });
  });

  test('looks at no file and no variable, whether they are there or not', async () => {
    const naming = (source: string) => CONFIG.replace(RADIUS_SECRET, source);
    const answers = [];
    for (const source of [
      '{ file: /etc/passwd }',
      '{ file: /etc/shadow }',
      '{ file: /no/such/file }',
      '{ file: /dev/zero }',
      '{ env: PATH }',
      '{ env: NO_SUCH_NAME }',
    ]) {
      answers.push((await check(naming(source))).text);
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('"ok":true');
  });

  test('takes a large file but not any size', async () => {
    expect((await check(`${CONFIG}${'# comment\n'.repeat(20_000)}`)).body).toMatchObject({ ok: true });
    expect((await check('#'.repeat(600 * 1024))).status).toBe(400);
    expect((await check('#'.repeat(1100 * 1024))).status).toBe(413);
  });
});

describe('trying out a request', () => {
  const simulate = (body: object) => api.send('POST', '/policy:simulate', body);
  const url = 'https://pay.corp.example/salary';

  test('answers decision, rule, trace and headers', async () => {
    const denied = await simulate({ method: 'GET', url, user: 'park', have: ['pw', 'otp'] });
    expect(denied.body).toMatchObject({ decision: 'deny', status: 403, route: 'payroll', rule: { line: 8 } });
    const needed = await simulate({ method: 'get', url, user: 'kim', have: ['pw'] });
    expect(needed.body).toMatchObject({ decision: 'need', need: ['otp'], route: 'payroll' });
    const allowed = await simulate({
      method: 'GET',
      url,
      user: 'KIM',
      have: ['pw', 'otp'],
      at: '2026-11-23T10:00:00Z',
    });
    expect(allowed.body).toMatchObject({
      decision: 'allow',
      headers: { 'X-Sumun-User': 'kim' },
      request: { login: 'KIM', at: '2026-11-23T10:00:00.000Z' },
    });
    expect(allowed.body.trace).toHaveLength(2);
    expect((await simulate({ method: 'GET', url: 'https://elsewhere.example/' })).body).toMatchObject({
      decision: 'refuse',
      status: 421,
      route: null,
    });
  });

  test.each([
    { method: 'GET', url, at: '2026-11-23T10:00:00Z' },
    { method: 'POST', url: 'https://pay.corp.example/notice/1', at: '2026-11-23T10:00:00Z', ip: '192.0.2.9' },
    { method: 'GET', url: 'https://elsewhere.example/', at: '2026-11-23T10:00:00Z' },
    { method: 'TRACE', url, at: '2026-11-23T10:00:00Z' },
  ])('says of %j what `sumun explain --json` says', async (asked) => {
    const desk = new Desk();
    try {
      writeFileSync(desk.path('c.yaml'), CONFIG);
      const from = asked.ip === undefined ? '' : `--ip ${asked.ip}`;
      const spoken = await desk.sumun(`explain ${asked.method} ${asked.url} --at ${asked.at} ${from} --json -c c.yaml`);
      const answered = (await simulate(asked)).text.replaceAll('/etc/sumun/config.yaml', desk.path('c.yaml'));
      expect(JSON.parse(answered)).toEqual(spoken.json);
    } finally {
      desk.remove();
    }
  });

  test('names people only to keys that may read people', async () => {
    const blind = await api.as('policy:read');
    const asked = { method: 'GET', url, user: 'kim' };
    expect((await blind('POST', '/policy:simulate', asked)).body).toMatchObject({
      status: 403,
      scopes: ['users:read'],
    });
    expect((await blind('POST', '/policy:simulate', { ...asked, user: 'nobody' })).status).toBe(403);
    expect((await blind('POST', '/policy:simulate', { request: 'K7QF-2M9D' })).status).toBe(403);
    expect((await blind('POST', '/policy:simulate', { method: 'GET', url })).body.decision).toBe('need');
  });

  test.each([
    [{ method: 'GET', url, user: 'nobody' }, 404],
    [{ request: 'K7QF-2M9D' }, 404],
    [{ request: 'not a number' }, 400],
    [{ method: 'GET', url: 'ftp://x/' }, 400],
    [{ method: 'GET', url, ip: 'somewhere' }, 400],
    [{ method: 'GET', url, have: ['push'] }, 400],
    [{ method: 'GET' }, 400],
    [{}, 400],
  ])('%j is %i', async (body, status) => {
    expect((await simulate(body)).status).toBe(status);
  });
});

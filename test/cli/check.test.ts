import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/config/render.ts';
import { Desk, field } from './terminal.ts';

const desk = new Desk();
afterAll(() => desk.remove());

const file = (name: string, text: string): string => {
  writeFileSync(desk.path(name), text);
  return name;
};

const HEAD = 'version: 1\nserver: { listen: "127.0.0.1:18080" }\n';
const ROUTES = `routes:
  - { name: open, path: [/open/], to: "http://127.0.0.1:9", auth: bypass }
  - { name: moved, path: [/old/], redirect: "http://hr.example/open/" }
  - { name: shut, path: [/shut/], to: "http://127.0.0.1:9", auth: deny }
  - { name: fixed, path: [/fixed/], respond: { status: 204 } }
  - { name: hr, host: hr.example, to: "http://127.0.0.1:9", auth: id+pw+otp, allow: { networks: [office] } }
networks: { office: [10.0.0.0/8] }
`;

describe('check', () => {
  test.each([
    ['a good file', HEAD + ROUTES, 0],
    ['an unknown key', `${HEAD}routse: []\n`, 3],
    ['a failing test of its own', `${HEAD + ROUTES}tests:\n  - { get: "http://hr.example/open/", expect: deny }\n`, 4],
    ['a passing test of its own', `${HEAD + ROUTES}tests:\n  - { get: "http://hr.example/open/", expect: allow }\n`, 0],
    ['something that is no YAML', '{', 3],
    ['nothing', '', 3],
  ])('of %s ends as the reference says', async (_, text, exit) => {
    const name = file('c.yaml', text);
    const spoken = await desk.sumun(`check ${name} --json`);
    expect([spoken.exit, field(spoken.json, 'ok')]).toEqual([exit, exit === 0]);
    expect((await desk.sumun(`check ${name}`)).exit).toBe(exit);
  });

  test('shows the place, the line and what was probably meant, relative to where one stands', async () => {
    const { stdout, stderr } = await desk.sumun(`check ${file('typo.yaml', `${HEAD}routse: []\n`)} --lang ko`);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/✕ typo\.yaml:3:1 {2}SUMUN-\d{3} {2}/);
    expect(stdout).toContain('3 │ routse: []');
    expect(stdout).toContain('routes');
  });

  test('names the failed test by file and line', async () => {
    const name = file('t.yaml', `${HEAD + ROUTES}tests:\n  - { get: "http://hr.example/open/", expect: deny }\n`);
    expect((await desk.sumun(`check ${name}`)).stdout).toContain('tests[0] (t.yaml:11)');
  });

  test('an invalid file stops every other command with its findings', async () => {
    const { exit, stderr, json } = await desk.sumun(`-c ${file('bad.yaml', `${HEAD}routse: []\n`)} user list --json`);
    expect([exit, stderr]).toEqual([3, '']);
    const lines = (field(json, 'error', 'findings') as readonly unknown[]).map((finding) => field(finding, 'line'));
    expect(lines).toContain(3);
  });
});

describe('explain', () => {
  const ask = (line: string) => desk.sumun(`explain ${line} -c ${file('e.yaml', HEAD + ROUTES)}`);

  test.each([
    ['GET http://hr.example/open/x', 0, 'allow', 200],
    ['GET http://hr.example/old/', 0, 'redirect', 302],
    ['GET http://hr.example/fixed/', 0, 'respond', 204],
    ['GET http://hr.example/pay --ip 10.1.1.1', 5, 'need', 303],
    ['GET http://hr.example/pay --ip 192.0.2.1', 4, 'deny', 403],
    ['GET http://hr.example/shut/', 4, 'deny', 403],
    ['GET http://other.example/pay', 4, 'refuse', 404],
    ['GET http://hr.example/a/../b', 4, 'refuse', 400],
    ['TRACE http://hr.example/', 4, 'refuse', 405],
  ])('%s ends with %i (%s)', async (line, exit, decision, status) => {
    const spoken = await ask(`${line} --json`);
    expect([spoken.exit, field(spoken.json, 'decision'), field(spoken.json, 'status')]).toEqual([
      exit,
      decision,
      status,
    ]);
    expect((await ask(line)).exit).toBe(exit);
  });

  test('answers with the document of the reference, without a database or keys', async () => {
    const { json } = await ask('GET http://hr.example/pay --ip 10.1.1.1 --at 2026-11-23T10:00+09:00 --json');
    expect(json).toMatchObject({
      decision: 'need',
      status: 303,
      route: 'hr',
      need: ['pw', 'otp'],
      reason: 'no-session',
      rule: { file: desk.path('e.yaml'), line: 8 },
      headers: {},
      request: { method: 'GET', at: '2026-11-23T01:00:00.000Z', address: '10.1.1.1' },
    });
    expect(field(json, 'trace', 4)).toMatchObject({
      route: 'hr',
      decided: true,
      criteria: { host: 'hit', network: 'hit', factors: 'miss' },
    });
    expect(field(json, 'trace', 0)).toMatchObject({
      decided: false,
      criteria: { path: 'miss', method: 'not-looked-at' },
    });
  });

  test.each(['ko', 'en', 'ja'])('draws its table within 80 columns (%s)', async (language) => {
    const { stdout } = await ask(`GET http://hr.example/pay --ip 10.1.1.1 --lang ${language}`);
    expect(stdout).toMatch(/\* +5 +hr/);
    expect(stdout).toContain('e.yaml:8');
    for (const line of stdout.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  });
});

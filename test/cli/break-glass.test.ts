import { afterAll, beforeAll, expect, test } from 'vitest';
import { Desk, field } from './terminal.ts';

const desk = new Desk();
afterAll(() => desk.remove());

beforeAll(async () => {
  const init = await desk.sumun('init . --host hr.corp.example --upstream http://127.0.0.1:9 --auth id+otp --json');
  if (init.exit !== 0) throw new Error(init.stderr);
});

/** The name of the one route of the file. */
const routeOf = async (): Promise<string> => {
  const explained = await desk.sumun('explain GET http://hr.corp.example/ --json');
  return String(field(explained.json, 'route'));
};

const explain = () => desk.sumun('explain GET http://hr.corp.example/ --json');

test('seal, open, explain, close', async () => {
  const route = await routeOf();
  expect(field((await explain()).json, 'decision')).toBe('need');

  const sealed = await desk.sumun(`break-glass seal --route ${route} --json`);
  expect(sealed).toMatchObject({ exit: 0, json: { routes: [route] } });
  const code = String(field(sealed.json, 'code'));

  const wrong = await desk.sumun(['break-glass', 'open', route, '--for', '10m', '--reason', 'x', '--code-file', '-'], {
    input: `${code.slice(0, -1)}?\n`,
  });
  expect([wrong.exit, wrong.stderr]).toMatchObject([4, expect.stringContaining('does not open this route')]);

  const open = ['break-glass', 'open', route, '--for', '10m', '--reason', 'SMS is down', '--code-file', '-', '--json'];
  const opened = await desk.sumun(open, { input: `${code}\n` });
  expect(opened).toMatchObject({ exit: 0, json: { route } });
  expect(await explain()).toMatchObject({ exit: 0, json: { decision: 'allow', reason: 'break-glass' } });
  expect((await desk.sumun(open, { input: `${code}\n` })).exit).toBe(4);

  const status = await desk.sumun('break-glass status --json');
  expect(status.json).toMatchObject({ open: [{ route }], sealed: [] });
  expect((await desk.sumun('break-glass status', { env: { LANG: 'ko_KR.UTF-8' } })).stdout).toContain(
    '로그인 없이 열림',
  );

  expect((await desk.sumun(`break-glass close ${route}`)).exit).toBe(0);
  expect((await desk.sumun(`break-glass close ${route}`)).exit).toBe(4);
  expect(field((await explain()).json, 'decision')).toBe('need');

  const trail = await desk.sumun('audit search --json');
  const kinds = JSON.stringify(trail.json);
  for (const kind of ['sealed', 'refused', 'opened', 'closed']) expect(kinds).toContain(`break-glass.${kind}`);
  expect(kinds).not.toContain(code.replaceAll('-', ''));
});

test('a code whose envelope was lost is taken out of force', async () => {
  const sealed = await desk.sumun('break-glass seal --json');
  const id = String(field(sealed.json, 'id'));
  expect((await desk.sumun('break-glass status')).stdout).toContain('any route');
  expect((await desk.sumun(`break-glass void ${id}`)).exit).toBe(0);
  expect((await desk.sumun(`break-glass void ${id}`)).exit).toBe(4);
  expect((await desk.sumun('break-glass status --json')).json).toMatchObject({ sealed: [] });
});

test.each([
  ['a route that is not there', ['seal', '--route', 'nowhere'], 4, "no route 'nowhere'"],
  ['a time that is too long', ['open', 'x', '--for', '5h', '--reason', 'x'], 2, "'5h' is no duration from 1m to 4h"],
  ['no reason', ['open', 'x', '--for', '1h', '--reason', ' '], 2, 'Say why'],
  ['no time', ['open', 'x', '--reason', 'x'], 2, '--for'],
])('%s is refused', async (_, args, exit, words) => {
  const spoken = await desk.sumun(['break-glass', ...args]);
  expect([spoken.exit, spoken.stderr]).toEqual([exit, expect.stringContaining(words)]);
});

test('without a terminal the code comes from a file', async () => {
  const route = await routeOf();
  const spoken = await desk.sumun(['break-glass', 'open', route, '--for', '1h', '--reason', 'x']);
  expect([spoken.exit, spoken.stderr]).toEqual([2, expect.stringContaining('--code-file')]);
});

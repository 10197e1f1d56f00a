import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Desk, field } from '../cli/terminal.ts';
import { SECRET_TEXT } from './parts.ts';
import { clientYaml, type Product, startProduct } from './product.ts';

const HEAD = 'version: 1\nserver:\n  listen: "127.0.0.1:8080"\n';

describe('sumun radius test', () => {
  const desk = new Desk();
  let oneField: Product;
  let challenge: Product;
  beforeAll(async () => {
    oneField = await startProduct(
      clientYaml('auth: id+otp+pin\nreply: { Fortinet-Group-Name: "{user.groups}", Session-Timeout: "3600" }'),
    );
    challenge = await startProduct(clientYaml('auth: id+pw+otp\nmode: challenge'));
    mkdirSync(join(desk.folder, 'secrets'));
    writeFileSync(join(desk.folder, 'config.yaml'), `${HEAD}${clientYaml('auth: id+otp+pin')}`);
    writeFileSync(
      join(desk.folder, 'unserved.yaml'),
      `${HEAD}${clientYaml('auth: id+otp').replace(/ {2}listen: .*\n/, '')}`,
    );
  });
  afterAll(async () => {
    await oneField.stop();
    await challenge.stop();
    desk.remove();
  });
  const ask = (product: Product, input: string, ...more: readonly string[]) =>
    desk.sumun(
      ['radius', 'test', 'vpn', 'kim', '--server', `127.0.0.1:${product.radiusPort}`, '--password-file', '-', ...more],
      { input },
    );

  test('0 and the attributes on Access-Accept', async () => {
    const kim = await oneField.person('kim', ['staff']);
    const spoken = await ask(oneField, `${kim.pin}${kim.otp()}\n`);
    expect([spoken.exit, spoken.stderr]).toEqual([0, '']);
    expect(spoken.stdout).toContain('← Access-Accept');
    expect(spoken.stdout).toContain('Fortinet-Group-Name = staff');
    expect(spoken.stdout).toContain('Session-Timeout = 3600');
  });

  test('4 on Access-Reject, in JSON too; nothing that was typed is shown', async () => {
    const spoken = await ask(oneField, '739152000000\n');
    expect(spoken.exit).toBe(4);
    expect(spoken.stdout).toMatch(/Reply-Message = .*Authentication failed\./);
    const json = await ask(oneField, '739152000000\n', '--json');
    expect([json.exit, field(json.json, 'result'), field(json.json, 'exchanges', 0, 'received')]).toEqual([
      4,
      'reject',
      'Access-Reject',
    ]);
    expect(spoken.stdout + spoken.stderr + json.stdout).not.toContain('739152');
  });

  test('an Access-Challenge is answered with the next line, 5 where there is none', async () => {
    const kim = await challenge.person('kim');
    const accepted = await ask(challenge, `${kim.password}\n${kim.otp()}\n`);
    expect(accepted.exit).toBe(0);
    expect(accepted.stdout).toMatch(/← Access-Challenge[^←]*Reply-Message = .*Enter OTP code\.[^←]*← Access-Accept/);
    expect((await ask(challenge, `${kim.password}\n`)).exit).toBe(5);
  });

  test('a person is asked for both', async () => {
    const lee = await challenge.person('lee');
    const server = `127.0.0.1:${challenge.radiusPort}`;
    const typed = [lee.password, lee.otp()];
    const spoken = await desk.sumun(['radius', 'test', 'vpn', 'lee', '--server', server], { typed });
    expect(spoken.exit).toBe(0);
    expect(spoken.stdout + spoken.stderr).not.toContain(lee.password);
  });

  test('69 and what to look at where no answer comes', async () => {
    const asked: unknown[] = [];
    const askRadius = async (question: unknown) => void asked.push(question);
    const input = 'x\n';
    const spoken = await desk.sumun('radius test vpn kim --password-file -', { input, askRadius: askRadius as never });
    expect([spoken.exit, asked.length]).toEqual([69, 1]);
    expect(spoken.stderr).toContain('radius.refused');
    expect(spoken.stderr).toContain('127.0.0.1');
  });

  test.each([
    ['radius test nas kim --password-file -', 2, "no client 'nas' (there are: vpn)"],
    ['radius test vpn kim', 2, '--password-file'],
    ['radius test vpn kim --server host:x --password-file -', 2, 'host:port'],
    ['radius test vpn kim --server a:b:c --password-file -', 2, 'host:port'],
    ['radius test vpn kim --server host:70000 --password-file -', 2, 'host:port'],
    ['radius test vpn kim --password-file absent', 2, 'ENOENT'],
    ['-c unserved.yaml radius test vpn kim --password-file -', 2, '--server'],
    ['radius test vpn', 2, '<login>'],
  ])('`sumun %s` ends with %i', async (line, exit, words) => {
    const spoken = await desk.sumun(line, { input: 'x\n' });
    expect([spoken.exit, spoken.stdout]).toEqual([exit, '']);
    expect(spoken.stderr).toContain(words);
  });

  test('a password longer than the protocol carries is said to be one', async () => {
    const spoken = await desk.sumun('radius test vpn kim --password-file -', { input: `${'x'.repeat(129)}\n` });
    expect([spoken.exit, spoken.stderr]).toEqual([2, expect.stringContaining('128')]);
  });

  test('the secret is nowhere in what is said', async () => {
    const spoken = await ask(oneField, 'wrong\n', '--json');
    expect(spoken.stdout + spoken.stderr).not.toContain(SECRET_TEXT);
  });
});

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIGURE_6, FIGURE_7, K20 } from '../importing/files.ts';
import { Desk, field } from './terminal.ts';

const desk = new Desk();
const env = { SUMUN_CONFIG: 'site/config.yaml' };
const sumun = (line: string, more: Parameters<Desk['sumun']>[1] = {}) => desk.sumun(line, { env, ...more });
const HEX = Buffer.from(K20).toString('hex');

beforeAll(async () => {
  await desk.sumun('init site --host hr.example --upstream http://127.0.0.1:9 --auth id+otp --admin root --json');
  await sumun('user add kim');
  await sumun('user add lee');
  writeFileSync(desk.path('figure6.xml'), FIGURE_6);
  writeFileSync(desk.path('figure7.xml'), FIGURE_7);
  writeFileSync(desk.path('password'), 'qwerty\n');
  writeFileSync(desk.path('key'), '1234 5678 9012 3456 7890 1234 5678 9012\n');
  writeFileSync(desk.path('wrong'), 'qwertz\n');
  writeFileSync(
    desk.path('tokens.csv'),
    `serial,key,type,digits,counter,login\nT1,${HEX},hotp,6,3,kim\nT2,${HEX},totp,8,,lee\nT3,${HEX},totp,6,,\nT4,${HEX},totp,6,,nobody\n`,
  );
});
afterAll(() => desk.remove());

describe('token import', () => {
  test('says in a dry run what would become of every row', async () => {
    const dry = await sumun('token import tokens.csv --dry-run');
    expect(dry.exit).toBe(4);
    expect(dry.stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'line | serial | login | kind | result',
      '2 | T1 | kim | hotp SHA1 (default) 6 | can be added',
      '3 | T2 | lee | totp SHA1 (default) 8/30 | can be added',
      '4 | T3 | totp SHA1 (default) 6/30 | refused: it names no owner: add a column login, or use --login',
      '5 | T4 | nobody | totp SHA1 (default) 6/30 | no such user',
      '',
    ]);
    expect(dry.stderr).toContain('2 of 4 tokens can be added; nothing was written');
    expect((await sumun('token list kim --json')).json).toEqual({ tokens: [] });
  });

  test('adds, finds on the second run that everything is there, and never shows a secret', async () => {
    const real = await sumun('token import tokens.csv --json');
    expect([real.exit, field(real.json, 'dryRun'), field(real.json, 'rows', 0, 'verdict')]).toEqual([
      4,
      false,
      'added',
    ]);
    expect(field(real.json, 'rows', 0, 'token')).toMatchObject({ kind: 'hotp', counter: 3, hashSource: 'default' });
    const again = await sumun('token import tokens.csv --json');
    expect(field(again.json, 'rows', 1, 'verdict')).toBe('exists');
    const shown = await sumun('token list --json');
    for (const said of [real, again, shown]) {
      expect(said.stdout + said.stderr).not.toMatch(new RegExp(`${HEX}|${K20}`));
    }
    expect((await sumun('token test kim 969429')).exit).toBe(0);
    expect((await sumun('audit search --kind token.imported')).stdout).toContain('kim');
  });

  test('gives a file to one person, from standard input', async () => {
    const uri = 'otpauth://totp/Old:somebody@old.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR&algorithm=SHA256';
    const given = await sumun('token import - --login lee --json', { input: `${uri}\n` });
    expect([given.exit, field(given.json, 'rows', 0, 'login')]).toEqual([0, 'lee']);
    expect(given.stdout).not.toContain('GEZDGNBV');
  });

  test('opens encrypted files with a key or a password from a file', async () => {
    const six = await sumun('token import figure6.xml --preshared-key-file key --login kim --dry-run --json');
    expect([six.exit, field(six.json, 'rows', 0, 'verdict')]).toEqual([0, 'would-add']);
    const seven = await sumun('token import figure7.xml --password-file password --login kim --dry-run --json');
    expect([seven.exit, field(seven.json, 'rows', 0, 'token', 'digits')]).toEqual([0, 8]);
  });

  test.each([
    ['figure7.xml', 2, 'password-needed', '--password-file'],
    ['figure6.xml', 2, 'key-needed', '--preshared-key-file'],
    ['figure7.xml --password-file wrong', 4, 'key-wrong', 'the MAC is wrong'],
    ['figure6.xml --password-file password', 2, 'key-needed', 'pre-shared key'],
    ['site/config.yaml', 2, 'unknown-format', 'no known format'],
  ])('%s is refused whole with exit %i: %s', async (args, exit, problem, words) => {
    const refused = await sumun(`token import ${args} --json`);
    expect([refused.exit, field(refused.json, 'error', 'problem') ?? field(refused.json, 'problem')]).toEqual([
      exit,
      problem,
    ]);
    expect((await sumun(`token import ${args}`)).stderr).toContain(words);
  });

  test.each([
    ['token import absent.csv', 'file-unreadable'],
    ['token import figure6.xml --preshared-key-file password', 'key-invalid'],
    ['token import', 'argument-missing'],
  ])('%s is a fault of usage: %s', async (line, code) => {
    const refused = await sumun(`${line} --json`);
    expect([refused.exit, refused.stdout + refused.stderr]).toEqual([2, expect.stringContaining(code)]);
  });

  test.each(['ko', 'ja'])('speaks %s', async (language) => {
    const said = await sumun(`token import tokens.csv --dry-run --lang ${language}`);
    expect(said.stdout).not.toMatch(/refused|exists|undefined/);
    expect(said.exit).toBe(4);
  });
});

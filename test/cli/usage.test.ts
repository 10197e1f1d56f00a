import { afterAll, describe, expect, test } from 'vitest';
import { languageOf } from '../../src/cli/command-line.ts';
import { Desk, field } from './terminal.ts';

const desk = new Desk();
afterAll(() => desk.remove());

describe('a command line that cannot be read', () => {
  test.each([
    ['', 2, 'command-missing', 'no command was given'],
    ['chekc', 2, 'unknown-command', 'did you mean check?'],
    ['user ad', 2, 'unknown-command', 'did you mean add?'],
    ['user', 2, 'command-missing', 'see sumun user --help'],
    ['--jsn check', 2, 'unknown-flag', 'did you mean --json?'],
    ['--frobnicate', 2, 'unknown-flag', "no flag '--frobnicate'"],
    ['check --tests', 2, 'unknown-flag', "no flag '--tests'"],
    ['user add', 2, 'argument-missing', '<login>'],
    ['user add a b', 2, 'too-many-arguments', 'too many arguments'],
    ['user add a --name', 2, 'value-missing', "'--name <name>' needs a value"],
    ['user list --status gone', 2, 'value-invalid', 'active, suspended'],
    ['token enroll kim --otpauth --digits 7', 2, 'value-invalid', '6, 8'],
    ['token enroll kim --otpauth --algorithm MD5', 2, 'value-invalid', 'SHA1, SHA256, SHA512'],
    ['token enroll kim', 2, 'not-in-this-version', '--otpauth'],
    ['demo --port 99999', 2, 'value-invalid', '0–65535'],
    ['explain GET http://a/ --have push', 2, 'value-invalid', 'pw,pin,otp,sms'],
    ['explain GET http://a/ --at yesterday', 2, 'value-invalid', '2026-11-23T10:00+09:00'],
    ['explain GET', 2, 'argument-missing', 'METHOD and a URL'],
    ['completion tcsh', 2, 'value-invalid', 'bash, zsh, fish'],
    ['--lang fr version', 2, 'value-invalid', 'ko, en, ja'],
    ['session revoke', 2, 'usage', 'exactly one'],
    ['session revoke x --all', 2, 'usage', 'exactly one'],
    ['audit show zero', 2, 'value-invalid', '1–'],
    ['approval list', 1, 'not-in-this-version', "'approval' is not in this version"],
    ['radius test a b', 3, 'config-missing', 'sumun init'],
    ['client add x --scope everything', 2, 'usage', 'verify:detail'],
    ['client add x --network 10.0.0.1/8', 2, 'usage', '--network'],
    ['client add x --expires 90', 2, 'usage', '1m–3650d'],
    ['client add a/b', 2, 'usage', 'cannot be a name'],
    ['client rotate x --overlap soon', 2, 'usage', '0s–3650d'],
    ['migrate', 3, 'config-missing', 'sumun init'],
    ['check', 3, 'config-missing', 'sumun init'],
    ['check absent.yaml', 3, 'config-missing', 'absent.yaml'],
    ['run', 3, 'config-missing', 'sumun init'],
    ['user list', 3, 'config-missing', 'sumun init'],
    ['-c absent.yaml user list', 3, 'config-missing', 'absent.yaml'],
    ['init --upstream https://a', 2, 'value-invalid', 'http://host:port'],
    ['init --upstream ftp://a', 2, 'value-invalid', 'http://host:port'],
    ['init --auth otp', 2, 'value-invalid', 'form of sign-in'],
    ['init --auth id+otp+otp', 2, 'value-invalid', 'form of sign-in'],
    ['init --auth id+sms', 2, 'value-invalid', 'form of sign-in'],
    ['init --host a:b', 2, 'value-invalid', 'host name'],
    ['restore absent', 2, 'file-unreadable', 'ENOENT'],
  ])('`sumun %s` ends with %i', async (line, exit, code, words) => {
    const spoken = await desk.sumun(line);
    expect([spoken.exit, spoken.stdout]).toEqual([exit, '']);
    expect(spoken.stderr).toContain(words);
    expect(spoken.stderr).not.toMatch(/^\s+at /m);

    const asJson = await desk.sumun(`${line} --json`);
    expect([asJson.exit, field(asJson.json, 'error', 'code')]).toEqual([exit, code]);
    expect(asJson.stdout.trim().split('\n')).toHaveLength(1);
  });

  test('does not repeat what may be a secret', async () => {
    for (const line of ['user add kim --password=hunter2', '--password=hunter2', 'user add kim hunter2']) {
      const { exit, stdout, stderr } = await desk.sumun(line);
      expect(exit).toBe(2);
      expect(stdout + stderr).not.toContain('hunter2');
    }
  });

  test('is answered without a stack, which SUMUN_DEBUG adds for what nobody expected', async () => {
    const serve = () => Promise.reject(new Error('the floor is wet\nand cold'));
    await desk.sumun('init plain');
    const quiet = await desk.sumun('run -c plain/config.yaml', { serve });
    expect([quiet.exit, quiet.stderr]).toEqual([1, '✕ the floor is wet\n']);
    const loud = await desk.sumun('run -c plain/config.yaml', { serve, env: { SUMUN_DEBUG: '1' } });
    expect(loud.stderr).toMatch(/^\s+at /m);
  });

  test.each([
    ['EADDRINUSE', 1, 'another program is using'],
    ['EACCES', 77, 'no'],
    ['ECONNREFUSED', 69, 'no'],
    ['EIO', 1, 'no'],
  ])('the error %s of the system ends with %i', async (code, exit, words) => {
    const serve = () => Promise.reject(Object.assign(new Error('no'), { code, address: '127.0.0.1', port: 80 }));
    const spoken = await desk.sumun('run -c plain/config.yaml', { serve });
    expect(spoken.exit).toBe(exit);
    expect(spoken.stderr).toContain(words);
  });
});

describe('the language', () => {
  test.each([
    [['--lang', 'ja'], { LANG: 'ko_KR.UTF-8' }, 'ja'],
    [['--lang=ko'], {}, 'ko'],
    [[], { LANG: 'ko_KR.UTF-8' }, 'ko'],
    [[], { LANG: 'ja_JP.UTF-8' }, 'ja'],
    [[], { LANG: 'en_GB.UTF-8' }, 'en'],
    [[], { LANG: 'C.UTF-8' }, 'en'],
    [[], {}, 'en'],
    [[], { LC_ALL: 'ja_JP.UTF-8', LANG: 'ko_KR.UTF-8' }, 'ja'],
    [[], { LC_ALL: '', LC_MESSAGES: 'ko_KR.UTF-8', LANG: 'en_US' }, 'ko'],
  ] as const)('of %j under %j is %s', (args, env, language) => {
    expect(languageOf(args, env)).toBe(language);
  });

  test.each([
    ['ko_KR.UTF-8', "'chekc' 명령은 없습니다", '쓰는 법:'],
    ['ja_JP.UTF-8', "コマンド 'chekc' はありません", '使い方:'],
    ['en_US.UTF-8', "there is no command 'chekc'", 'Usage:'],
  ])('%s speaks in messages and help', async (LANG, message, title) => {
    expect((await desk.sumun('chekc', { env: { LANG } })).stderr).toContain(message);
    const help = await desk.sumun('user --help', { env: { LANG } });
    expect([help.exit, help.stdout.startsWith(title)]).toEqual([0, true]);
  });
});

describe('global flags', () => {
  test.each(['--json version', 'version --json'])('stand before or after the command: %s', async (line) => {
    expect(field((await desk.sumun(line)).json, 'version')).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('--version prints the version alone', async () => {
    const { exit, stdout } = await desk.sumun('--version');
    expect([exit, /^\d+\.\d+\.\d+\n$/.test(stdout)]).toEqual([0, true]);
  });

  test('--quiet keeps errors and data', async () => {
    expect((await desk.sumun('--quiet chekc')).stderr).toContain('no command');
    expect((await desk.sumun('--quiet version')).stdout).toContain('sumun');
  });

  test('colour needs a terminal and nobody who refuses it', async () => {
    const red = '\x1b[31m';
    expect((await desk.sumun('chekc', { typed: [] })).stderr).toContain(red);
    expect((await desk.sumun('chekc --no-color', { typed: [] })).stderr).not.toContain(red);
    expect((await desk.sumun('chekc', { typed: [], env: { NO_COLOR: '1' } })).stderr).not.toContain(red);
    expect((await desk.sumun('chekc')).stderr).not.toContain(red);
  });
});

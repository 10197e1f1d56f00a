import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cliReference } from '../../scripts/generate-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'sumun-main-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = stripTypeScriptTypes(readFileSync('src/main.ts', 'utf8'));

/** `main.ts` as JavaScript that takes itself to run on another version. */
function pretending(version: string): string {
  const file = join(folder, `main-${version}.mjs`);
  writeFileSync(file, source.replaceAll('process.versions.node', JSON.stringify(version)));
  return file;
}

const spoken = (binary: string, file: string, LANG: string) =>
  spawnSync(binary, [file, 'version'], { encoding: 'utf8', env: { LANG } });

describe('the first line of the program', () => {
  test.each(['20.20.2', '22.21.1', '23.11.0'])('refuses Node.js %s before anything is imported', (version) => {
    const { status, stdout, stderr } = spoken(process.execPath, pretending(version), 'C');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^Sumun needs .*this is ${version}.*\\n$`));
  });

  test.each(['22.22.0', '24.0.0'])('goes on with Node.js %s', (version) => {
    // The stripped copy stands alone, so going on means that it misses its own modules.
    expect(spoken(process.execPath, pretending(version), 'C').stderr).toContain('ERR_MODULE_NOT_FOUND');
  });

  test.each([
    ['ko_KR.UTF-8', '수문장은'],
    ['ja_JP.UTF-8', '水門番には'],
    ['de_DE.UTF-8', 'Sumun needs'],
  ])('says so in the language of %s', (LANG, words) => {
    expect(spoken(process.execPath, pretending('20.0.0'), LANG).stderr).toContain(words);
  });

  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((binary) => {
    const { stdout } = spawnSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    return /^(1[4-9]|2[01])\./.test(stdout ?? '');
  });
  test.skipIf(old === undefined)('is understood by a Node.js that is really too old', () => {
    const file = join(folder, 'main.mjs');
    writeFileSync(file, source);
    const { status, stderr } = spoken(old ?? '', file, 'C');
    expect([status, stderr.startsWith('Sumun needs')]).toEqual([1, true]);
  });
});

describe('the program', () => {
  test('runs from its source and exits with the code of the command', () => {
    const run = (...args: string[]) => spawnSync(process.execPath, ['src/main.ts', ...args], { encoding: 'utf8' });
    expect(run('version', '--json').stdout).toMatch(/^\{"version":"\d/);
    const wrong = run('frobnicate');
    expect([wrong.status, wrong.stdout]).toEqual([2, '']);
  });

  test('does not mind a reader that goes away', () => {
    const command = `'${process.execPath}' src/main.ts schema | head -c 10; exit \${PIPESTATUS[0]}`;
    expect(execFileSync('bash', ['-c', command], { encoding: 'utf8' })).toHaveLength(10);
  });
});

describe('docs/cli.md', () => {
  test('says what the commands say (npm run generate)', () => {
    expect(readFileSync('docs/cli.md', 'utf8')).toBe(cliReference());
  });

  test('describes every command, argument and flag', () => {
    expect(cliReference()).not.toMatch(/\| {2}\||undefined|\n\.\n/);
  });
});

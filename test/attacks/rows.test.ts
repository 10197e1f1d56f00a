/** Every attack that is promised to be tested is tested: the table beside this file says where. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const rows = readFileSync('test/attacks/rows.txt', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** Texts a test can be named by: everything in quotes that is not in a comment. */
function textsOf(file: string): readonly string[] {
  const code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  return code.match(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g) ?? [];
}

describe('the table of attacks', () => {
  test('names each pair of attack and file once', () => {
    expect(new Set(rows).size).toBe(rows.length);
    for (const row of rows) expect(row).toMatch(/^(?:G\d{3}|F\d+|[A-Z]+-\d+) test\/[\w/-]+\.test\.ts$/);
  });

  test.each(rows.map((row) => row.split(' ') as [string, string]))('%s is in the name of a test of %s', (id, file) => {
    const isNamed = new RegExp(`(?<![\\w-])${id}(?![\\w-])`);
    expect(textsOf(file).some((text) => isNamed.test(text))).toBe(true);
  });
});

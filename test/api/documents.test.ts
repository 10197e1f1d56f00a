import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openApiFile, problemsFile } from '../../scripts/generate-api.ts';
import { OPERATIONS } from '../../src/api/operations.ts';
import { PROBLEMS } from '../../src/api/problems.ts';
import { SCOPES } from '../../src/core/identity/api-client.ts';

describe('what is generated is current', () => {
  test('docs/openapi.json', () => {
    expect(readFileSync('docs/openapi.json', 'utf8')).toBe(openApiFile());
  });

  test('docs/api-problems.md', () => {
    expect(readFileSync('docs/api-problems.md', 'utf8')).toBe(problemsFile());
  });
});

test('every code the API gives is in the catalogue', () => {
  const files = (readdirSync('src/api', { recursive: true, encoding: 'utf8' }) as string[]).filter((file) =>
    file.endsWith('.ts'),
  );
  const codes = files.flatMap((file) =>
    [...readFileSync(`src/api/${file}`, 'utf8').matchAll(/(?:\bproblem\(|new Problem\(\d+,|again\()\s*'(\w+)'/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !Object.hasOwn(PROBLEMS, code))).toEqual([]);
});

describe('docs/api.md', () => {
  const text = existsSync('docs/api.md') ? readFileSync('docs/api.md', 'utf8') : '';

  test('names every scope', () => {
    expect(SCOPES.filter((scope) => !text.includes(`\`${scope}\``))).toEqual([]);
  });

  test('names every operation', () => {
    const line = ({ method, path }: (typeof OPERATIONS)[number]) => `\`${method.toUpperCase()} ${path}\``;
    expect(OPERATIONS.map(line).filter((each) => !text.includes(each))).toEqual([]);
  });
});

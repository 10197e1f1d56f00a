import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Rows of the table in docs/architecture.md: folder → folders and packages it may import. */
const rules = new Map(
  readFileSync('docs/architecture.md', 'utf8')
    .split('## Who may import whom')[1]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, folder = '', folders = '', packages = '']) => [
      folder.replaceAll('`', ''),
      { folders: names(folders), packages: names(packages), everything: folders.startsWith('everything') },
    ]),
);

function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : /\.tsx?$/.test(name) ? [path] : [];
  });

const files = filesBelow('src').map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const placeOf = (path: string): string => relative('src', path).split('/')[0] ?? '';
const importsOf = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
const resolved = (path: string, specifier: string): string => join(dirname(path), specifier);

describe('the import table of docs/architecture.md', () => {
  test('has a row for every folder', () => {
    expect([...new Set(files.map((file) => placeOf(file.path)))].filter((place) => !rules.has(place))).toEqual([]);
  });

  test.each(files.map((file) => [file.path, file.text] as const))(
    '%s imports only what its row allows',
    (path, text) => {
      const rule = rules.get(placeOf(path));
      const strangers = importsOf(text).filter((specifier) => {
        if (rule === undefined) return true;
        if (!specifier.startsWith('.')) return !rule.packages.includes(specifier) && placeOf(path) !== 'main.ts';
        const place = placeOf(resolved(path, specifier));
        return !rule.everything && !rule.folders.includes(place);
      });
      expect(strangers).toEqual([]);
    },
  );

  test('no file imports itself through others', () => {
    const graph = new Map(
      files.map((file) => [
        file.path,
        importsOf(file.text.replace(/^import type [^;]*;/gm, ''))
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => resolved(file.path, specifier)),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe('rules a table cannot hold, each with its reason', () => {
  const outside = (...allowed: string[]) =>
    files.filter((file) => !allowed.some((prefix) => file.path.startsWith(prefix)));
  test.each([
    ['Math.random is not random enough for anything here (G079)', /Math\.random\(/, []],
    ['the clock is read at the rim', /Date\.now\(|new Date\(\)/, ['src/app/', 'src/sdk/']],
    ['patterns from the configuration run in a linear-time engine (G160)', /new RegExp\(/, ['src/config/']],
    ['the environment is read where a process begins', /process\.env/, ['src/main.ts', 'src/app/workers/entry.ts']],
    ['nothing is fetched: no outbound HTTP besides upstreams', /\bfetch\(/, ['src/browser/', 'src/sdk/']],
    ['the lenient HTTP parser is never asked for', /insecureHTTPParser/, []],
    ['code is never made from text', /\beval\(|new Function\(/, []],
  ] as const)('%s', (_, pattern, allowed) => {
    expect(
      outside(...allowed)
        .filter((file) => pattern.test(file.text))
        .map((file) => file.path),
    ).toEqual([]);
  });
});

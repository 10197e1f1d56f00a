import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findingTexts } from '../../src/config/finding.ts';
import { displayWidth, renderFindings } from '../../src/config/render.ts';
import { watchFile } from '../../src/config/watch.ts';
import { FINDINGS, type FindingName } from '../../src/texts/findings/catalogue.ts';
import { findingsOf } from './checking.ts';

const OPTIONS = { colour: false, language: 'ko', folder: '/etc/sumun' } as const;

describe('findings for people', () => {
  test('show place, code, sentence, source and caret', () => {
    const text = 'version: 1\nroutes:\n  - name: hr\n    to: http://app\n    requre_pin: x\n';
    expect(
      renderFindings(findingsOf(text, { language: 'ko' }), text, OPTIONS)
        .split('\n')
        .slice(1),
    ).toEqual([
      '    3 │   - name: hr',
      '    4 │     to: http://app',
      '    5 │     requre_pin: x',
      '      │     ^^^^^^^^^^',
      '오류 1 · 경고 0',
      '',
    ]);
  });

  test('carets stand below wide letters (UAX #11)', () => {
    const text = 'version: 1\nroutes: [ { name: 급여관리, to: 인사앱 } ]\n';
    const lines = renderFindings(findingsOf(text, { language: 'ko' }), text, OPTIONS).split('\n');
    const source = lines.find((line) => line.startsWith('    2 │')) ?? '';
    const caret = lines.find((line) => line.includes('^')) ?? '';
    expect(displayWidth(caret.slice(0, caret.indexOf('^')))).toBe(
      displayWidth(source.slice(0, source.indexOf('인사앱'))),
    );
    expect(caret.replace(/[^^]/g, '')).toBe('^^^^^^');
  });

  test('never print a secret or move the cursor', () => {
    const text =
      'version: 1\nidentity: { profiles: { standard: { hmac: { secret: "hunter2" } } } }\nroutes: [ { name: "\u001b[2J", to: "http://x" } ]\n';
    const shown = renderFindings(findingsOf(text), text, OPTIONS);
    expect(shown).not.toContain('hunter2');
    expect(shown).not.toContain('\u001b');
  });

  test('are coloured only if asked', () => {
    const text = 'version: 2\n';
    expect(renderFindings(findingsOf(text), text, { ...OPTIONS, colour: true })).toContain('\u001b[31m✕');
  });
});

test('every language fills the same places of every sentence', () => {
  const placesOf = (sentence = '') => (sentence.match(/\{[a-z]+\}/g) ?? []).toSorted().join();
  for (const name of Object.keys(FINDINGS) as FindingName[]) {
    const [ko, en, ja] = (['ko', 'en', 'ja'] as const).map((language) => findingTexts(language).findings[name]);
    expect([placesOf(ko?.message), placesOf(ja?.message)], name).toEqual([
      placesOf(en?.message),
      placesOf(en?.message),
    ]);
    expect([placesOf(ko?.fix), placesOf(ja?.fix)], name).toEqual([placesOf(en?.fix), placesOf(en?.fix)]);
  }
});

test('a file that is written or replaced is noticed once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sumun-watch-'));
  const file = join(folder, 'config.yaml');
  writeFileSync(file, 'a');
  let changes = 0;
  const changed = (count: number) => expect.poll(() => changes, { timeout: 5000, interval: 20 }).toBe(count);
  const watcher = watchFile(file, () => changes++);
  try {
    writeFileSync(file, 'ab');
    writeFileSync(file, 'abc');
    await changed(1);
    writeFileSync(join(folder, 'next'), 'replaced');
    renameSync(join(folder, 'next'), file);
    await changed(2);
    writeFileSync(join(folder, 'other'), 'x');
    expect(readdirSync(folder)).toContain('other');
  } finally {
    watcher.close();
    await rm(folder, { recursive: true });
  }
  expect(changes).toBe(2);
});

import { relative } from 'node:path';
import type { Language } from '../core/policy.ts';
import { fill } from '../texts/findings/catalogue.ts';
import { type Finding, findingTexts } from './finding.ts';

export type RenderOptions = {
  readonly colour: boolean;
  readonly language: Language;
  /** Files below this folder are named relative to it. */
  readonly folder?: string;
};

const CONTEXT_LINES = 2;

/** Findings for people: mark, place, code, sentence; the source with a caret; what to write; a summary line. */
export function renderFindings(findings: readonly Finding[], sourceText: string, options: RenderOptions): string {
  const { phrases } = findingTexts(options.language);
  const lines = hideSecrets(sourceText).split(/\r?\n/);
  const blocks = findings.map((finding) => renderFinding(finding, lines, options));
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const counts = { errors: String(errors), warnings: String(findings.length - errors) };
  return findings.length === 0 ? '' : [...blocks, fill(phrases.summary, counts), ''].join('\n');
}

/** A secret that was written out is not written a second time. Widths stay, so that carets point right. */
const hideSecrets = (text: string): string =>
  text.replace(
    /\b((?:secret|password|token)["']?[ \t]*:[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s{[#,}"'][^\n,}#]*)/g,
    (_whole, key: string, value: string) => key + '•'.repeat(value.length),
  );

function renderFinding(finding: Finding, lines: readonly string[], options: RenderOptions): string {
  const isError = finding.severity === 'error';
  const paint = painter(options.colour);
  const mark = isError ? paint('31', '✕') : paint('33', '⚠');
  const place = `${nameOf(finding.file, options.folder)}:${finding.line}:${finding.column}`;
  const head = `${mark} ${paint('1', place)}  ${finding.code}  ${printable(finding.message)}`;
  const fix = finding.fix === undefined ? [] : [`${' '.repeat(4)}→ ${printable(finding.fix)}`];
  return [head, ...renderSource(finding, lines, paint), ...fix].join('\n');
}

function renderSource(finding: Finding, lines: readonly string[], paint: Paint): readonly string[] {
  const text = lines[finding.line - 1];
  if (
    text === undefined ||
    (finding.path === '' && finding.line === 1 && finding.endLine === 1 && finding.endColumn === 1)
  )
    return [];
  const first = Math.max(1, finding.line - CONTEXT_LINES);
  const width = Math.max(5, String(finding.line).length + 2);
  const shown = lines
    .slice(first - 1, finding.line)
    .map(
      (line, index) => `${paint('2', `${String(first + index).padStart(width)} │`)} ${printable(line).slice(0, 200)}`,
    );
  const start = text.slice(0, finding.column - 1);
  const end = finding.endLine === finding.line ? finding.endColumn - 1 : text.trimEnd().length;
  const marked = text.slice(finding.column - 1, Math.max(end, finding.column)).slice(0, 200);
  const caret = '^'.repeat(Math.max(1, displayWidth(printable(marked))));
  return [
    ...shown,
    `${' '.repeat(width)} ${paint('2', '│')} ${' '.repeat(displayWidth(printable(start)))}${paint('31', caret)}`,
  ];
}

type Paint = (code: string, text: string) => string;
const painter =
  (colour: boolean): Paint =>
  (code, text) =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;

const nameOf = (file: string, folder: string | undefined): string => {
  const name = folder === undefined ? file : relative(folder, file);
  return name === '' || name.startsWith('..') ? file : name;
};

/** Text that cannot move the cursor or colour the terminal; tabs take one column, as in the column count. */
const printable = (text: string): string =>
  text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

/** Columns a text takes on a terminal: Hangul, kana, ideographs and full-width forms take two (UAX #11). */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

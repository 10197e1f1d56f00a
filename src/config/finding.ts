import type { Language } from '../core/policy.ts';
import { FINDINGS, type FindingName, type FindingTexts, fill, type Phrase } from '../texts/findings/catalogue.ts';
import { en } from '../texts/findings/en.ts';
import { ja } from '../texts/findings/ja.ts';
import { ko } from '../texts/findings/ko.ts';
import type { Span, YamlPath } from './document.ts';

/** One fault or doubt about a configuration file. Lines and columns count from 1; the end is exclusive. */
export type Finding = {
  readonly severity: 'error' | 'warning';
  /** Stable: `SUMUN-102`. */
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Where in the document: `routes[2].auth`. Empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly fix?: string;
};

/** What a finding's sentence is filled with. `suggestion` and `known` become the hint. */
export type FindingArguments = Readonly<Record<string, string>> & {
  readonly suggestion?: string;
  readonly known?: string;
  readonly expected?: string;
};

/** What is wrong with one value, before it is known where the value stands. */
export type Complaint = { readonly finding: FindingName; readonly values?: FindingArguments };

const TEXTS: Readonly<Record<Language, FindingTexts>> = { ko, en, ja };

/** The texts of findings in a language. */
export const findingTexts = (language: Language): FindingTexts => TEXTS[language];

/** Writes a path as people read it: `routes[2].allow.groups[0]`. */
export const formatPath = (path: YamlPath): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? name : `${text}.${name}`;
  }, '');

/** Puts a complaint into words at its place. */
export function makeFinding(
  complaint: Complaint,
  place: { readonly file: string; readonly span: Span; readonly path: YamlPath },
  language: Language,
): Finding {
  const [code, severity] = FINDINGS[complaint.finding];
  const texts = TEXTS[language];
  const sentence = texts.findings[complaint.finding];
  const values = { ...complaint.values, ...inWords(complaint.values ?? {}, texts) };
  const key = complaint.values?.['key'] ?? formatPath(place.path);
  const message = fill(sentence.message, { ...values, key }).trimEnd();
  const fix = sentence.fix === undefined ? undefined : fill(sentence.fix, { ...values, key });
  const where = { file: place.file, ...place.span, path: formatPath(place.path) };
  return { severity, code, ...where, message, ...(fix === undefined ? {} : { fix }) };
}

/** The arguments that are phrases themselves. */
function inWords(values: FindingArguments, texts: FindingTexts): { readonly hint: string; readonly expected: string } {
  const phrase = (name: string): string => texts.phrases[name as Phrase] ?? name; // a name outside the list is text
  const suggested = values.suggestion ? fill(texts.phrases['did-you-mean'], { found: values.suggestion }) : undefined;
  const known = values.known ? fill(texts.phrases['known-are'], { found: values.known }) : undefined;
  return { hint: values['hint'] ?? suggested ?? known ?? '', expected: phrase(values.expected ?? '') };
}

/** By place in the file, errors before warnings at the same place. */
export const inFileOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted(
    (a, b) =>
      a.line - b.line || a.column - b.column || a.severity.localeCompare(b.severity) || a.code.localeCompare(b.code),
  );

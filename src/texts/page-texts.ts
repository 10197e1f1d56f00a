import type { Language } from '../core/policy.ts';
import { josa } from './josa.ts';
import { EN } from './pages/en.ts';
import { JA } from './pages/ja.ts';
import { KO, type PageText } from './pages/ko.ts';

const CATALOGUES: Readonly<Record<Language, Readonly<Record<PageText, string>>>> = { ko: KO, en: EN, ja: JA };

/** Values for the placeholders of a text. */
export type TextValues = Readonly<Record<string, string | number>>;

/** The text of a page in one language. The answer is plain text: whoever writes it into a document escapes it. */
export type Texts = (key: PageText, values?: TextValues) => string;

/** The catalogue of a language, ready to be asked. */
export const textsIn =
  (language: Language): Texts =>
  (key, values = {}) =>
    fill(CATALOGUES[language][key], values);

/** Fills `{name}` placeholders, then chooses each `{이/가}` by what stands before it. A value that is missing is a fault. */
export function fill(text: string, values: TextValues): string {
  let filled = '';
  let from = 0;
  for (const match of text.matchAll(/\{([^{}]+)\}/g)) {
    const token = match[1] ?? '';
    filled += text.slice(from, match.index);
    filled += token.includes('/') ? josa(filled, token) : valueFor(values, token);
    from = match.index + match[0].length;
  }
  return filled + text.slice(from);
}

function valueFor(values: TextValues, name: string): string {
  const value = values[name];
  if (value === undefined) throw new TypeError(`no value for {${name}}`);
  return String(value);
}

/** A text cut after each sentence, so that a page can move a whole sentence to the next line. */
export const sentences = (text: string): readonly string[] =>
  text.split(/(?<=[.?!]) |(?<=。)/).filter((sentence) => sentence !== '');

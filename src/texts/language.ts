import type { Language } from '../core/policy.ts';

/** What a request says about the reader's language. */
export type LanguageWish = {
  /** Value of `?lang=`, or undefined. */
  readonly asked: string | undefined;
  /** Value of the language cookie, or undefined. */
  readonly remembered: string | undefined;
  readonly acceptLanguage: string | undefined;
};

const LONGEST_HEADER = 512;
const MOST_RANGES = 16;

/**
 * The language of a page: what was asked for, then what was remembered, then the header (RFC 4647 §3.4 lookup), then
 * the first language on offer. Headers over 512 characters are not read.
 */
export function chooseLanguage(wish: LanguageWish, offered: readonly Language[]): Language {
  const fallback = offered[0] ?? 'ko';
  for (const word of [wish.asked, wish.remembered]) {
    const language = offered.find((one) => one === word);
    if (language !== undefined) return language;
  }
  return lookUp(wish.acceptLanguage ?? '', offered) ?? fallback;
}

function lookUp(header: string, offered: readonly Language[]): Language | undefined {
  if (header.length > LONGEST_HEADER) return undefined;
  const ranges = header
    .split(',', MOST_RANGES)
    .map(readRange)
    .filter((range) => range.weight > 0)
    .sort((left, right) => right.weight - left.weight);
  for (const { tag } of ranges) {
    const language = offered.find((one) => one === tag.split('-', 1)[0]);
    if (language !== undefined) return language;
  }
  return undefined;
}

/** One language range with its weight (RFC 9110 §12.5.4). What is malformed weighs nothing. */
function readRange(text: string): { readonly tag: string; readonly weight: number } {
  const parts = /^\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]=([01](?:\.\d{0,3})?|\.\d{1,3}))?\s*$/.exec(
    text,
  );
  if (parts === null) return { tag: '', weight: 0 };
  return { tag: (parts[1] ?? '').toLowerCase(), weight: parts[2] === undefined ? 1 : Number(parts[2]) };
}

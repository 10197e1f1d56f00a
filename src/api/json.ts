import { err, ok, type Result } from '../core/result.ts';

/** Arrays and objects inside each other. */
export const DEEPEST = 8;

/** Names in all objects of a body together. */
export const MOST_KEYS = 200;

/**
 * Reads a JSON body (RFC 8259), stricter than the parser of the language: UTF-8 without a byte order mark, at most
 * {@link DEEPEST} levels and {@link MOST_KEYS} names, no name twice in an object (readers disagree about which counts),
 * no `__proto__`, no half of a surrogate pair. Refusals are sentences.
 */
export function readJson(bytes: Uint8Array): Result<unknown, string> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return err('the body is not JSON in UTF-8');
  }
  const fault = faultOf(text);
  return fault === undefined ? ok(value) : err(fault);
}

/** Walks over a text that is known to be JSON. */
function faultOf(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined);
      if (open.length > DEEPEST) return `the body is deeper than ${DEEPEST} levels`;
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      const string = JSON.parse(text.slice(at, end)) as string; // the text is JSON, and this is a string of it
      if (!string.isWellFormed()) return 'a text holds half of a surrogate pair';
      at = end - 1;
      if (!isName(text, end)) continue;
      keys += 1;
      const names = open.at(-1);
      if (keys > MOST_KEYS) return `the body has more than ${MOST_KEYS} names`;
      if (names?.has(string) === true || string === '__proto__') return 'a name stands twice in an object';
      names?.add(string);
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** True if the string that ends here is followed by a colon: a name of an object. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}

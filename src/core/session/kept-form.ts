/** One field of a submitted form: its name, the size of its value in bytes, and whether it is a file. */
export type FormPart = { readonly name: string; readonly size: number; readonly file: boolean };

/** Fields that are listed at most; a page is not the place for more. */
const MOST = 100;

/**
 * Names and sizes of the fields of a form body, for showing what was kept. Never the values. A body that is neither
 * `application/x-www-form-urlencoded` nor `multipart/form-data`, or is not well formed, has no fields.
 */
export function readForm(body: Uint8Array, contentType: string): readonly FormPart[] {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  const text = latin1(body);
  if (type === 'application/x-www-form-urlencoded') return readUrlencoded(text);
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const mark = boundary?.[1] ?? boundary?.[2];
  return type === 'multipart/form-data' && mark !== undefined ? readMultipart(text, mark) : [];
}

function readUrlencoded(text: string): readonly FormPart[] {
  const parts: FormPart[] = [];
  for (const pair of text.split('&', MOST)) {
    if (pair === '') continue;
    const split = pair.indexOf('=');
    const name = percentBytes((split < 0 ? pair : pair.slice(0, split)).replaceAll('+', ' '));
    const size = split < 0 ? 0 : percentBytes(pair.slice(split + 1)).length;
    parts.push({ name: readable(name), size, file: false });
  }
  return parts;
}

function readMultipart(text: string, boundary: string): readonly FormPart[] {
  const parts: FormPart[] = [];
  for (const section of `\r\n${text}`.split(`\r\n--${boundary}`, MOST + 1).slice(1)) {
    if (section.startsWith('--')) break;
    const end = section.indexOf('\r\n\r\n');
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(section.slice(0, Math.max(0, end)))?.[1];
    const name = /(?:^|[;\s])name="([^"]*)"/i.exec(disposition ?? '')?.[1];
    if (end < 0 || name === undefined) continue;
    const file = /(?:^|[;\s])filename\*?=/i.test(disposition ?? '');
    parts.push({ name: readable(name), size: section.length - end - 4, file });
  }
  return parts;
}

/** One character for each byte. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

const percentBytes = (text: string): string =>
  text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** A name in UTF-8, else in EUC-KR, as old applications send it; at most 80 characters, control characters shown as such. */
function readable(name: string): string {
  const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
  return decode(bytes)
    .replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')
    .slice(0, 80);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('euc-kr').decode(bytes);
  }
}

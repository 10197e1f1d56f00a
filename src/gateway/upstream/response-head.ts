/** Status line and header section of a response, as it came. */
export class ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** The header section, checked: each line behind its CRLF, in order and octet for octet. */
  readonly section: string;
  #raw: readonly string[] | undefined;

  constructor(status: number, reason: string, section: string) {
    this.status = status;
    this.reason = reason;
    this.section = section;
  }

  /** Names and values in turn, order and case kept. */
  get rawHeaders(): readonly string[] {
    this.#raw ??= fieldsOf(this.section);
    return this.#raw;
  }
}

/** Calls `take` with the places of every field: where its line starts, its colon, where its line ends. */
export function eachField(section: string, take: (start: number, colon: number, end: number) => void): void {
  for (let start = 2; start < section.length; ) {
    const next = section.indexOf('\r\n', start);
    const end = next < 0 ? section.length : next;
    take(start, section.indexOf(':', start), end);
    start = end + 2;
  }
}

function fieldsOf(section: string): readonly string[] {
  const fields: string[] = [];
  eachField(section, (start, colon, end) => fields.push(section.slice(start, colon), trimOws(section, colon + 1, end)));
  return fields;
}

/** How the body of a response ends (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

export type ParsedHead = {
  readonly head: ResponseHead;
  readonly framing: Framing;
  /** False where the upstream said it will close, or speaks HTTP/1.0. */
  readonly keepAlive: boolean;
};

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** Whole header section at once: token names, no space before the colon, no folding, no control bytes (RFC 9112 §5). */
const FIELD_LINES = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;

const LENGTH = /^[0-9]{1,15}$/;

/**
 * Reads a response head without its final empty line. Undefined for everything that is not exactly a response: odd
 * status line, folded or malformed fields, several or unreadable lengths, a transfer coding other than one `chunked`,
 * length and transfer coding together, transfer coding in HTTP/1.0 (RFC 9112 §6.1).
 */
export function parseResponseHead(text: string, method: string): ParsedHead | undefined {
  const lineEnd = text.indexOf('\r\n');
  const statusLine = STATUS_LINE.exec(lineEnd < 0 ? text : text.slice(0, lineEnd));
  if (statusLine === null) return undefined;
  const fields = lineEnd < 0 ? '' : text.slice(lineEnd);
  if (!FIELD_LINES.test(fields)) return undefined;

  const seen: Seen = { length: undefined, coding: undefined, close: false, faulty: false };
  eachField(fields, (start, colon, end) => {
    const length = colon - start;
    if (length !== 10 && length !== 14 && length !== 17) return;
    noteFraming(seen, fields.slice(start, colon), trimOws(fields, colon + 1, end));
  });
  const minor = statusLine[1] === '1' ? 1 : 0;
  const status = Number(statusLine[2]);
  const framing = seen.faulty ? undefined : framingOf(seen, minor, status, method);
  if (framing === undefined) return undefined;
  return {
    head: new ResponseHead(status, statusLine[3] ?? '', fields),
    framing,
    keepAlive: minor === 1 && !seen.close && framing.kind !== 'until-close',
  };
}

type Seen = { length: string | undefined; coding: string | undefined; close: boolean; faulty: boolean };

/** Only three lengths of name matter; everything else is not even folded to lower case. */
function noteFraming(seen: Seen, name: string, value: string): void {
  if (name.length === 14 && name.toLowerCase() === 'content-length') {
    seen.faulty ||= seen.length !== undefined;
    seen.length = value;
  } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
    seen.faulty ||= seen.coding !== undefined;
    seen.coding = value;
  } else if (name.length === 10 && name.toLowerCase() === 'connection') {
    seen.close ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
  }
}

function framingOf(seen: Seen, minor: number, status: number, method: string): Framing | undefined {
  if (seen.coding !== undefined && (seen.length !== undefined || minor === 0)) return undefined;
  if (seen.coding !== undefined && seen.coding.toLowerCase() !== 'chunked') return undefined;
  if (seen.length !== undefined && !LENGTH.test(seen.length)) return undefined;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'none' };
  if (seen.coding !== undefined) return { kind: 'chunked' };
  if (seen.length === undefined) return { kind: 'until-close' };
  const bytes = Number(seen.length);
  return bytes === 0 ? { kind: 'none' } : { kind: 'length', bytes };
}

/** The text between two places without spaces and tabs at its ends (RFC 9110 §5.5). */
export function trimOws(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isOws(text.charCodeAt(start))) start += 1;
  while (end > start && isOws(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isOws = (code: number): boolean => code === 0x20 || code === 0x09;

/** Status line and header section of a response, as it came: names and values in turn, order and case kept. */
export type ResponseHead = {
  readonly status: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];
};

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

  const rawHeaders: string[] = [];
  const seen: Seen = { length: undefined, coding: undefined, close: false, faulty: false };
  for (let at = 2; at < fields.length; ) {
    const next = fields.indexOf('\r\n', at);
    const end = next < 0 ? fields.length : next;
    const colon = fields.indexOf(':', at);
    const name = fields.slice(at, colon);
    const value = trimOws(fields, colon + 1, end);
    rawHeaders.push(name, value);
    noteFraming(seen, name, value);
    at = end + 2;
  }
  const minor = statusLine[1] === '1' ? 1 : 0;
  const status = Number(statusLine[2]);
  const framing = seen.faulty ? undefined : framingOf(seen, minor, status, method);
  if (framing === undefined) return undefined;
  return {
    head: { status, reason: statusLine[3] ?? '', rawHeaders },
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
function trimOws(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isOws(text.charCodeAt(start))) start += 1;
  while (end > start && isOws(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isOws = (code: number): boolean => code === 0x20 || code === 0x09;

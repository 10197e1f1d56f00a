import { type Llhttp, type Scanner, SLICE, type SpanKind } from './llhttp.ts';
import type { HeaderNames } from './names.ts';
import type { SavedSpans, Spans } from './spans.ts';

/** A request head as it came. */
export type RequestHead = {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly keepAlive: boolean;
  /** The request names an upgrade, and `Connection` says so too (RFC 9110 §7.8). */
  readonly upgrade: boolean;
  readonly framing: 'none' | 'length' | 'chunked';
  /** Octets of the body where `framing` is `length`. */
  readonly length: number;
};

/** A header section and what it says of the body. */
type HeaderSection = Pick<RequestHead, 'rawHeaders' | 'framing' | 'length'> & { readonly text: string };

/** Longest header section that a connection remembers: there may be thousands of them. */
const REMEMBERED_MAX = 2048;

/** What all parsers of a process share. */
export type ParserParts = { readonly llhttp: Llhttp; readonly names: HeaderNames; readonly spans: Spans };

/** Sizes around chunks: in front of the data of one, and altogether beside the data. */
const CHUNK_FRAMING_MAX = 16 * 1024;
const FRAMING_MAX = 64 * 1024;
const FRAMING_PER_BYTE = 8;

/**
 * Reads one request after another from a byte stream with llhttp in strict mode. It reads heads and chunked bodies; a
 * body with a length is counted by whoever holds the connection.
 */
export class RequestParser implements Scanner {
  /** The head that was completed by the latest `feed`, the parts of its body in there, and whether it ended. */
  head: RequestHead | undefined;
  body: Buffer[] = [];
  complete = false;
  /** Why the octets are no request: a name of llhttp, or one of ours. Nothing can be read after that. */
  fault: string | undefined;
  /** True between the first octet of a message and its end. */
  inMessage = false;
  readonly #parts: ParserParts;
  readonly #state: number;
  readonly #headMax: () => number;
  #bytes: Buffer = NOTHING;
  #from = 0;
  #text = '';
  #saved: SavedSpans | undefined;
  #headDone = false;
  #trailers = 0;
  #framing = 0;
  #framingSinceData = 0;
  #data = 0;
  /** Where the latest data ended within the read; -1 if there was none. */
  #dataEnd = -1;
  /** Where the head ended within the read. */
  #bodyFrom = 0;
  #freed = false;
  #section: HeaderSection = NO_FIELDS;

  constructor(parts: ParserParts, headMax: () => number) {
    this.#parts = parts;
    this.#headMax = headMax;
    this.#state = parts.llhttp.alloc();
  }

  free(): void {
    this.fault ??= 'closed';
    if (!this.#freed) this.#parts.llhttp.free(this.#state);
    this.#freed = true;
  }

  /** Expects the next message. */
  next(): void {
    if (this.#freed) return;
    this.#parts.llhttp.reset(this.#state);
    this.inMessage = false;
    this.#headDone = false;
    this.#text = '';
    this.#saved = undefined;
    this.#trailers = 0;
    this.#framing = 0;
    this.#framingSinceData = 0;
    this.#data = 0;
  }

  /** Reads from a position on, at most to the end of the message. Answers the position after what was read. */
  feed(bytes: Buffer, from: number): number {
    this.head = undefined;
    this.complete = false;
    if (this.body.length > 0) this.body = [];
    this.#bytes = bytes;
    let at = from;
    while (at < bytes.length && !this.complete && this.fault === undefined) at = this.#feedSlice(at);
    this.#bytes = NOTHING;
    return at;
  }

  onSpan(kind: SpanKind, start: number, length: number): void {
    if (this.#headDone) {
      this.#trailers += length;
      return;
    }
    const at = this.#text.length + start;
    this.#parts.spans.note(kind, at, at + length);
  }

  onHead(keepAlive: boolean, upgrade: boolean): boolean {
    this.#headDone = true;
    const { spans, llhttp } = this.#parts;
    const end = spans.end(spans.count - 1);
    if (end + 4 > this.#headMax()) this.fault = 'HPE_HEADER_OVERFLOW';
    const before = this.#text.length;
    this.#bodyFrom = Math.max(0, end + 4 - before);
    const text = this.#text + this.#bytes.toString('latin1', this.#from, this.#from + Math.max(0, end - before));
    const method = llhttp.method(this.#state);
    if (!hasPlainRequestLine(text, method, spans)) this.fault ??= 'request-line';
    const { rawHeaders, framing, length } = this.#sectionIn(text, spans.end(0));
    const { major, minor } = llhttp.version(this.#state);
    const url = text.slice(spans.start(0), spans.end(0));
    this.head = {
      method,
      url,
      rawHeaders,
      httpVersionMajor: major,
      httpVersionMinor: minor,
      keepAlive,
      upgrade,
      framing,
      length,
    };
    return framing === 'chunked';
  }

  onBody(start: number, length: number): void {
    this.#data += length;
    this.#dataEnd = start + length;
    this.body.push(this.#bytes.subarray(this.#from + start, this.#from + start + length));
  }

  onComplete(): void {
    this.complete = true;
  }

  #feedSlice(at: number): number {
    const { spans, llhttp } = this.#parts;
    const to = Math.min(this.#bytes.length, at + SLICE);
    this.#from = at;
    this.inMessage = true;
    if (!this.#headDone) {
      if (this.#saved === undefined) spans.clear();
      else spans.load(this.#saved);
    }
    this.#bodyFrom = 0;
    const dataBefore = this.#data;
    this.#dataEnd = -1;
    const read = llhttp.execute(this.#state, this.#bytes, at, to, this);
    if (read === undefined) {
      this.fault ??= this.#faultAt(at, to);
      return to;
    }
    if (!this.#headDone) this.#hold(at, to);
    else this.#countFraming(read, this.#data - dataBefore);
    return at + read;
  }

  /** The parser's word, but for a method it does not know in a request that is otherwise one. */
  #faultAt(from: number, to: number): string {
    const { fault } = this.#parts.llhttp;
    if (fault !== 'HPE_INVALID_METHOD') return fault;
    return UNKNOWN_METHOD.test(this.#bytes.toString('latin1', from, to)) ? 'unknown-method' : fault;
  }

  /** Keeps the beginning of a head that is not complete. */
  #hold(from: number, to: number): void {
    this.#text += this.#bytes.toString('latin1', from, to);
    this.#saved = this.#parts.spans.save();
    if (this.#text.length > this.#headMax()) this.fault = 'HPE_HEADER_OVERFLOW';
  }

  /** Chunk sizes, extensions and trailers are nobody's data: so much of them and no more. */
  #countFraming(read: number, data: number): void {
    this.#framing += read - this.#bodyFrom - data;
    this.#framingSinceData = this.#dataEnd < 0 ? this.#framingSinceData + read - this.#bodyFrom : read - this.#dataEnd;
    if (this.#trailers > this.#headMax()) this.fault = 'HPE_HEADER_OVERFLOW';
    const isTooMuch = this.#framing > FRAMING_MAX && this.#framing > FRAMING_PER_BYTE * this.#data;
    if (this.#framingSinceData > CHUNK_FRAMING_MAX || isTooMuch) this.fault ??= 'HPE_CHUNK_EXTENSIONS_OVERFLOW';
  }

  /**
   * The header section. What a browser sends behind the request line is mostly the same from one request to the next:
   * the same octets, which the parser has read again, are the same fields.
   */
  #sectionIn(text: string, from: number): HeaderSection {
    const { spans, names } = this.#parts;
    const octets = text.slice(from);
    if (octets === this.#section.text) return this.#section;
    // Cut loose from the head: it compares quickly, and the views into it keep nothing else in memory.
    const alone = Buffer.from(octets, 'latin1').toString('latin1');
    const rawHeaders: string[] = [];
    for (let index = 1; index + 1 < spans.count; index += 2) {
      rawHeaders.push(names.intern(alone.slice(spans.start(index) - from, spans.end(index) - from)));
      rawHeaders.push(valueAt(alone, spans.start(index + 1) - from, spans.end(index + 1) - from));
    }
    const section = { text: alone, rawHeaders, ...framingOf(rawHeaders) };
    if (alone.length <= REMEMBERED_MAX) this.#section = section;
    return section;
  }
}

const NOTHING = Buffer.alloc(0);

const UNKNOWN_METHOD = /^[A-Z]{1,32} \S+ HTTP\/1\.[01]\r\n/;

/** A field value without the white space behind it; the parser leaves out what stands before it (RFC 9110 §5.5). */
function valueAt(text: string, start: number, end: number): string {
  let last = end;
  while (last > start && isSpace(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(start, last);
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

/** Exactly one space on either side of the target (RFC 9112 §3): the parser would read over more of them. */
function hasPlainRequestLine(text: string, method: string, spans: Spans): boolean {
  const start = spans.start(0) - 1 - method.length;
  const isPlain = text.startsWith(method, start) && (start === 0 || text.charCodeAt(start - 1) === 0x0a);
  return isPlain && (spans.count === 1 || text.startsWith(' HTTP/', spans.end(0)));
}

/** How the body ends. The parser has refused every doubt but transfer codings of HTTP/1.0, which are refused later. */
function framingOf(rawHeaders: readonly string[]): Pick<RequestHead, 'framing' | 'length'> {
  let length = -1;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return CHUNKED;
    if (name.length === 14 && name.toLowerCase() === 'content-length') length = Number(rawHeaders[index + 1]);
  }
  if (length < 0) return BODILESS;
  return length === 0 ? { framing: 'none', length: 0 } : { framing: 'length', length };
}

const CHUNKED = { framing: 'chunked', length: 0 } as const;
const BODILESS = { framing: 'none', length: 0 } as const;

const NO_FIELDS: HeaderSection = { text: '', rawHeaders: [], ...BODILESS };

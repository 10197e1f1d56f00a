import { type Framing, parseResponseHead, type ResponseHead } from './response-head.ts';

/** Where a response goes while it is read. Bytes handed over are valid during the call only. */
export type ResponseSink = {
  /** An interim response (100 to 199 without 101). */
  onInformational(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** The last call of a response has `last` set, and possibly no bytes. */
  onBody(bytes: Buffer, last: boolean): void;
};

/** `surplus`: the response is complete and bytes follow that nobody asked for. */
export type Progress = 'open' | 'complete' | 'surplus' | 'malformed';

const HEAD_MAX = 64 * 1024;
const CHUNK_LINE_MAX = 256;
const TRAILERS_MAX = 16 * 1024;
const INFORMATIONAL_MAX = 16;

/** Size in hexadecimal, extensions read and dropped (RFC 9112 §7.1.1). */
const CHUNK_LINE = /^([0-9a-fA-F]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;

const NOTHING = Buffer.alloc(0);

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Reads one response after another from a byte stream. Strict: whatever is odd is `malformed` and ends the connection. */
export class ResponseParser {
  /** After a complete response: whether the connection may carry another request. */
  keepAlive = false;
  #state: 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers' | 'until-close' | 'complete' =
    'complete';
  #method = '';
  #upgrade = false;
  /** A part of a head or line that is not complete yet. */
  #held = '';
  #left = 0;
  #trailers = 0;
  #informational = 0;

  /** Expects the response to a request of this method; 101 is accepted only where an upgrade was asked for. */
  begin(method: string, upgrade: boolean): void {
    this.#state = 'head';
    this.#method = method;
    this.#upgrade = upgrade;
    this.#held = '';
    this.#trailers = 0;
    this.#informational = 0;
    this.keepAlive = false;
  }

  /** Reads the first `count` bytes of the buffer. */
  feed(buffer: Buffer, count: number, sink: ResponseSink): Progress {
    let at = 0;
    while (at < count) {
      const next = this.#step(buffer, at, count, sink);
      if (next < 0) return 'malformed';
      at = next;
      if (this.#state === 'complete') return at < count ? 'surplus' : 'complete';
    }
    return 'open';
  }

  /** The upstream closed: the end of a body without length, else a response cut short. */
  finish(sink: ResponseSink): 'complete' | 'malformed' {
    if (this.#state !== 'until-close') return 'malformed';
    this.#state = 'complete';
    sink.onBody(NOTHING, true);
    return 'complete';
  }

  /** Position after what was read, or -1. */
  #step(buffer: Buffer, at: number, count: number, sink: ResponseSink): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(buffer, at, count, sink);
      case 'length':
      case 'chunk-data':
        return this.#readData(buffer, at, count, sink);
      case 'until-close':
        sink.onBody(buffer.subarray(at, count), false);
        return count;
      case 'chunk-size':
      case 'chunk-end':
      case 'trailers':
        return this.#readLine(buffer, at, count, sink);
      case 'complete':
        return -1;
    }
  }

  #readHead(buffer: Buffer, at: number, count: number, sink: ResponseSink): number {
    const heldBefore = this.#held.length;
    const limit = Math.min(count, at + HEAD_MAX + 4);
    // What stands behind a whole head is the body, and no text.
    const close = heldBefore === 0 ? buffer.indexOf(END_OF_HEAD, at) : -1;
    const text = buffer.toString('latin1', at, close < 0 || close + 4 > limit ? limit : close + 4);
    const whole = heldBefore === 0 ? text : this.#held + text;
    const end = whole.indexOf('\r\n\r\n', Math.max(0, heldBefore - 3));
    if (end > HEAD_MAX || (end < 0 && whole.length > HEAD_MAX)) return -1;
    if (end < 0) {
      this.#held = whole;
      return count;
    }
    this.#held = '';
    const parsed = parseResponseHead(whole.slice(0, end), this.#method);
    if (parsed === undefined) return -1;
    const { status } = parsed.head;
    if (status < 200 && status !== 101) {
      this.#informational += 1;
      if (this.#informational > INFORMATIONAL_MAX) return -1;
      sink.onInformational(parsed.head);
    } else {
      if (status === 101 && !this.#upgrade) return -1;
      this.keepAlive = parsed.keepAlive;
      this.#enterBody(status === 101 ? { kind: 'until-close' } : parsed.framing);
      sink.onHead(parsed.head);
      if (this.#state === 'complete') sink.onBody(NOTHING, true);
    }
    return at + end + 4 - heldBefore;
  }

  #enterBody(framing: Framing): void {
    switch (framing.kind) {
      case 'none':
        this.#state = 'complete';
        return;
      case 'length':
        this.#left = framing.bytes;
        this.#state = 'length';
        return;
      case 'chunked':
        this.#state = 'chunk-size';
        return;
      case 'until-close':
        this.#state = 'until-close';
    }
  }

  #readData(buffer: Buffer, at: number, count: number, sink: ResponseSink): number {
    const end = Math.min(count, at + this.#left);
    this.#left -= end - at;
    if (this.#left > 0) {
      sink.onBody(buffer.subarray(at, end), false);
      return end;
    }
    const last = this.#state === 'length';
    this.#state = last ? 'complete' : 'chunk-end';
    sink.onBody(buffer.subarray(at, end), last);
    return end;
  }

  /** Chunk size, the empty line behind chunk data, or a trailer: all lines that end in CRLF. */
  #readLine(buffer: Buffer, at: number, count: number, sink: ResponseSink): number {
    const newline = buffer.indexOf(0x0a, at);
    const end = newline < 0 || newline >= count ? count : newline + 1;
    this.#held += buffer.toString('latin1', at, end);
    this.#trailers += this.#state === 'trailers' ? end - at : 0;
    const max = this.#state === 'trailers' ? TRAILERS_MAX : CHUNK_LINE_MAX;
    if (this.#held.length > max || this.#trailers > TRAILERS_MAX) return -1;
    if (!this.#held.endsWith('\n')) return count;
    if (!this.#held.endsWith('\r\n')) return -1;
    const line = this.#held.slice(0, -2);
    this.#held = '';
    return this.#takeLine(line, sink) ? end : -1;
  }

  #takeLine(line: string, sink: ResponseSink): boolean {
    if (this.#state === 'chunk-end') {
      this.#state = 'chunk-size';
      return line === '';
    }
    if (this.#state === 'trailers') {
      if (line !== '') return true;
      this.#state = 'complete';
      sink.onBody(NOTHING, true);
      return true;
    }
    const size = CHUNK_LINE.exec(line);
    if (size === null) return false;
    this.#left = Number.parseInt(size[1] ?? '', 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
    return true;
  }
}

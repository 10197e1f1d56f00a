import { METHODS } from 'undici/lib/llhttp/constants.js';
import octets from 'undici/lib/llhttp/llhttp-wasm.js';

/** What the module offers. Pointers and lengths are numbers. The lenient switches are never touched. */
type Exports = {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize?(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_errno_name(errno: number): number;
};

/** `HTTP_REQUEST` and the numbers that callbacks may answer with. */
const REQUEST = 1;
const GO_ON = 0;
const SKIP_BODY = 1;
const PAUSE = 21;

/** Octets handed over at once; a body behind the head is mostly not copied at all. */
export const SLICE = 16 * 1024;

/** What a span of the head is. */
export type SpanKind = 'url' | 'name' | 'value';

/** Takes what the parser tells, for the one parser that runs. Starts are offsets in the octets that were handed over. */
export type Scanner = {
  onSpan(kind: SpanKind, start: number, length: number): void;
  /** The head is complete. True: the parser reads a chunked body; false: whatever follows is not its business. */
  onHead(keepAlive: boolean, upgrade: boolean): boolean;
  onBody(start: number, length: number): void;
  onComplete(): void;
};

/** Method names by their number. */
const METHOD_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(METHODS).map(([name, number]) => [Number(number), name]),
);

/** The parser in its own memory: one for the process, with a state for each connection. */
export class Llhttp {
  readonly #exports: Exports;
  readonly #input: number;
  #memory: Uint8Array;
  #scanner: Scanner | undefined;
  #errno = 0;

  constructor() {
    const span =
      (kind: SpanKind) =>
      (_parser: number, at: number, length: number): number => {
        this.#scanner?.onSpan(kind, at - this.#input, length);
        return GO_ON;
      };
    const env = {
      wasm_on_message_begin: () => GO_ON,
      wasm_on_status: () => GO_ON,
      wasm_on_url: span('url'),
      wasm_on_header_field: span('name'),
      wasm_on_header_value: span('value'),
      wasm_on_headers_complete: (_parser: number, _status: number, upgrade: number, keepAlive: number): number =>
        this.#scanner?.onHead(keepAlive !== 0, upgrade !== 0) === true ? GO_ON : SKIP_BODY,
      wasm_on_body: (_parser: number, at: number, length: number): number => {
        this.#scanner?.onBody(at - this.#input, length);
        return GO_ON;
      },
      wasm_on_message_complete: (): number => {
        this.#scanner?.onComplete();
        return PAUSE;
      },
    };
    // The interface of the module is fixed by the version that is pinned.
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(octets), { env }).exports as Exports;
    this.#exports._initialize?.();
    this.#input = this.#exports.malloc(SLICE);
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
  }

  /** A parser state. It lives until `free`. */
  alloc(): number {
    return this.#exports.llhttp_alloc(REQUEST);
  }

  free(parser: number): void {
    this.#exports.llhttp_free(parser);
  }

  /** Expects the next message. */
  reset(parser: number): void {
    this.#exports.llhttp_reset(parser);
  }

  /**
   * Reads octets, at most `SLICE` of them, and tells the scanner. Answers how many were read: all of them, or up to the
   * end of the message. Undefined if they are no HTTP; `fault` says why.
   */
  execute(parser: number, bytes: Buffer, from: number, to: number, scanner: Scanner): number | undefined {
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.#exports.memory.buffer);
    this.#memory.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#input);
    this.#scanner = scanner;
    const errno = this.#exports.llhttp_execute(parser, this.#input, to - from);
    this.#scanner = undefined;
    if (errno === 0) return to - from;
    if (errno === PAUSE) return this.#exports.llhttp_get_error_pos(parser) - this.#input;
    this.#errno = errno;
    return undefined;
  }

  /** The parser's name of what it refused last: `HPE_INVALID_METHOD`. */
  get fault(): string {
    const start = this.#exports.llhttp_errno_name(this.#errno);
    return Buffer.from(this.#memory.subarray(start, this.#memory.indexOf(0, start))).toString('latin1');
  }

  method(parser: number): string {
    return METHOD_NAMES.get(this.#exports.llhttp_get_method(parser)) ?? '';
  }

  version(parser: number): { readonly major: number; readonly minor: number } {
    return { major: this.#exports.llhttp_get_http_major(parser), minor: this.#exports.llhttp_get_http_minor(parser) };
  }
}

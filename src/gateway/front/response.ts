import type { Duplex } from 'node:stream';
import { END_MAX, type Outgoing } from './message.ts';

/** What a response writes to: its connection, while it is this response's turn. */
export type Wire = {
  readonly date: string;
  readonly destroyed: boolean;
  /** The client holds back a body until it hears 100 Continue, as far as is known. */
  readonly awaitsContinue: boolean;
  writeText(text: string): boolean;
  writeBytes(bytes: Buffer, sent?: (error?: Error | null) => void): boolean;
  /** Head and first bytes, or the framing around a chunk, leave together. */
  together(write: () => boolean): boolean;
  onResponseEnd(keepAlive: boolean): void;
  destroy(): void;
  takeOver(): Duplex;
};

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

type Listener = { drain?(): void; close(): void };

/** The response to one request on a connection of ours (RFC 9112 §6 for its framing). */
export class FrontResponse implements Outgoing {
  keepAlive: boolean;
  status = 0;
  headersSent = false;
  destroyed = false;
  readonly #wire: Wire;
  readonly #method: string;
  readonly #minor: number;
  #head: string | undefined;
  #framing: 'length' | 'chunked' | 'none' | 'close' = 'none';
  #listener: Listener | undefined;
  #over = false;
  #continued = false;

  constructor(wire: Wire, method: string, minor: number, keepAlive: boolean) {
    this.#wire = wire;
    this.#method = method;
    this.#minor = minor;
    this.keepAlive = keepAlive;
  }

  writeContinue(): void {
    if (this.headersSent || this.destroyed) return;
    this.#continued = true;
    this.#wire.writeText(CONTINUE);
  }

  writeHead(status: number, reason: string, headers: readonly string[], lines = ''): void {
    if (this.headersSent || this.destroyed) return;
    this.headersSent = true;
    this.status = status;
    // Whether a body that was not asked for comes at all is for the client to say: the next octets may be either.
    if (!this.#continued && this.#wire.awaitsContinue) this.keepAlive = false;
    let text = `HTTP/1.1 ${status} ${reason}\r\n${lines}`;
    let hasLength = false;
    let hasDate = false;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] ?? '';
      if (name.length === 14) hasLength ||= name.toLowerCase() === 'content-length';
      else if (name.length === 4) hasDate ||= name.toLowerCase() === 'date';
      text += `${name}: ${headers[index + 1]}\r\n`;
    }
    if (!hasDate) text += this.#wire.date;
    this.#framing = this.#framingFor(status, hasLength);
    if (this.#framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
    if (this.#framing === 'close') this.keepAlive = false;
    if (!this.keepAlive) text += 'Connection: close\r\n';
    else if (this.#minor === 0) text += 'Connection: keep-alive\r\n';
    this.#head = `${text}\r\n`;
  }

  flushHeaders(): void {
    if (this.#head !== undefined) this.#sendHead();
  }

  write(bytes: Buffer, sent?: (error?: Error | null) => void): boolean {
    if (this.#over || this.destroyed) return true;
    if (this.#framing === 'none' || bytes.length === 0) {
      sent?.();
      return true;
    }
    if (this.#head === undefined && this.#framing !== 'chunked') return this.#wire.writeBytes(bytes, sent);
    return this.#wire.together(() => {
      this.#sendHead();
      return this.#sendPart(bytes, sent);
    });
  }

  end(last: Buffer = NOTHING): void {
    if (this.#over || this.destroyed) return;
    const bytes = this.#framing === 'none' ? NOTHING : last;
    const head = this.#head;
    if (head !== undefined && bytes.length <= END_MAX) {
      this.#head = undefined;
      this.#wire.writeText(head + this.#lastText(bytes));
    } else if (this.#framing === 'chunked' || head !== undefined) {
      this.#wire.together(() => {
        this.#sendHead();
        if (bytes.length > 0) this.#sendPart(bytes);
        return this.#framing === 'chunked' ? this.#wire.writeText('0\r\n\r\n') : true;
      });
    } else if (bytes.length > 0) this.#wire.writeBytes(bytes);
    this.#over = true;
    this.#wire.onResponseEnd(this.keepAlive);
    this.#close();
  }

  destroy(): void {
    this.#wire.destroy();
  }

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  takeOver(): Duplex {
    this.#over = true;
    return this.#wire.takeOver();
  }

  /** The connection takes bytes again. */
  onDrain(): void {
    this.#listener?.drain?.();
  }

  /** The connection is gone. */
  onGone(): void {
    this.destroyed = true;
    this.#close();
  }

  #close(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.close();
  }

  #framingFor(status: number, hasLength: boolean): 'length' | 'chunked' | 'none' | 'close' {
    if (this.#method === 'HEAD' || status === 204 || status === 304) return 'none';
    if (hasLength) return 'length';
    return this.#minor === 1 ? 'chunked' : 'close';
  }

  #sendHead(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#wire.writeText(head);
  }

  #sendPart(bytes: Buffer, sent?: (error?: Error | null) => void): boolean {
    if (this.#framing !== 'chunked') return this.#wire.writeBytes(bytes, sent);
    this.#wire.writeText(`${bytes.length.toString(16)}\r\n`);
    this.#wire.writeBytes(bytes, sent);
    return this.#wire.writeText('\r\n');
  }

  #lastText(bytes: Buffer): string {
    const text = bytes.toString('latin1');
    if (this.#framing !== 'chunked') return text;
    return bytes.length === 0 ? '0\r\n\r\n' : `${bytes.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  }
}

const NOTHING = Buffer.alloc(0);

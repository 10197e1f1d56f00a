import type { ConnectionState } from '../connection-state.ts';
import type { BodySink, Incoming } from './message.ts';
import type { RequestHead } from './request-parser.ts';

/** What a request asks of its connection. */
export type Flow = { stopReading(): void; goOnReading(): void };

/** A request on a connection of ours. Parts of its body wait here until somebody reads them. */
export class FrontRequest implements Incoming {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly connection: ConnectionState;
  readonly expectsContinue: boolean;
  readonly upgradeHead: Buffer | undefined;
  complete = false;
  readonly #flow: Flow;
  #sink: BodySink | undefined;
  #waiting: Buffer[] | undefined;
  #paused = false;
  #ended = false;
  #discarding = false;

  constructor(head: RequestHead, connection: ConnectionState, flow: Flow, upgradeHead: Buffer | undefined) {
    this.method = head.method;
    this.url = head.url;
    this.rawHeaders = head.rawHeaders;
    this.httpVersionMajor = head.httpVersionMajor;
    this.httpVersionMinor = head.httpVersionMinor;
    this.connection = connection;
    this.expectsContinue = head.framing !== 'none' && head.httpVersionMinor === 1 && waitsForContinue(head.rawHeaders);
    this.upgradeHead = upgradeHead;
    this.#flow = flow;
  }

  read(sink: BodySink): void {
    this.#sink = sink;
    this.#discarding = false;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
    this.#flow.stopReading();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  /** Nobody reads the body any more: what comes is dropped. */
  discard(): void {
    this.#sink = undefined;
    this.#waiting = undefined;
    this.#discarding = true;
    this.#paused = false;
    this.#flow.goOnReading();
  }

  /** A part of the body came. */
  push(bytes: Buffer): void {
    if (this.#discarding) return;
    if (this.#sink !== undefined && !this.#paused && this.#waiting === undefined) {
      this.#sink.onData(bytes);
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push(bytes);
    if (!this.complete) this.#flow.stopReading();
  }

  /** The body is whole. */
  finish(): void {
    this.complete = true;
    this.#deliver();
  }

  #deliver(): void {
    while (this.#sink !== undefined && !this.#paused && this.#waiting !== undefined) {
      const bytes = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#waiting = undefined;
      if (bytes !== undefined) this.#sink.onData(bytes);
    }
    if (this.#sink === undefined || this.#paused || this.#waiting !== undefined) return;
    if (!this.complete) {
      this.#flow.goOnReading();
      return;
    }
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.onEnd();
  }
}

/** True if the client wants to hear 100 Continue first (RFC 9110 §10.1.1). */
function waitsForContinue(rawHeaders: readonly string[]): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length !== 6 || name.toLowerCase() !== 'expect') continue;
    if (rawHeaders[index + 1]?.toLowerCase() === '100-continue') return true;
  }
  return false;
}

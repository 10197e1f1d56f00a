import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionState } from '../connection-state.ts';
import { type Awaited, Deadlines } from './deadlines.ts';
import type { Front } from './front.ts';
import { FrontRequest } from './request.ts';
import { type RequestHead, RequestParser } from './request-parser.ts';
import { FrontResponse, type Wire } from './response.ts';
import { SocketWriter } from './socket-writer.ts';

/** Octets that are dropped of what a peer still sends after its last answer. */
const LINGER_BYTES = 4 * 1024 * 1024;

/**
 * One connection of a browser: one request at a time, pipelined ones wait behind it. It ends with the first octet that
 * is no HTTP, with every answer that says so, and with every deadline; nothing that stands behind is read then.
 */
export class FrontConnection extends SocketWriter implements Wire {
  readonly state: ConnectionState;
  readonly #front: Front;
  readonly #socket: Socket;
  readonly #parser: RequestParser;
  #request: FrontRequest | undefined;
  #response: FrontResponse | undefined;
  /** Octets behind what was read, while a response is under way. */
  #rest: Buffer | undefined;
  #bodyLeft = 0;
  #chunked = false;
  #reading = true;
  #ending = false;
  #gone = false;
  #tunnel = false;
  #lingered = 0;
  readonly #deadlines = new Deadlines();
  readonly #onData = (bytes: Buffer): void => this.#take(bytes);

  constructor(front: Front, socket: Socket, state: ConnectionState) {
    super(socket);
    this.#front = front;
    this.#socket = socket;
    this.state = state;
    this.#parser = new RequestParser(front.parts, () => front.limits.headerBytes);
    this.#expect('head', front.limits.headerTime);
    socket.on('data', this.#onData);
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.#onClose());
  }

  get date(): string {
    return this.#front.date;
  }

  get destroyed(): boolean {
    return this.#gone;
  }

  get awaitsContinue(): boolean {
    return this.#request?.expectsContinue === true && !this.#request.complete;
  }

  /** True where a drain need not wait: no request is in hand. */
  get isIdle(): boolean {
    return !this.#tunnel && this.#response === undefined && this.#rest === undefined && !this.#parser.inMessage;
  }

  stopReading(): void {
    if (!this.#reading || this.#ending) return;
    this.#reading = false;
    this.#socket.pause();
  }

  goOnReading(): void {
    if (this.#reading || this.#rest !== undefined) return;
    this.#reading = true;
    if (this.#deadlines.awaited === 'body') this.#expect('body', this.#front.limits.idle);
    this.#socket.resume();
  }

  /** The answer is written. The next request is read when this one's body is out of the way. */
  onResponseEnd(keepAlive: boolean): void {
    this.#response = undefined;
    if (!keepAlive || this.#front.draining) {
      this.#end();
      return;
    }
    const request = this.#request;
    if (request !== undefined && !request.complete) {
      request.discard();
      this.#expect('rest', this.#front.limits.idle);
      return;
    }
    this.#nextRequest();
  }

  takeOver(): Duplex {
    this.#tunnel = true;
    this.#response = undefined;
    this.#request = undefined;
    this.#deadlines.nothing();
    this.#front.onTunnel(this);
    this.#socket.off('data', this.#onData);
    this.#socket.removeAllListeners('drain').removeAllListeners('end');
    return this.#socket;
  }

  destroy(): void {
    this.#socket.destroy();
    this.#onClose();
  }

  /** Answers octets that are no request, and ends. A response that has begun is cut instead. */
  refuse(answer: Buffer): void {
    if (this.#response?.headersSent === true) {
      this.destroy();
      return;
    }
    const response = this.#response;
    this.#response = undefined;
    response?.onGone();
    this.writeBytes(answer);
    this.#end();
  }

  /** Compares the deadline with the coarse clock. */
  tick(now: number): void {
    const { limits, quiet } = this.#front;
    const standing = {
      ...{ limits, quiet, unsent: this.#socket.writableLength > 0, finished: this.#socket.writableFinished },
      unhurried: !this.#reading || this.#response?.headersSent === true,
    };
    const { awaited } = this.#deadlines;
    if (!this.#deadlines.isOver(now, standing)) return;
    const isRequest = awaited === 'body' || (awaited === 'head' && this.#parser.inMessage);
    if (isRequest && !standing.unsent) this.#front.unreadable(this, 'ERR_HTTP_REQUEST_TIMEOUT');
    else this.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#ending) {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.destroy();
      return;
    }
    let at = 0;
    while (at < bytes.length && !this.#ending && !this.#gone) {
      if (this.#tunnel) return;
      if (this.#bodyLeft > 0) at = this.#takeBody(bytes, at);
      else if (this.#response !== undefined && !this.#chunked) {
        this.#rest = at === 0 ? bytes : bytes.subarray(at);
        this.stopReading();
        return;
      } else at = this.#parse(bytes, at);
    }
  }

  #takeBody(bytes: Buffer, at: number): number {
    const to = Math.min(bytes.length, at + this.#bodyLeft);
    this.#bodyLeft -= to - at;
    this.#noteBody(to - at);
    const part = at === 0 && to === bytes.length ? bytes : bytes.subarray(at, to);
    if (this.#bodyLeft === 0 && this.#request !== undefined) this.#request.complete = true;
    this.#request?.push(part);
    if (this.#bodyLeft === 0) this.#finishRequest();
    return to;
  }

  #parse(bytes: Buffer, from: number): number {
    const parser = this.#parser;
    if (!parser.inMessage) this.#expect('head', this.#front.limits.headerTime);
    const at = parser.feed(bytes, from);
    if (parser.fault !== undefined) {
      this.#ending = true;
      this.#front.unreadable(this, parser.fault);
      return bytes.length;
    }
    const { head, body, complete } = parser;
    if (head !== undefined) return this.#begin(head, bytes, at);
    this.#noteBody(at - from);
    if (complete && this.#request !== undefined) this.#request.complete = true;
    for (const part of body) this.#request?.push(part);
    if (complete) this.#finishRequest();
    return at;
  }

  /** A head is complete. Answers the position behind what was taken of the body. */
  #begin(head: RequestHead, bytes: Buffer, at: number): number {
    const { body, complete } = this.#parser;
    const isUpgrade = this.#front.takesUpgrade(head);
    const upgradeHead = isUpgrade ? bytes.subarray(at) : undefined;
    const request = new FrontRequest(head, this.state, this, upgradeHead);
    const keepAlive = head.keepAlive && !isUpgrade && !this.#front.draining;
    const response = new FrontResponse(this, head.method, head.httpVersionMinor, keepAlive);
    this.#request = request;
    this.#response = response;
    this.#chunked = head.framing === 'chunked' && !complete;
    let to = at;
    if (head.framing === 'length') {
      to = Math.min(bytes.length, at + head.length);
      this.#bodyLeft = head.length - (to - at);
      request.complete = this.#bodyLeft === 0;
      if (to > at) request.push(bytes.subarray(at, to));
    } else {
      request.complete = complete;
      for (const part of body) request.push(part);
    }
    if (request.complete) {
      this.#parser.next();
      this.#deadlines.nothing();
    } else this.#expect('body', this.#front.limits.idle);
    if (isUpgrade) this.stopReading();
    this.#front.receive(request, response);
    return isUpgrade ? bytes.length : to;
  }

  #finishRequest(): void {
    this.#chunked = false;
    this.#deadlines.nothing();
    this.#parser.next();
    this.#request?.finish();
    if (this.#response === undefined && !this.#ending) this.#nextRequest();
  }

  /** Takes up what came meanwhile, or waits for the next request. */
  #nextRequest(): void {
    this.#request = undefined;
    if (this.#gone || this.#ending) return;
    if (this.#socket.writableNeedDrain) return; // a peer that asks and does not read gets no more
    if (this.#rest === undefined) {
      this.#expect('next', this.#front.limits.idle);
      this.goOnReading();
      return;
    }
    setImmediate(() => this.#takeRest());
  }

  #takeRest(): void {
    const rest = this.#rest;
    if (this.#gone || this.#ending || rest === undefined) return;
    this.#rest = undefined;
    this.#take(rest);
    if (this.#rest === undefined && this.#response === undefined) this.goOnReading();
  }

  /** Our side is finished: what the peer still sends is read and dropped for a moment, so that it gets the answer. */
  #end(): void {
    this.#ending = true;
    this.#request = undefined;
    this.#rest = undefined;
    this.#deadlines.expectClose(this.#front.now);
    this.#socket.end();
    if (!this.#reading) {
      this.#reading = true;
      this.#socket.resume();
    }
  }

  #onDrain(): void {
    this.#deadlines.onDrain();
    if (this.#response !== undefined) this.#response.onDrain();
    else if (this.#request === undefined && !this.#ending && this.#deadlines.awaited === 'nothing') this.#nextRequest();
  }

  /** The peer sends no more. */
  #onEnd(): void {
    if (this.#ending) {
      if (this.#socket.writableFinished) this.destroy();
      return;
    }
    const isCut = this.#parser.inMessage || this.#bodyLeft > 0;
    if (isCut) this.#front.unreadable(this, 'HPE_INVALID_EOF_STATE');
    else if (this.#response === undefined && this.#rest === undefined) this.#end();
    else this.destroy();
  }

  #onClose(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#rest = undefined;
    this.#parser.free();
    this.#front.onGone(this);
    const response = this.#response;
    this.#response = undefined;
    response?.onGone();
  }

  #noteBody(octets: number): void {
    this.#deadlines.onBody(octets, this.#front.now, this.#front.limits.idle);
  }

  #expect(what: Awaited, within: number): void {
    this.#deadlines.expect(what, this.#front.now, within);
  }
}

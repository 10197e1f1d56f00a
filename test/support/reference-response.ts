import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Outgoing } from '../../src/gateway/front/message.ts';

type Listener = { drain?(): void; close(): void };

/** A response of `node:http` as the gateway sees one. `onOver` is called once, when it left whole or its connection went. */
export class ReferenceResponse implements Outgoing {
  readonly #node: ServerResponse;
  readonly #socket: Socket;
  readonly #onOver: () => void;
  #listener: Listener | undefined;
  #gone = false;

  constructor(node: ServerResponse, socket: Socket, onOver: () => void) {
    this.#node = node;
    this.#socket = socket;
    this.#onOver = onOver;
    // Node would end every connection after an answer without 100; whether a body is still to come is decided here.
    Reflect.set(node, '_expect_continue', false);
    node.on('drain', () => this.#listener?.drain?.());
    node.once('close', () => this.onGone());
    node.once('finish', () => {
      // Nobody reads what is left of the request.
      node.req.removeAllListeners('data').resume();
      this.onGone();
    });
  }

  get keepAlive(): boolean {
    return this.#node.shouldKeepAlive;
  }

  set keepAlive(value: boolean) {
    this.#node.shouldKeepAlive = value;
  }

  get status(): number {
    return this.#node.statusCode;
  }

  get headersSent(): boolean {
    return this.#node.headersSent;
  }

  get destroyed(): boolean {
    return this.#gone || this.#node.destroyed;
  }

  writeContinue(): void {
    this.#node.writeContinue();
  }

  writeHead(status: number, reason: string, headers: readonly string[], lines = ''): void {
    const more = lines.split('\r\n').flatMap((line) => {
      const field = /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line);
      return field === null ? [] : [field[1] ?? '', field[2] ?? ''];
    });
    this.#node.writeHead(status, reason, [...more, ...headers]);
  }

  flushHeaders(): void {
    this.#node.flushHeaders();
  }

  write(bytes: Buffer, sent?: (error?: Error | null) => void): boolean {
    return this.#node.write(bytes, sent);
  }

  end(last?: Buffer): void {
    if (this.destroyed) return;
    if (last === undefined || last.length === 0) this.#node.end();
    else this.#node.end(Buffer.from(last));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  takeOver(): Duplex {
    this.#node.detachSocket(this.#socket);
    this.#socket.setTimeout(0);
    return this.#socket;
  }

  /** The response left whole, or its connection is gone. */
  onGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#listener?.close();
    this.#onOver();
  }
}

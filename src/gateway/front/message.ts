import type { Duplex } from 'node:stream';
import type { ConnectionState } from '../connection-state.ts';

/** A body up to this length leaves together with its head as one text: one write, nothing gathered. */
export const END_MAX = 16 * 1024;

/** Takes the body of a request. Bytes belong to the taker; after `onEnd` nothing more comes. */
export type BodySink = { onData(bytes: Buffer): void; onEnd(): void };

/** One request as a front hands it over: its head is complete and strict HTTP/1.1 syntax, nothing else is promised. */
export type Incoming = {
  readonly method: string;
  /** Request target as it came. */
  readonly url: string;
  /** Names and values in turn, order and case kept, outer whitespace removed. */
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly connection: ConnectionState;
  /** The client waits for 100 Continue before it sends a body. */
  readonly expectsContinue: boolean;
  /** The octets behind the head of a WebSocket handshake; undefined for every other request. */
  readonly upgradeHead: Buffer | undefined;
  /** True once the whole body has been read off the connection. */
  readonly complete: boolean;
  /** Sends the body to the sink from here on, what waits first. A second sink takes the place of the first. */
  read(sink: BodySink): void;
  pause(): void;
  resume(): void;
};

/** The way back. Its connection carries one response at a time; a front keeps them in the order of their requests. */
export type Outgoing = {
  /** False ends the connection after this response. */
  keepAlive: boolean;
  readonly status: number;
  readonly headersSent: boolean;
  /** The connection is gone. */
  readonly destroyed: boolean;
  writeContinue(): void;
  /**
   * The head: header names and values in turn, without framing fields but `Content-Length`. Without one the front frames
   * the body. `lines` are more fields, as they go on the wire; neither a length nor a date is among them. The head leaves
   * with the first bytes of the body, or with `flushHeaders`.
   */
  writeHead(status: number, reason: string, headers: readonly string[], lines?: string): void;
  flushHeaders(): void;
  /** False: wait for `drain`. `sent` is called when the bytes have left, or with the error that kept them. */
  write(bytes: Buffer, sent?: (error?: Error | null) => void): boolean;
  /** Up to `END_MAX` octets, which are copied. */
  end(last?: Buffer): void;
  /** Cuts the connection. */
  destroy(): void;
  /** `drain`: the connection takes bytes again. `close`: the response left whole, or its connection is gone; once. */
  listen(listener: { drain?(): void; close(): void }): void;
  /** Takes the connection over after an upgrade; nothing is framed from here on. */
  takeOver(): Duplex;
};

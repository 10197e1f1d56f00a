import type { Socket } from 'node:net';
import type { ServerSettings } from '../../core/policy.ts';
import type { ConnectionState } from '../connection-state.ts';
import type { Ticker } from '../upstream/ticker.ts';
import { FrontConnection } from './connection.ts';
import { Llhttp } from './llhttp.ts';
import type { Incoming, Outgoing } from './message.ts';
import { HeaderNames } from './names.ts';
import type { ParserParts, RequestHead } from './request-parser.ts';
import { Spans } from './spans.ts';

/** Deadlines of connections are compared at every so many ticks. */
const TICKS = 5;

export type FrontOptions = {
  readonly limits: () => ServerSettings['limits'];
  /** How long a peer may leave octets unread, in milliseconds. */
  readonly quiet: () => number;
  readonly draining: () => boolean;
  readonly ticker: Ticker;
  readonly clock: { now(): number };
  /** True for a request that leaves HTTP if it is let through. */
  readonly takesUpgrade: (head: RequestHead) => boolean;
  readonly receive: (request: Incoming, response: Outgoing) => void;
  /** Octets that are no request, or none in time: calls `refuse` with the whole answer. */
  readonly unreadable: (connection: FrontConnection, fault: string) => void;
};

/** Serves HTTP/1.1 on sockets that are handed to it: llhttp in strict mode, limits and deadlines at every stage. */
export class Front {
  readonly parts: ParserParts = { llhttp: new Llhttp(), names: new HeaderNames(), spans: new Spans() };
  readonly receive: FrontOptions['receive'];
  readonly unreadable: FrontOptions['unreadable'];
  readonly takesUpgrade: FrontOptions['takesUpgrade'];
  readonly #options: FrontOptions;
  readonly #connections = new Set<FrontConnection>();
  readonly #tunnels = new Set<FrontConnection>();
  readonly #stopTicking: () => void;
  #ticks = 0;
  #second = 0;
  #date = '';
  #closed: (() => void) | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.receive = options.receive;
    this.unreadable = options.unreadable;
    this.takesUpgrade = options.takesUpgrade;
    this.#stopTicking = options.ticker.onTick(() => this.#tick());
  }

  get limits(): ServerSettings['limits'] {
    return this.#options.limits();
  }

  get quiet(): number {
    return this.#options.quiet();
  }

  get draining(): boolean {
    return this.#options.draining();
  }

  /** The coarse monotonic clock, in milliseconds. */
  get now(): number {
    return this.#options.ticker.now;
  }

  /** The Date field of this second, as a line (RFC 9110 §6.6.1). */
  get date(): string {
    const second = Math.floor(this.#options.clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#date;
  }

  /** Serves a connection until it ends. */
  serve(socket: Socket, state: ConnectionState): void {
    this.#connections.add(new FrontConnection(this, socket, state));
  }

  /** Ends with the last request in hand, or after `drain` milliseconds. Open tunnels do not hold it up. */
  async close(drain: number): Promise<void> {
    for (const connection of [...this.#connections]) if (connection.isIdle) connection.destroy();
    if (this.#connections.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closed = resolve;
      const timer = setTimeout(resolve, drain);
      await promise;
      clearTimeout(timer);
    }
    for (const connection of [...this.#connections, ...this.#tunnels]) connection.destroy();
    this.#stopTicking();
  }

  /** Ends every connection now, in the middle of whatever it carries. */
  cut(): void {
    for (const connection of [...this.#connections, ...this.#tunnels]) connection.destroy();
  }

  onTunnel(connection: FrontConnection): void {
    this.#connections.delete(connection);
    this.#tunnels.add(connection);
    this.#tellIfEmpty();
  }

  onGone(connection: FrontConnection): void {
    this.#connections.delete(connection);
    this.#tunnels.delete(connection);
    this.#tellIfEmpty();
  }

  #tellIfEmpty(): void {
    if (this.#connections.size === 0) this.#closed?.();
  }

  #tick(): void {
    this.#ticks += 1;
    if (this.#ticks % TICKS !== 0) return;
    const { now } = this;
    for (const connection of this.#connections) connection.tick(now);
  }
}

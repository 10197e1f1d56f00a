import type { Socket } from 'node:net';
import { containsAny, readAddress } from '../core/access/cidr.ts';
import type { ServerSettings } from '../core/policy.ts';

/** What a connection too many is told: 503 where the gateway is full, 429 where its address has enough. */
export type TurnedAway = 429 | 503;

/**
 * The count over all processes. It is told of every connection this process admitted and may turn it away a moment
 * later; the answer is called when the connection ends. `address` is empty for a trusted proxy, which stands for many.
 */
export type ConnectionCensus = { note(address: string, turnAway: (status: TurnedAway) => void): () => void };

/**
 * Counts connections, in all and for each address, and turns away what is too many. Trusted proxies stand for many. With
 * several processes the census holds the same limits over all of them; here they hold for this one, at once.
 */
export class ConnectionCaps {
  readonly #settings: () => ServerSettings;
  readonly #census: ConnectionCensus | undefined;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(settings: () => ServerSettings, census?: ConnectionCensus) {
    this.#settings = settings;
    this.#census = census;
  }

  /** False if the connection was turned away: with 503 when the gateway is full, with 429 when its address has enough. */
  admit(socket: Socket, address: string = socket.remoteAddress ?? ''): boolean {
    const { limits, trustedProxies } = this.#settings();
    const held = this.#byAddress.get(address) ?? 0;
    if (this.#open >= limits.connections) return turnAway(socket, 503);
    const isProxy =
      this.#census !== undefined || held >= limits.perAddress ? isTrusted(address, trustedProxies) : false;
    if (held >= limits.perAddress && !isProxy) return turnAway(socket, 429);
    this.#open += 1;
    this.#byAddress.set(address, held + 1);
    const leave = this.#census?.note(isProxy ? '' : address, (status) => turnAwayLate(socket, status));
    socket.once('close', () => {
      this.#release(address);
      leave?.();
    });
    return true;
  }

  #release(address: string): void {
    this.#open -= 1;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

function isTrusted(address: string, trustedProxies: ServerSettings['trustedProxies']): boolean {
  const peer = trustedProxies.length === 0 ? undefined : readAddress(address);
  return peer !== undefined && containsAny(trustedProxies, peer);
}

const REASONS: Readonly<Record<TurnedAway, string>> = { 429: 'Too Many Requests', 503: 'Service Unavailable' };

function turnAway(socket: Socket, status: TurnedAway): false {
  const fields = 'Retry-After: 5\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${fields}`, () => socket.destroy());
  return false;
}

/** A connection that may be in the middle of a response is cut: what is written into it now would be taken for a part. */
function turnAwayLate(socket: Socket, status: TurnedAway): void {
  if (socket.destroyed) return;
  if (socket.bytesRead === 0 && socket.bytesWritten === 0) turnAway(socket, status);
  else socket.destroy();
}

import type { Socket } from 'node:net';
import { containsAny, readAddress } from '../core/access/cidr.ts';
import type { ServerSettings } from '../core/policy.ts';

/** Counts connections, in all and for each address, and turns away what is too many. Trusted proxies stand for many. */
export class ConnectionCaps {
  readonly #settings: () => ServerSettings;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(settings: () => ServerSettings) {
    this.#settings = settings;
  }

  /** False if the connection was turned away: with 503 when the gateway is full, with 429 when its address has enough. */
  admit(socket: Socket): boolean {
    const { limits, trustedProxies } = this.#settings();
    const address = socket.remoteAddress ?? '';
    const held = this.#byAddress.get(address) ?? 0;
    if (this.#open >= limits.connections) return turnAway(socket, '503 Service Unavailable');
    if (held >= limits.perAddress) {
      const peer = readAddress(address);
      const isProxy = peer !== undefined && containsAny(trustedProxies, peer);
      if (!isProxy) return turnAway(socket, '429 Too Many Requests');
    }
    this.#open += 1;
    this.#byAddress.set(address, held + 1);
    socket.once('close', () => this.#release(address));
    return true;
  }

  #release(address: string): void {
    this.#open -= 1;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

function turnAway(socket: Socket, status: string): false {
  const fields = 'Retry-After: 5\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${fields}`, () => socket.destroy());
  return false;
}

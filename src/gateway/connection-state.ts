import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Address } from '../core/access/cidr.ts';
import type { Client } from '../core/access/client-address.ts';
import type { Running } from './gate.ts';

/** What is remembered of a browser's connection between its requests. */
export type ConnectionState = {
  /** Address of the other end, once read. */
  peer: Address | undefined;
  /** What is known of a client that came without a trusted proxy, and under which configuration: it stays the same. */
  client: Client | undefined;
  clientUnder: Running | undefined;
  /** The latest response, for what the parser finds wrong behind its head. */
  latest: ServerResponse | undefined;
  /** An answer said that the connection ends: what still stands on it is not a request. */
  closing: boolean;
};

const STATE = Symbol('sumun.connection');

/** The state of a connection. It lies on the socket itself: looked up for every request, a weak map would cost more. */
export function stateOf(socket: Socket): ConnectionState {
  const marked = socket as Socket & { [STATE]?: ConnectionState };
  marked[STATE] ??= { peer: undefined, client: undefined, clientUnder: undefined, latest: undefined, closing: false };
  return marked[STATE];
}

import type { Address } from '../core/access/cidr.ts';
import type { Client } from '../core/access/client-address.ts';
import type { OutgoingFields } from './forward.ts';
import type { Running } from './gate.ts';
import type { Fields } from './read-fields.ts';

/** What is known of a browser's connection, and remembered between its requests. */
export type ConnectionState = {
  /** Address of the other end: the socket's, or what the load balancer in front vouched for. */
  readonly peer: Address;
  readonly scheme: 'http' | 'https';
  /** False where a load balancer could not say who the client is: forwarding headers are believed from nobody then. */
  readonly mayForward: boolean;
  /** What is known of a client that came without a trusted proxy, and under which configuration: it stays the same. */
  client: Client | undefined;
  clientUnder: Running | undefined;
  /** The latest header section and what was read from it: the front hands over the same list for the same octets. */
  rawHeaders: readonly string[] | undefined;
  fields: Fields | undefined;
  /** What of that section goes to applications, and under which configuration. */
  outgoing: OutgoingFields | undefined;
};

/** A connection of which only its other end is known. */
export const freshState = (peer: Address, scheme: 'http' | 'https', mayForward = true): ConnectionState => ({
  peer,
  scheme,
  mayForward,
  client: undefined,
  clientUnder: undefined,
  rawHeaders: undefined,
  fields: undefined,
  outgoing: undefined,
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Address, readAddress } from '../core/access/cidr.ts';
import { type Client, clientOf } from '../core/access/client-address.ts';
import type { Route } from '../core/access/route.ts';
import type { Target } from '../core/access/target.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import { stateOf } from './connection-state.ts';
import type { Gate, Running } from './gate.ts';
import { type Fields, readFields } from './read-fields.ts';
import type { RequestFraming } from './upstream/request-head.ts';

/** One request on its way: what arrived, and what is known of it so far. Filled in from top to bottom, never changed. */
export type Visit = {
  readonly gate: Gate;
  readonly running: Running;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
  readonly now: Instant;
  readonly peer: Address;
  readonly client: Client;
  readonly fields: Fields;
  /** The host the browser asked for: the Host field, or what a trusted proxy says it was. */
  readonly browserHost: string;
  /** The client waits for 100 Continue before it sends a body. */
  readonly expectsContinue: boolean;
  /** The bytes behind the head of an upgrade request; undefined for every other request. */
  readonly upgradeHead: Buffer | undefined;
  framing: RequestFraming;
  target: Target | undefined;
  route: Route | undefined;
  session: Session | undefined;
};

/** A visit that was let through on a route. */
export type Admitted = Visit & { target: Target; route: Route };

export type Arrival = {
  readonly expectsContinue?: boolean;
  readonly upgradeHead?: Buffer;
};

const NOBODY: Address = { family: 4, value: 0n, text: '0.0.0.0' };

/** Address of the socket's other end, read once for each connection. */
function peerOf(socket: Socket): Address {
  const state = stateOf(socket);
  state.peer ??= readAddress(socket.remoteAddress ?? '') ?? NOBODY;
  return state.peer;
}

/** Who asks. Behind a trusted proxy that is somebody else with every request; otherwise it is known of the connection. */
function clientFor(req: IncomingMessage, peer: Address, running: Running): Client {
  const state = stateOf(req.socket);
  if (state.client !== undefined && state.clientUnder === running) return state.client;
  const client = clientOf({ peer, rawHeaders: req.rawHeaders, scheme: 'http' }, running.policy.server.trustedProxies);
  if (!client.isProxied) {
    state.client = client;
    state.clientUnder = running;
  }
  return client;
}

/** Begins a visit: number, time, who asks. */
export function arrive(gate: Gate, req: IncomingMessage, res: ServerResponse, arrival: Arrival): Visit {
  const { running } = gate;
  const now = gate.house.clock.now();
  const peer = peerOf(req.socket);
  const fields = readFields(req.rawHeaders);
  const client = clientFor(req, peer, running);
  gate.counters.requests += 1;
  return {
    gate,
    running,
    req,
    res,
    id: gate.ids.next(now),
    now,
    peer,
    client,
    fields,
    browserHost: client.forwardedHost ?? fields.hosts[0] ?? '',
    expectsContinue: arrival.expectsContinue ?? false,
    upgradeHead: arrival.upgradeHead,
    framing: { kind: 'none' },
    target: undefined,
    route: undefined,
    session: undefined,
  };
}

/** The cookie names of the scheme the browser speaks. */
export const cookiesOf = (visit: Visit) => visit.running.cookies[visit.client.scheme];

/** Origin of the request as the browser sees it: `http://hr.corp.example:8080`. */
export function originOf(target: Target): string {
  const usual = target.scheme === 'https' ? 443 : 80;
  return `${target.scheme}://${target.host}${target.port === usual ? '' : `:${target.port}`}`;
}

/** `host:port`, without the port where it goes without saying. */
export const authorityOf = (host: string, port: number): string => {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return port === 80 ? name : `${name}:${port}`;
};

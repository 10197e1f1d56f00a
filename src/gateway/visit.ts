import type { Address } from '../core/access/cidr.ts';
import { type Client, clientOf } from '../core/access/client-address.ts';
import type { Route } from '../core/access/route.ts';
import type { Target } from '../core/access/target.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import type { Incoming, Outgoing } from './front/message.ts';
import type { Gate, Running } from './gate.ts';
import { type Fields, readFields } from './read-fields.ts';
import type { RequestFraming } from './upstream/request-head.ts';

/** One request on its way: what arrived, and what is known of it so far. Filled in from top to bottom, never changed. */
export type Visit = {
  readonly gate: Gate;
  readonly running: Running;
  readonly req: Incoming;
  readonly res: Outgoing;
  readonly id: string;
  readonly now: Instant;
  readonly peer: Address;
  readonly client: Client;
  readonly fields: Fields;
  /** The host the browser asked for: the Host field, or what a trusted proxy says it was. */
  readonly browserHost: string;
  framing: RequestFraming;
  target: Target | undefined;
  route: Route | undefined;
  session: Session | undefined;
};

/** A visit that was let through on a route. */
export type Admitted = Visit & { target: Target; route: Route };

/** Who asks. Behind a trusted proxy that is somebody else with every request; otherwise it is known of the connection. */
function clientFor({ connection, rawHeaders }: Incoming, running: Running): Client {
  if (connection.client !== undefined && connection.clientUnder === running) return connection.client;
  const { peer, scheme, mayForward } = connection;
  const trusted = mayForward ? running.policy.server.trustedProxies : [];
  const client = clientOf({ peer, rawHeaders, scheme }, trusted);
  if (!client.isProxied) {
    connection.client = client;
    connection.clientUnder = running;
  }
  return client;
}

/** What the fields say. A section that came before on this connection is not read again. */
function fieldsOf({ connection, rawHeaders }: Incoming): Fields {
  if (connection.fields !== undefined && connection.rawHeaders === rawHeaders) return connection.fields;
  const fields = readFields(rawHeaders);
  connection.rawHeaders = rawHeaders;
  connection.fields = fields;
  return fields;
}

/** Begins a visit: number, time, who asks. */
export function arrive(gate: Gate, req: Incoming, res: Outgoing): Visit {
  const { running } = gate;
  const now = gate.house.clock.now();
  const fields = fieldsOf(req);
  const client = clientFor(req, running);
  gate.counters.requests += 1;
  return {
    gate,
    running,
    req,
    res,
    id: gate.ids.next(now),
    now,
    peer: req.connection.peer,
    client,
    fields,
    browserHost: client.forwardedHost ?? fields.hosts[0] ?? '',
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

import { type Address, type Cidr, containsAny } from '../../core/access/cidr.ts';
import { clientOf } from '../../core/access/client-address.ts';
import { isServed, matchRoute } from '../../core/access/routes.ts';
import { canonicalise, type Target } from '../../core/access/target.ts';
import type { Gate, Running } from '../gate.ts';
import { readFields } from '../read-fields.ts';
import { admit } from './admit.ts';
import { type Answer, forwardAuthAnswer } from './answer.ts';
import { type Asking, type AskingOnRoute, refuse, unavailable } from './asking.ts';
import { type Question, readQuestion, type SubRequest } from './question.ts';

/** Header fields of one sub-request, at most: those of a request, and what the proxy adds. */
const FIELDS_MAX = 220;

/** Nobody: in no network that a rule would name. */
const NOWHERE: Address = { family: 4, value: 0n, text: '0.0.0.0' };

const STRANGER: Answer = { status: 403, headers: ['Cache-Control', 'no-store'], body: '' };

/**
 * Answers whether a request that another proxy has may go on: the same canonical target, route, session look-up,
 * decision and records as for a request of our own. Every fault and every exception ends in a refusal. A peer that is not
 * one of `forward_auth.clients` learns nothing.
 */
export function ask(gate: Gate, asked: SubRequest, peer: Address): Answer | Promise<Answer> {
  const { running } = gate;
  if (!containsAny(running.policy.forwardAuth.clients, peer)) return turnAway(gate, peer);
  gate.counters.requests += 1;
  const asking = arrive(gate, running, asked, peer);
  try {
    const verdict = receive(asking, asked);
    if (!(verdict instanceof Promise)) return forwardAuthAnswer(asking.asker, verdict, asking.id);
    return verdict
      .catch((breakage: unknown) => unavailable(asking, breakage))
      .then((settled) => forwardAuthAnswer(asking.asker, settled, asking.id));
  } catch (breakage) {
    return forwardAuthAnswer(asking.asker, unavailable(asking, breakage), asking.id);
  }
}

function turnAway(gate: Gate, peer: Address): Answer {
  if (gate.reports.maySpeak(`forward-auth ${peer.text}`, gate.house.clock.now()))
    gate.house.log.warn('forward-auth.stranger', { peer: peer.text });
  return STRANGER;
}

/** The asking so far: what it is about is filled in as it becomes known. */
function arrive(gate: Gate, running: Running, asked: SubRequest, peer: Address): Asking {
  const now = gate.house.clock.now();
  return {
    gate,
    running,
    now,
    id: gate.ids.next(now),
    asker: 'nginx', // answers it with nothing but a status, until it is known who asks
    client: { address: peer, scheme: 'http', forwardedHost: undefined, isProxied: true },
    fields: readFields(asked.rawHeaders),
    req: asked,
    host: '',
    spoofed: [],
    target: undefined,
    route: undefined,
    session: undefined,
  };
}

function receive(asking: Asking, asked: SubRequest): ReturnType<typeof admit> {
  const { gate, running } = asking;
  if (asked.rawHeaders.length > FIELDS_MAX * 2) return refuse(asking, 'header-fields');
  const read = readQuestion(asked);
  if (!read.ok) {
    gate.house.log.warn('forward-auth.unclear', {
      request: asking.id,
      fault: read.error,
      peer: asking.client.address.text,
    });
    return refuse(asking, read.error);
  }
  const question = read.value;
  asking.asker = question.asker;
  asking.host = question.host;
  asking.req = { rawHeaders: asked.rawHeaders, method: question.method, url: question.target };
  const address = addressOf(question, asking.client.address, running);
  if (address === undefined) return refuse(asking, 'header-malformed');
  asking.client = { ...asking.client, address, scheme: question.scheme };
  const { method, target: line, host, scheme } = question;
  const target = canonicalise({ method, target: line, hosts: [host], scheme });
  if (!target.ok) return refuse(asking, target.error.code);
  asking.target = target.value;
  return routeOf(asking, target.value, method);
}

function routeOf(asking: Asking, target: Target, method: string): ReturnType<typeof admit> {
  const { routes, server } = asking.running.policy;
  if (isOwn(server.reservedPath, target))
    return refuse(asking, isServed(routes, target.host) ? 'reserved-path' : 'unknown-host');
  const match = matchRoute(routes, target, method);
  if (match.kind === 'ambiguous') return refuse(asking, match.tolerance);
  if (match.kind !== 'route') return refuse(asking, match.kind);
  const { kind } = match.route.action;
  // What answers here itself is no application that somebody else may serve.
  if (kind !== 'forward_auth' && kind !== 'proxy') return refuse(asking, 'no-route');
  asking.route = match.route;
  return admit(asking as AskingOnRoute); // target and route are set
}

/** True if a reading of the path is below the reserved one: its pages are ours alone, and nobody else may serve them. */
const isOwn = (reserved: string, { path, readings }: Target): boolean =>
  [path, ...readings].some((text) => text === reserved || text.startsWith(`${reserved}/`));

/** The client as the asking proxy saw it; undefined where it says something that is no address. */
function addressOf({ chain }: Question, peer: Address, running: Running): Address | undefined {
  if (chain === undefined) return NOWHERE;
  const { address } = clientOf({ peer, rawHeaders: ['x-forwarded-for', chain], scheme: 'http' }, believedBy(running));
  return address === peer ? undefined : address;
}

const believed = new WeakMap<Running, readonly Cidr[]>();

/** The proxies in a chain whose word is taken: those that ask, and those in front of them. */
function believedBy(running: Running): readonly Cidr[] {
  const found = believed.get(running);
  if (found !== undefined) return found;
  const made = [...running.policy.forwardAuth.clients, ...running.policy.server.trustedProxies];
  believed.set(running, made);
  return made;
}

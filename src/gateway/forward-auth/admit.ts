import { type AccessDecision, decideAccess } from '../../core/access/decide.ts';
import { withoutCookies } from '../../core/access/headers.ts';
import { readCookie } from '../../core/session/cookies.ts';
import type { Session } from '../../core/session/session.ts';
import type { Instant } from '../../core/time.ts';
import { report } from '../act.ts';
import { passAsNobody } from '../break-glass.ts';
import { begin, type Demand } from '../demand-sign-in.ts';
import { isForeignSocket } from '../foreign.ts';
import { noteSpoofed } from '../forward.ts';
import { identityHeaders } from '../identity.ts';
import { fieldOf } from '../read-fields.ts';
import { auditVisit, logVisit } from '../record.ts';
import { isForPeople } from '../respond.ts';
import { originOf } from '../visit.ts';
import type { SignInCode, Verdict } from './answer.ts';
import { type AskingOnRoute, documentOf, note, refuse, refuseWith } from './asking.ts';
import { spoofsIn } from './spoofs.ts';

type Settling = Verdict | Promise<Verdict>;

/** Headers in our name, the session, then the decision. A route without sign-in asks for no session at all. */
export function admit(asking: AskingOnRoute): Settling {
  const { gate, running, route, target, now, req, client } = asking;
  const spoofs = spoofsIn(req.rawHeaders, running);
  if (spoofs.disguised) return refuse(asking, 'reserved-header');
  asking.spoofed = spoofs.plain;
  if (spoofs.plain.length > 0) noteSpoofed(asking, spoofs.plain);
  const cookie =
    route.auth.kind === 'sign-in'
      ? readCookie(asking.fields.cookie, running.cookies[client.scheme].session)
      : undefined;
  if (cookie === undefined) return decide(asking, undefined);
  const bound =
    running.policy.sessions.bindTo.length === 0
      ? undefined
      : { address: client.address.text, userAgent: fieldOf(req.rawHeaders, 'user-agent') ?? '' };
  const known = gate.live.peek(cookie, target.host, now, bound);
  if (known !== 'unknown') return decide(asking, known);
  return gate.live.find(cookie, target.host, now, bound).then((session) => decide(asking, session));
}

function decide(asking: AskingOnRoute, session: Session | undefined): Settling {
  const { running, route, client, now } = asking;
  asking.session = session;
  const who = session === undefined ? client.address.text : session.account.id;
  const retryAt = running.rates.take(route, who, now);
  return retryAt instanceof Promise ? retryAt.then((at) => decideInTurn(asking, at)) : decideInTurn(asking, retryAt);
}

function decideInTurn(asking: AskingOnRoute, retryAt: Instant | undefined): Settling {
  const { route, target, client, now, req, session, gate } = asking;
  if (retryAt !== undefined) return refuseWith(asking, 429, { kind: 'too-many', retryAt }, 'limit rate');
  const opened = gate.openings.until(route.name, now);
  const decision = decideAccess({ route, target, method: req.method, session, address: client.address, now, opened });
  switch (decision.kind) {
    case 'forward':
      if (decision.reported !== undefined) report(asking, decision.reported);
      if (decision.opened !== undefined) passAsNobody(asking, decision.opened);
      return pass(asking);
    case 'authenticate':
      return demand(asking, decision);
    case 'deny':
      return deny(asking, decision);
  }
}

function deny(asking: AskingOnRoute, { reason, place }: Extract<AccessDecision, { kind: 'deny' }>): Verdict {
  auditVisit(asking, 'access.denied', reason, { line: place.line });
  const page = { kind: 'denied', route: asking.route, reason, session: asking.session } as const;
  return refuseWith(asking, 403, page, `deny ${reason}`);
}

/** Lets the request go on, with what the application is told. */
function pass(asking: AskingOnRoute): Settling {
  const { gate, running, route, target, session, now, req } = asking;
  const barred = isHandshake(req.rawHeaders) ? barSocket(asking) : undefined;
  if (barred !== undefined) return barred;
  gate.counters.forwarded += 1;
  logVisit(asking, 200, 'forward-auth');
  if (session === undefined) return goOn(asking, []);
  gate.live.touch(session, now);
  const identity = identityHeaders({
    gate,
    policy: running.policy,
    route,
    session,
    requestId: asking.id,
    now,
    browserTarget: target,
    method: req.method,
    target: target.path + target.query,
    host: asking.host,
  });
  return identity instanceof Promise ? identity.then((headers) => goOn(asking, headers)) : goOn(asking, identity);
}

function goOn({ fields, running, spoofed }: AskingOnRoute, identity: readonly string[]): Verdict {
  const { cookie } = fields;
  const rest = cookie === undefined ? undefined : withoutCookies(cookie, running.rules.ownCookies);
  return { kind: 'pass', identity, cookie: rest, spoofed };
}

/**
 * True for a WebSocket handshake (RFC 6455 §4.1). A proxy may have taken `Upgrade` out of its question, which ends at
 * each hop; no browser opens a WebSocket without a key, and no page can set one.
 */
const isHandshake = (rawHeaders: readonly string[]): boolean =>
  fieldOf(rawHeaders, 'sec-websocket-key') !== undefined ||
  (fieldOf(rawHeaders, 'upgrade') ?? '').toLowerCase().includes('websocket');

function barSocket(asking: AskingOnRoute): Verdict | undefined {
  const { route, session } = asking;
  if (isForeignSocket(asking)) {
    auditVisit(asking, 'request.refused', 'foreign-origin');
    return refuseWith(asking, 403, { kind: 'foreign-origin' }, 'foreign-origin');
  }
  if (route.websocket.allow) return undefined;
  auditVisit(asking, 'access.denied', 'websocket-not-allowed');
  const page = { kind: 'denied', route, reason: 'rule-denies', session } as const;
  return refuseWith(asking, 403, page, 'deny websocket-not-allowed');
}

/**
 * A person is sent to the sign-in page of the host the request was for, and from there back to its address: what the
 * request carried stays with the asking proxy and is not kept. Everything else is told so in a problem document.
 */
function demand(asking: AskingOnRoute, decision: Demand): Settling {
  const { session, target, running } = asking;
  const code: SignInCode = session === undefined ? 'sign_in_required' : 'step_up_required';
  const outcome = `authenticate ${decision.reason}`;
  const origin = originOf(target);
  if (!isForPeople(asking)) {
    note(asking, 401, outcome);
    const loginUrl = `${origin}${running.policy.server.reservedPath}/login`;
    return {
      kind: 'unauthorised',
      code,
      document: documentOf(asking, 401, { kind: 'sign-in-required', code, loginUrl }),
    };
  }
  const method = asking.req.method === 'HEAD' ? 'GET' : asking.req.method;
  return begin(asking, decision, undefined, method).then(({ location, cookies }) => {
    note(asking, 303, outcome);
    const address = location.startsWith('/') ? origin + location : location;
    return { kind: 'sign-in', code, location: address, headers: cookies };
  });
}

import type { AccessDecision, Reported } from '../core/access/decide.ts';
import { passAsNobody } from './break-glass.ts';
import { demandSignIn } from './demand-sign-in.ts';
import { isForeignSocket } from './foreign.ts';
import { forward } from './forward.ts';
import { auditVisit, type Recorded } from './record.ts';
import { failVisit, respond, respondPage } from './respond.ts';
import { resumeKeptPost, resumeOf } from './resume.ts';
import type { Admitted } from './visit.ts';

/** Does what was decided. */
export function act(visit: Admitted, decision: AccessDecision): void {
  switch (decision.kind) {
    case 'forward':
      if (decision.reported !== undefined) report(visit, decision.reported);
      if (decision.opened !== undefined) passAsNobody(visit, decision.opened);
      pass(visit);
      return;
    case 'authenticate':
      // Nobody is asked to sign in only to read that the application is closed.
      if (visit.route.action.kind === 'maintenance') {
        pass(visit);
        return;
      }
      demandSignIn(visit, decision).catch((breakage: unknown) => failVisit(visit, breakage));
      return;
    case 'deny':
      auditVisit(visit, 'access.denied', decision.reason, { line: decision.place.line });
      respondPage(
        visit,
        403,
        { kind: 'denied', route: visit.route, reason: decision.reason, session: visit.session },
        { outcome: `deny ${decision.reason}` },
      );
  }
}

/** Notes what `report_only` let pass: every time in the log, once a minute for each person and reason in the trail. */
export function report(visit: Recorded & Pick<Admitted, 'route'>, { kind, reason }: Reported): void {
  const { gate, route, session, client, id, now } = visit;
  gate.house.log.info('access.reported', {
    request: id,
    route: route.name,
    login: session?.account.login,
    kind,
    reason,
  });
  const who = session?.account.id ?? client.address.text;
  if (gate.reports.maySpeak(`${route.name} ${reason} ${who}`, now)) {
    auditVisit(visit, 'access.reported', reason, { would: kind });
  }
}

/** Lets the request through to whatever the route has behind it. */
function pass(visit: Admitted): void {
  const { action } = visit.route;
  if (action.kind === 'maintenance') {
    const { route } = visit;
    const page = { kind: 'maintenance', route, text: action.text, until: action.until } as const;
    respondPage(visit, 503, page, { outcome: 'maintenance' });
    return;
  }
  if (visit.req.upgradeHead !== undefined && !mayUpgrade(visit)) return;
  switch (action.kind) {
    case 'proxy': {
      const kept = resumeOf(visit);
      if (kept === undefined || visit.session === undefined) forward(visit, action);
      else resumeKeptPost(visit, visit.session, kept, action).catch((breakage: unknown) => failVisit(visit, breakage));
      return;
    }
    case 'redirect':
      respond(visit, action.status, ['Location', action.location], NOTHING, { outcome: 'redirect' });
      return;
    case 'respond':
      respond(visit, action.status, ['Content-Type', action.contentType], Buffer.from(action.body), {
        outcome: 'respond',
      });
  }
}

/** True if this route takes a WebSocket from where it was opened; otherwise it has been answered. */
function mayUpgrade(visit: Admitted): boolean {
  const { route, session } = visit;
  if (isForeignSocket(visit)) {
    auditVisit(visit, 'request.refused', 'foreign-origin');
    respondPage(visit, 403, { kind: 'foreign-origin' }, { outcome: 'foreign-origin', close: true });
    return false;
  }
  if (route.websocket.allow && route.action.kind === 'proxy') return true;
  auditVisit(visit, 'access.denied', 'websocket-not-allowed');
  const page = { kind: 'denied', route, reason: 'rule-denies', session } as const;
  respondPage(visit, 403, page, { outcome: 'deny websocket-not-allowed', close: true });
  return false;
}

const NOTHING = Buffer.alloc(0);

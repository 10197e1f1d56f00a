import type { RouteAction } from '../core/access/route.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieLine, readCookie } from '../core/session/cookies.ts';
import type { Session } from '../core/session/session.ts';
import { findKeptPost, spendKeptPost } from '../flows/keep-post.ts';
import { isForeignPost } from './foreign.ts';
import { forward } from './forward.ts';
import { respondSeeOther } from './respond.ts';
import { type Admitted, cookiesOf } from './visit.ts';

/** The kept post that this admitted request asks to send, named by the one-time cookie of the resume page. */
export function resumeOf(visit: Admitted): string | undefined {
  if (visit.req.method !== 'POST' || visit.session === undefined || visit.req.upgradeHead !== undefined)
    return undefined;
  const id = readCookie(visit.fields.cookie, cookiesOf(visit).resume);
  return id === undefined || isForeignPost(visit) ? undefined : id;
}

/**
 * Sends a kept form post to where it was going, once, in place of the body that came: only its target, its browser and
 * its account count. A request to somewhere else is no resumption and goes its own way.
 */
export async function resumeKeptPost(
  visit: Admitted,
  session: Session,
  id: string,
  action: Extract<RouteAction, { kind: 'proxy' }>,
): Promise<void> {
  const { gate, target, fields, client } = visit;
  const names = cookiesOf(visit);
  const claim = { id, browserSecret: readCookie(fields.cookie, names.browser), host: target.host, session };
  const kept = await findKeptPost(gate.house, claim);
  if (kept !== 'gone' && kept.target !== target.path + target.query) {
    forward(visit, action);
    return;
  }
  const from = { address: client.address.text, request: requestNumber(visit.id) };
  const spent = kept === 'gone' ? kept : await spendKeptPost(gate.house, claim, from);
  const clear = ['Set-Cookie', cookieLine(names.resume, '', { scheme: client.scheme, sameSite: 'lax', maxAge: 0 })];
  if (spent === 'gone') {
    // Its place says that it was sent, discarded or has expired; the resume form itself is not for the application.
    const location = `${visit.running.policy.server.reservedPath}/resume?k=${id}`;
    respondSeeOther(visit, location, { outcome: 'resume gone', headers: clear });
    return;
  }
  forward(visit, action, { bytes: Buffer.from(spent.body), contentType: spent.contentType, headers: clear });
}

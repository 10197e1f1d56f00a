import type { AccessDecision } from '../core/access/decide.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieLine, readCookie } from '../core/session/cookies.ts';
import { DAY, SECOND } from '../core/time.ts';
import { demandAt } from '../flows/begin-sign-in.ts';
import type { Browser } from '../flows/browser.ts';
import { keepPost } from '../flows/keep-post.ts';
import { collectBody } from './collect-body.ts';
import { isForeignPost } from './foreign.ts';
import { fieldOf } from './read-fields.ts';
import { isForPeople, respondPage, respondSeeOther } from './respond.ts';
import { type Admitted, cookiesOf, originOf } from './visit.ts';

export type Demand = Extract<AccessDecision, { kind: 'authenticate' }>;

/** How long a browser is told apart from others. */
const BROWSER_LIFE = 180 * DAY;

const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/**
 * Answers a request that needs a sign-in, or more factors: a page navigation goes to the sign-in page, a form post is
 * kept first, and everything else is told so in a problem document (contract §5).
 */
export async function demandSignIn(visit: Admitted, demand: Demand): Promise<void> {
  const { req } = visit;
  const outcome = `authenticate ${demand.reason}`;
  if (!isForPeople(visit)) {
    respondUnauthorised(visit, outcome);
    return;
  }
  if (req.method === 'GET' || req.method === 'HEAD') {
    const { location, cookies } = await begin(visit, demand, undefined);
    respondSeeOther(visit, location, { outcome, headers: cookies });
    return;
  }
  const type = (fieldOf(req.rawHeaders, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (req.method !== 'POST' || !FORM_TYPES.includes(type)) {
    respondUnauthorised(visit, outcome);
    return;
  }
  await keepForm(visit, demand, outcome);
}

/** 401 with the address where a person can sign in (RFC 9457). */
function respondUnauthorised(visit: Admitted, outcome: string): void {
  const code = visit.session === undefined ? 'sign_in_required' : 'step_up_required';
  const loginUrl = `${originOf(visit.target)}${visit.running.policy.server.reservedPath}/login`;
  respondPage(visit, 401, { kind: 'sign-in-required', code, loginUrl }, { outcome });
}

type NotKept = 'too-large' | 'revoked' | 'off' | 'cross-site';

async function keepForm(visit: Admitted, demand: Demand, outcome: string): Promise<void> {
  const { route, fields, gate, target, session } = visit;
  const keep = route.keepPost;
  if (keep === undefined) return respondNotKept(visit, demand, outcome, 'off');
  if (isForeignPost(visit)) return respondNotKept(visit, demand, outcome, 'cross-site');
  const body = await collectBody(visit, keep.max);
  if (body === 'gone') return;
  if (body === 'busy') {
    respondPage(visit, 503, { kind: 'unavailable' }, { outcome: 'limit kept-posts', close: true });
    return;
  }
  if (body === 'too-large') return respondNotKept(visit, demand, outcome, 'too-large');
  const names = cookiesOf(visit);
  const kept = await keepPost(gate.house, {
    body,
    contentType: fieldOf(visit.req.rawHeaders, 'content-type') ?? '',
    host: target.host,
    target: target.path + target.query,
    route: route.name,
    browserSecret: readCookie(fields.cookie, names.browser),
    expiredCookie: session === undefined ? readCookie(fields.cookie, names.session) : undefined,
    session,
    keep,
    address: visit.client.address.text,
    request: requestNumber(visit.id),
  });
  if (kept.kind === 'not-kept') return respondNotKept(visit, demand, outcome, kept.why);
  const { location, cookies } = await begin(visit, demand, { id: kept.id, browser: kept.browser }, 'POST');
  respondSeeOther(visit, location, { outcome: `${outcome}, post kept`, headers: cookies });
}

async function respondNotKept(visit: Admitted, demand: Demand, outcome: string, why: NotKept): Promise<void> {
  const { location, cookies } = await begin(visit, demand, undefined, 'POST');
  const status = why === 'too-large' ? 413 : 401;
  const page = { kind: 'post-not-kept', why, loginUrl: location } as const;
  respondPage(visit, status, page, { outcome: `${outcome}, post not kept: ${why}`, headers: cookies });
}

type Kept = { readonly id: string; readonly browser: Browser };

/** Opens a login transaction back to this target and says where its page is. */
export async function begin(
  visit: Pick<Admitted, 'gate' | 'running' | 'target' | 'route' | 'session' | 'fields' | 'client'>,
  demand: Demand,
  kept: Kept | undefined,
  method = 'GET',
): Promise<{ readonly location: string; readonly cookies: readonly string[] }> {
  const { gate, running, target, route, session, fields, client } = visit;
  const names = running.cookies[client.scheme];
  const { location, browser } = await demandAt(gate.house, running.policy.server, {
    browserSecret: kept?.browser.secret ?? readCookie(fields.cookie, names.browser),
    host: target.host,
    route: route.name,
    returnTo: target.path + target.query,
    need: demand.need,
    rise: demand.reason === 'session-expired' ? undefined : session,
    keptPost: kept?.id,
    method,
    origin: originOf(target),
  });
  const isNew = kept?.browser.isNew ?? browser.isNew;
  const line = cookieLine(names.browser, browser.secret, {
    scheme: client.scheme,
    sameSite: 'lax',
    maxAge: BROWSER_LIFE / SECOND,
  });
  return { location, cookies: isNew ? ['Set-Cookie', line] : [] };
}

import type { Route } from '../core/access/route.ts';
import { titleOf } from '../core/policy.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieLine } from '../core/session/cookies.ts';
import type { Session } from '../core/session/session.ts';
import type { Leaving } from '../flows/leaving.ts';
import { signOut } from '../flows/sign-out.ts';
import { formToken } from '../http/csrf.ts';
import { plain } from '../http/notices.ts';
import { type Answer, goTo, showNotice, showPage } from './answer.ts';
import { isElsewhere } from './hand-over.ts';
import { hasOwnToken, readSubmitted } from './submission.ts';
import { onlyParameter, originHere, type Visit } from './visit.ts';

/** What the form's token is about: ending exactly this sign-in. */
const aboutSignOut = (sessionId: string): string => `sign-out ${sessionId}`;

/** `GET /logout`: asks. Nothing ends by following a link. */
export async function showLogout(visit: Visit): Promise<Answer> {
  const { session, browserSecret, parts, query } = visit;
  const again = onlyParameter(query, 'again') === '1';
  if (session === undefined) return elsewhere(visit, again) ?? signedOut(visit, []);
  const csrf = formToken(parts.house.digests, browserSecret ?? '', aboutSignOut(session.id));
  return showPage(visit, 200, { kind: 'sign-out', login: session.account.login, csrf, again });
}

/** Who has no session here may have one on the portal, which would bring this one back. */
function elsewhere(visit: Visit, again: boolean): Answer | undefined {
  const { portal, reservedPath } = visit.policy.server;
  if (!isElsewhere(visit) || portal === undefined) return undefined;
  return goTo(`${portal.origin}${reservedPath}/logout${again ? '?again=1' : ''}`);
}

const FIELDS = ['csrf', 'again'] as const;

/** `POST /logout`: ends the sign-in and takes the cookie away; with `again`, goes on to sign in as somebody else. */
export async function submitLogout(visit: Visit): Promise<Answer> {
  const submitted = await readSubmitted(visit, FIELDS);
  if (submitted.kind === 'refused') return submitted.answer;
  const { form, browserSecret } = submitted;
  const { session, parts, context, names, policy } = visit;
  if (session !== undefined) {
    if (!hasOwnToken(visit, browserSecret, aboutSignOut(session.id), form.csrf)) return askAgain(visit);
    const from = { address: context.address.text, request: requestNumber(context.requestId) };
    await signOut({ ...parts.house, live: parts.live }, session, from);
  }
  const told = session === undefined ? undefined : await parts.tellApplications?.(leavingOf(visit, session));
  const gone = cookieLine(names.session, '', { scheme: context.scheme, sameSite: policy.sessions.sameSite, maxAge: 0 });
  if (form.again === '1') return goTo(`${policy.server.reservedPath}/login`, [gone, ...(told?.cookies ?? [])]);
  return signedOut(visit, [gone, ...(told?.cookies ?? [])], told?.untold);
}

/** The request that signed out, as the applications of this host are told of it. */
function leavingOf(visit: Visit, session: Session): Leaving {
  const { requestId, scheme, host, address } = visit.context;
  const browserHost = originHere(visit).slice(`${scheme}://`.length);
  return { session, requestId, scheme, host, browserHost, cookie: visit.page.cookie, address };
}

/** The form was not this browser's own: asked anew, with a token that is. */
async function askAgain(visit: Visit): Promise<Answer> {
  return { ...(await showLogout(visit)), status: 403 };
}

function signedOut(visit: Visit, cookies: readonly string[], untold: readonly Route[] = []): Answer {
  const { reservedPath } = visit.policy.server;
  const answer = showNotice(visit, 200, (reader) => {
    const apps = untold.map((route) => titleOf(route, reader.language)).join(', ');
    const notice = plain(reader, 'signed_out', 'signedOut');
    return {
      ...notice,
      lead: untold.length === 0 ? notice.lead : [reader.t('signedOut.untold', { apps }), ...notice.lead],
      actions: [{ text: reader.t('page.signInAgain'), href: `${reservedPath}/` }],
    };
  });
  return { ...answer, cookies };
}

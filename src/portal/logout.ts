import { requestNumber } from '../core/request-number.ts';
import { cookieLine } from '../core/session/cookies.ts';
import { signOut } from '../flows/sign-out.ts';
import { formToken } from '../http/csrf.ts';
import { plain } from '../http/notices.ts';
import { type Answer, goTo, showNotice, showPage } from './answer.ts';
import { hasOwnToken, readSubmitted } from './submission.ts';
import { onlyParameter, type Visit } from './visit.ts';

/** What the form's token is about: ending exactly this sign-in. */
const aboutSignOut = (sessionId: string): string => `sign-out ${sessionId}`;

/** `GET /logout`: asks. Nothing ends by following a link. */
export async function showLogout(visit: Visit): Promise<Answer> {
  const { session, browserSecret, parts, query } = visit;
  if (session === undefined) return signedOut(visit, []);
  const csrf = formToken(parts.house.digests, browserSecret ?? '', aboutSignOut(session.id));
  const again = onlyParameter(query, 'again') === '1';
  return showPage(visit, 200, { kind: 'sign-out', login: session.account.login, csrf, again });
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
  const gone = cookieLine(names.session, '', { scheme: context.scheme, sameSite: policy.sessions.sameSite, maxAge: 0 });
  if (form.again === '1') return goTo(`${policy.server.reservedPath}/login`, [gone]);
  return signedOut(visit, [gone]);
}

/** The form was not this browser's own: asked anew, with a token that is. */
async function askAgain(visit: Visit): Promise<Answer> {
  return { ...(await showLogout(visit)), status: 403 };
}

function signedOut(visit: Visit, cookies: readonly string[]): Answer {
  const { reservedPath } = visit.policy.server;
  const answer = showNotice(visit, 200, (reader) => ({
    ...plain(reader, 'signed_out', 'signedOut'),
    actions: [{ text: reader.t('page.signInAgain'), href: `${reservedPath}/` }],
  }));
  return { ...answer, cookies };
}

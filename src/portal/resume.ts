import { matchRoute } from '../core/access/routes.ts';
import { canonicalise } from '../core/access/target.ts';
import { cookieLine } from '../core/session/cookies.ts';
import type { Session } from '../core/session/session.ts';
import { dropKeptPost, findKeptPost, type KeptPostView } from '../flows/keep-post.ts';
import { formToken } from '../http/csrf.ts';
import { answerHeaders } from '../http/headers.ts';
import { plain, toStart } from '../http/notices.ts';
import { RESENDING } from '../http/portal-pages.ts';
import { type Answer, goTo, showNotice, showPage } from './answer.ts';
import { hasOwnToken, readSubmitted } from './submission.ts';
import { onlyParameter, type Visit } from './visit.ts';

/** What the form's token is about: this kept post. */
const aboutKept = (id: string): string => `resume ${id}`;

/** `GET /resume`: shows what was kept and where it would go. */
export async function showResume(visit: Visit): Promise<Answer> {
  const { session, policy, query } = visit;
  if (session === undefined) return goTo(`${policy.server.reservedPath}/login`);
  return offer(visit, session, 200, onlyParameter(query, 'k') ?? '');
}

const FIELDS = ['k', 'csrf', 'do'] as const;

/**
 * `POST /resume`: discards what was kept, or sends the browser to where it was going with the one-time cookie. The
 * gateway puts the kept body into that request, after it has decided on it like on any other.
 */
export async function submitResume(visit: Visit): Promise<Answer> {
  const submitted = await readSubmitted(visit, FIELDS);
  if (submitted.kind === 'refused') return submitted.answer;
  const { form, browserSecret } = submitted;
  const { session, parts, context, policy, names } = visit;
  if (session === undefined) return goTo(`${policy.server.reservedPath}/login`);
  const id = form.k ?? '';
  if (!hasOwnToken(visit, browserSecret, aboutKept(id), form.csrf)) return offer(visit, session, 403, id);
  const claim = { id, browserSecret, host: context.host, session };
  const kept = await findKeptPost(parts.house, claim);
  if (kept === 'gone') return gone(visit);
  if (form.do === 'send') {
    const cookie = cookieLine(names.resume, id, { scheme: context.scheme, sameSite: 'lax', maxAge: 60 });
    return {
      status: 307,
      headers: { ...answerHeaders(), ...RESENDING, location: onThisHost(kept.target) },
      body: '',
      cookies: [cookie],
    };
  }
  if (form.do !== 'drop') return offer(visit, session, 400, id);
  await dropKeptPost(parts.house, claim);
  return showNotice(visit, 200, (reader) => ({
    ...plain(reader, 'post_dropped', 'resumeDropped'),
    actions: [toStart(reader)],
  }));
}

async function offer(visit: Visit, session: Session, status: number, id: string): Promise<Answer> {
  const { parts, context, browserSecret } = visit;
  const kept = await findKeptPost(parts.house, { id, browserSecret, host: context.host, session });
  if (kept === 'gone') return gone(visit);
  const [path = '/'] = kept.target.split('?', 1);
  return showPage(visit, status, {
    kind: 'resume',
    id,
    csrf: formToken(parts.house.digests, browserSecret ?? '', aboutKept(id)),
    route: routeOf(visit, kept),
    place: `${kept.host}${path}`,
    fields: kept.fields,
    size: kept.size,
    expiresAt: kept.expiresAt,
  });
}

/** Sent already, too old, or somebody else's: nobody is told which. */
const gone = (visit: Visit): Answer =>
  showNotice(visit, 404, (reader) => ({ ...plain(reader, 'post_gone', 'resumeGone'), actions: [toStart(reader)] }));

function routeOf({ policy, context }: Visit, kept: KeptPostView) {
  const read = canonicalise({ method: 'POST', target: kept.target, hosts: [kept.host], scheme: context.scheme });
  const match = read.ok ? matchRoute(policy.routes, read.value, 'POST') : undefined;
  return match?.kind === 'route' ? match.route : undefined;
}

/** A path with two slashes in front would name another host. */
const onThisHost = (target: string): string => (target.startsWith('//') ? `/.${target}` : target);

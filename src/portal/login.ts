import { decideAccess } from '../core/access/decide.ts';
import type { LocalText, Route } from '../core/access/route.ts';
import { servesHost } from '../core/access/routes.ts';
import { canonicalise } from '../core/access/target.ts';
import type { Factor } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieLine } from '../core/session/cookies.ts';
import { beginSignIn, openSignIn } from '../flows/begin-sign-in.ts';
import { type SignInResult, submitSignIn } from '../flows/sign-in.ts';
import { formToken } from '../http/csrf.ts';
import type { Form } from '../http/form.ts';
import { plain } from '../http/notices.ts';
import type { SignInPage } from '../http/sign-in-view.ts';
import type { LoginTransaction } from '../ports.ts';
import { type Answer, browserCookie, goTo, languageCookie, showNotice, showPage } from './answer.ts';
import { refuseOnBeat } from './beat.ts';
import { hasOwnToken, readSubmitted } from './submission.ts';
import { onlyParameter, type Visit } from './visit.ts';

/** `GET /login`: the form of a sign-in in progress, or of a new one to the list of applications. */
export async function showLogin(visit: Visit): Promise<Answer> {
  const { parts, query, browserSecret, context, session, policy } = visit;
  const asked = onlyParameter(query, 't');
  if (asked === undefined) return session === undefined ? startAnew(visit, 200, {}) : goTo(home(policy));
  const opened = await openSignIn(parts.house, { transaction: asked, browserSecret, host: context.host, session });
  switch (opened.kind) {
    case 'open':
      return showForm(visit, 200, opened.transaction, browserSecret ?? '', {
        notice: visit.handle !== undefined && session === undefined ? 'ended' : undefined,
      });
    case 'expired':
      return showForm(visit, 200, opened.transaction, browserSecret ?? '', { notice: 'expired' });
    case 'gone':
      // The gateway decides again there, and begins a sign-in if one is needed.
      if (opened.returnTo !== undefined) return goTo(opened.returnTo);
      return session === undefined ? startAnew(visit, 200, {}) : goTo(home(policy));
    case 'foreign-browser':
      return session === undefined ? startAnew(visit, 200, {}) : goTo(home(policy));
  }
}

const FIELDS = ['login', 'password', 'pin', 'otp', 'csrf', 't', 'lang'] as const;
type LoginForm = Form<(typeof FIELDS)[number]>;

/** `POST /login`: one attempt. A form that is not this browser's own is shown anew, and nothing was attempted. */
export async function submitLogin(visit: Visit): Promise<Answer> {
  const submitted = await readSubmitted(visit, FIELDS);
  if (submitted.kind === 'refused') return submitted.answer;
  const { form, browserSecret } = submitted;
  const { parts, context, session, policy } = visit;
  const transaction = form.t ?? '';
  const opening = { transaction, browserSecret, host: context.host, session };
  if (!hasOwnToken(visit, browserSecret, transaction, form.csrf)) return startAnew(visit, 403, form);
  if (form.lang !== undefined) return inOtherLanguage(visit, form, browserSecret);
  const submission = {
    ...opening,
    fields: { login: form.login ?? '', password: form.password ?? '', pin: form.pin ?? '', otp: form.otp ?? '' },
    address: context.address.text,
    userAgent: visit.request.headers['user-agent'] ?? '',
    request: requestNumber(context.requestId),
  };
  const result = await refuseOnBeat(
    () => submitSignIn({ ...parts.house, live: parts.live }, policy, submission),
    ({ kind }) => kind !== 'accepted',
  );
  return { ...(await answerTo(result, visit, form, browserSecret)), outcome: `sign-in ${result.kind}` };
}

async function answerTo(result: SignInResult, visit: Visit, form: LoginForm, browserSecret: string): Promise<Answer> {
  const { context, policy } = visit;
  const login = form.login ?? '';
  switch (result.kind) {
    case 'accepted':
      return accepted(result, visit, browserSecret);
    case 'malformed':
      return showForm(visit, 401, result.transaction, browserSecret, { login, faults: result.faults });
    case 'rejected':
      return showForm(visit, 401, result.transaction, browserSecret, { login, error: result.error });
    case 'expired':
      return showForm(visit, 401, result.transaction, browserSecret, { login, notice: 'expired' });
    case 'locked': {
      const { transaction, until } = result;
      const route = routeOf(policy, transaction);
      return showPage(visit, 429, { kind: 'locked', route, host: context.host, transaction: transaction.id, until });
    }
    case 'too-many-sessions': {
      const { max } = policy.sessions.concurrent;
      return showNotice(visit, 403, (reader) => ({
        ...plain(reader, 'too_many_sessions', 'tooManySessions'),
        lead: [reader.t('tooManySessions.lead', { max })],
      }));
    }
    // The second of two clicks: the first has signed in already.
    case 'gone':
      if (result.returnTo !== undefined) return goTo(result.returnTo);
      return visit.session === undefined ? startAnew(visit, 401, form) : goTo(home(policy));
    case 'foreign-browser':
      return startAnew(visit, 403, form);
  }
}

/** The cookie of the browser is renewed with every sign-in, so that a known browser stays known while it is used. */
function accepted(result: Extract<SignInResult, { kind: 'accepted' }>, visit: Visit, browserSecret: string): Answer {
  const { names, context, policy } = visit;
  const session = cookieLine(names.session, result.cookie, {
    scheme: context.scheme,
    sameSite: policy.sessions.sameSite,
  });
  const next =
    result.keptPost === undefined
      ? result.returnTo
      : `${policy.server.reservedPath}/resume?k=${encodeURIComponent(result.keptPost)}`;
  return goTo(next, [session, browserCookie(visit, browserSecret)]);
}

/** The language buttons submit the form, so that what was typed as ID stays. Nothing is attempted. */
async function inOtherLanguage(visit: Visit, form: LoginForm, browserSecret: string): Promise<Answer> {
  const { parts, context, session } = visit;
  const opening = { transaction: form.t ?? '', browserSecret, host: context.host, session };
  const opened = await openSignIn(parts.house, opening);
  if (opened.kind === 'gone' || opened.kind === 'foreign-browser') return startAnew(visit, 200, form);
  const cookies = languageCookie(visit, form.lang);
  return showForm(visit, 200, opened.transaction, browserSecret, {
    login: form.login ?? '',
    cookies,
    language: form.lang,
  });
}

/** A new sign-in to the list of applications, keeping the ID that was typed. */
async function startAnew(visit: Visit, status: number, form: LoginForm): Promise<Answer> {
  const { parts, policy, context, browserSecret } = visit;
  const { transaction, browser } = await beginSignIn(parts.house, {
    browserSecret,
    host: context.host,
    route: '',
    returnTo: home(policy),
    need: portalFactors(policy, context.host),
  });
  const cookies = browser.isNew ? [browserCookie(visit, browser.secret)] : [];
  const notice = status === 200 ? undefined : 'expired';
  return showForm(visit, status, transaction, browser.secret, {
    login: form.login ?? '',
    notice,
    cookies,
    language: form.lang,
  });
}

type Shown = Pick<SignInPage, 'faults' | 'error' | 'notice'> & {
  readonly login?: string;
  readonly cookies?: readonly string[];
  readonly language?: string | undefined;
};

async function showForm(
  visit: Visit,
  status: number,
  transaction: LoginTransaction,
  browserSecret: string,
  { cookies = [], language, login = '', ...said }: Shown,
): Promise<Answer> {
  const { parts, policy, now, session } = visit;
  const route = routeOf(policy, transaction);
  const kept =
    transaction.keptPost === undefined ? undefined : await parts.house.browsers.findKept(transaction.keptPost, now);
  const rising = transaction.riseFrom === undefined ? undefined : session;
  const rise = rising && { login: rising.account.login, because: becauseOf(visit, route, transaction) };
  const csrf = formToken(parts.house.digests, browserSecret, transaction.id);
  const page = {
    kind: 'sign-in',
    transaction,
    route,
    csrf,
    login: login.slice(0, LONGEST_LOGIN),
    kept,
    rise,
    ...said,
  } as const;
  return showPage(visit, status, page, cookies, language);
}

/** More of what was typed is not given back. */
const LONGEST_LOGIN = 128;

const home = (policy: Policy): string => `${policy.server.reservedPath}/`;

const routeOf = (policy: Policy, transaction: LoginTransaction): Route | undefined =>
  policy.routes.all.find((route) => route.name === transaction.route);

/** Why this act asks for more, in the words of the rule that does: decided again, on what the person was about to do. */
function becauseOf(
  { session, context, now }: Visit,
  route: Route | undefined,
  transaction: LoginTransaction,
): LocalText {
  const method = transaction.keptPost === undefined ? 'GET' : 'POST';
  const target = canonicalise({ method, target: transaction.returnTo, hosts: [context.host], scheme: context.scheme });
  if (route === undefined || !target.ok) return {};
  const decision = decideAccess({ route, target: target.value, method, session, address: context.address, now });
  return decision.kind === 'authenticate' ? decision.because : {};
}

/** What the list of applications asks for: the least that any application of this host does. */
function portalFactors(policy: Policy, host: string): readonly Factor[] {
  const asked = policy.routes.all.flatMap((route) =>
    route.auth.kind === 'sign-in' && servesHost(route, host) ? [route.auth.requirement.factors] : [],
  );
  return asked.toSorted((left, right) => left.length - right.length)[0] ?? ['otp'];
}

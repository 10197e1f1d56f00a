import type { Language } from '../core/policy.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieLine } from '../core/session/cookies.ts';
import { refuseOnBeat } from '../flows/beat.ts';
import { openSignIn } from '../flows/begin-sign-in.ts';
import { placeOfRoute } from '../flows/place.ts';
import { type Resent, resendSignInCode } from '../flows/resend-sign-in-code.ts';
import { type SignInResult, submitSignIn } from '../flows/sign-in.ts';
import { findStep, stepOf } from '../flows/sign-in-step.ts';
import type { Form } from '../http/form.ts';
import { plain } from '../http/notices.ts';
import { readerOf } from '../http/reader.ts';
import type { LoginTransaction } from '../ports.ts';
import { roundedClockTime } from '../texts/time.ts';
import { type Answer, browserCookie, goTo, languageCookie, showNotice, showPage } from './answer.ts';
import { isElsewhere, receive, signInElsewhere } from './hand-over.ts';
import { aimOf, home, routeOf, type Shown, showForm, showStep, startAnew } from './login-pages.ts';
import { hasOwnToken, readSubmitted } from './submission.ts';
import { onlyParameter, type Visit } from './visit.ts';

/**
 * `GET /login`: the form of a sign-in in progress, or of a new one to the list of applications. Where there is a portal,
 * its host has the form and every other one leads there.
 */
export async function showLogin(visit: Visit): Promise<Answer> {
  const { parts, query, browserSecret, context, session, policy } = visit;
  if (isElsewhere(visit)) return session === undefined ? signInElsewhere(visit) : goTo(home(policy));
  const asked = onlyParameter(query, 't');
  if (asked === undefined) return session === undefined ? startAnew(visit, 200, {}) : goTo(home(policy));
  const received = await receive(visit, asked);
  if (received !== undefined) return received;
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

const FIELDS = ['login', 'password', 'pin', 'otp', 'sms', 'csrf', 't', 'p', 'do', 'spare', 'app', 'lang'] as const;
type LoginForm = Form<(typeof FIELDS)[number]>;

/** One submission of a form of ours, from the browser it was given to. */
type Sent = { readonly visit: Visit; readonly form: LoginForm; readonly browserSecret: string };

/**
 * `POST /login`: one attempt, or a wish (another language, the message again). A form that is not this browser's own is
 * shown anew, and nothing was attempted.
 */
export async function submitLogin(visit: Visit): Promise<Answer> {
  const submitted = await readSubmitted(visit, FIELDS);
  if (submitted.kind === 'refused') return submitted.answer;
  const { form, browserSecret } = submitted;
  const { parts, policy } = visit;
  if (isElsewhere(visit)) return signInElsewhere(visit);
  if (!hasOwnToken(visit, browserSecret, form.t ?? '', form.csrf)) return startAnew(visit, 403, form);
  const sent = { visit, form, browserSecret };
  if (form.lang !== undefined) return inOtherLanguage(sent);
  if (form.do === 'spare' || form.do === 'app' || form.do === 'back') return inOtherWay(sent);
  if (form.do === 'resend') return resend(sent);
  const submission = {
    ...openingOf(sent),
    fields: {
      login: form.login ?? '',
      password: form.password ?? '',
      pin: form.pin ?? '',
      otp: form.otp ?? '',
      sms: form.sms ?? '',
    },
    ...originOf(visit),
    userAgent: visit.request.headers['user-agent'] ?? '',
    pending: form.p,
    wanted: form.do === 'sms' ? 'sms' : undefined,
    language: languageOf(visit),
  } as const;
  const result = await refuseOnBeat(
    () => submitSignIn({ ...parts.house, live: parts.live }, policy, submission),
    ({ kind }) => kind !== 'accepted',
  );
  return { ...(await answerTo(result, sent)), outcome: `sign-in ${result.kind}` };
}

const openingOf = ({ visit: { context, session }, form, browserSecret }: Sent) => ({
  transaction: form.t ?? '',
  browserSecret,
  host: context.host,
  session,
});

const originOf = ({ context }: Visit) => ({
  address: context.address.text,
  request: requestNumber(context.requestId),
});

/** The reader's language, for a message to them. */
const languageOf = ({ policy, page }: Visit): Language => readerOf(policy, page, 'UTC').language;

async function answerTo(result: SignInResult, sent: Sent): Promise<Answer> {
  const { visit, form, browserSecret } = sent;
  const { policy } = visit;
  switch (result.kind) {
    case 'accepted':
      return accepted(result, visit, browserSecret);
    case 'continue':
      return showStep(visit, 200, result.transaction, browserSecret, result.step, {});
    case 'malformed':
      return again(sent, result, { faults: result.faults });
    case 'rejected':
      return again(sent, result, { error: result.error });
    case 'expired':
      return showForm(visit, 401, result.transaction, browserSecret, { ...kept(form), notice: 'expired' });
    case 'locked':
      return locked(visit, result.transaction, result.until);
    case 'limited':
      return limited(visit, result.transaction, result.until);
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

type Refused = Extract<SignInResult, { kind: 'malformed' | 'rejected' }>;

/** The step that was not accepted once more; the first one where a code by SMS is over and a new one has to be sent. */
async function again(
  { visit, form, browserSecret }: Sent,
  { transaction, step }: Refused,
  said: Pick<Shown, 'faults' | 'error'>,
): Promise<Answer> {
  if (step === undefined || said.error === 'E8') {
    return showForm(visit, 401, transaction, browserSecret, { ...kept(form), ...said });
  }
  return showStep(visit, 401, transaction, browserSecret, step, said);
}

/** What of a form stays when it is shown again. */
const kept = ({ login, spare, app }: LoginForm): Pick<Shown, 'login' | 'choice'> => ({
  login: login ?? '',
  choice: spare === '1' ? 'spare' : app === '1' ? 'app' : undefined,
});

async function locked(visit: Visit, transaction: LoginTransaction, until: number): Promise<Answer> {
  const route = routeOf(visit.policy, transaction);
  const { host } = await aimOf(visit, transaction);
  return showPage(visit, 429, { kind: 'locked', route, host, transaction: transaction.id, until });
}

/** Too many messages were asked for: nothing was sent, and it says from when on one may be. */
function limited(visit: Visit, transaction: LoginTransaction, until: number): Answer {
  const href = `${visit.policy.server.reservedPath}/login?t=${transaction.id}`;
  return showNotice(visit, 429, (reader) => ({
    ...plain(reader, 'too_many_messages', 'tooManyTexts'),
    lead: [reader.t('tooManyTexts.lead', { time: roundedClockTime(until, reader.language, reader.zone) })],
    actions: [{ text: reader.t('page.signInAgain'), href }],
    retryAt: until,
  }));
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

/** Sends the code of a step again. Whether anybody gets it is not said, and takes no other time. */
async function resend(sent: Sent): Promise<Answer> {
  const { visit, form, browserSecret } = sent;
  const { parts, policy } = visit;
  const request = {
    ...openingOf(sent),
    ...originOf(visit),
    pending: form.p ?? '',
    language: languageOf(visit),
  };
  const resent: Resent = await refuseOnBeat(
    () => resendSignInCode(parts.house, policy, request),
    () => true,
  );
  switch (resent.kind) {
    case 'queued':
      return showStep(visit, 200, resent.transaction, browserSecret, resent.step, { resent: 'queued' });
    case 'limited':
      return showStep(visit, 429, resent.transaction, browserSecret, resent.step, { resent: { until: resent.until } });
    case 'step-gone':
      return showForm(visit, 401, resent.transaction, browserSecret, { notice: 'expired' });
    case 'gone':
      return startAnew(visit, 401, form);
  }
}

/** The language buttons submit the form, so that what was typed as ID stays. Nothing is attempted. */
async function inOtherLanguage(sent: Sent): Promise<Answer> {
  const { visit, form, browserSecret } = sent;
  const { parts, policy, now } = visit;
  const opened = await openSignIn(parts.house, openingOf(sent));
  if (opened.kind === 'gone' || opened.kind === 'foreign-browser') return startAnew(visit, 200, form);
  const { transaction } = opened;
  const cookies = languageCookie(visit, form.lang);
  const language = form.lang;
  const pending = await findStep(parts.house, transaction, form.p, now);
  if (pending === undefined || pending === 'gone') {
    return showForm(visit, 200, transaction, browserSecret, { ...kept(form), cookies, language });
  }
  const step = await stepOf(parts.house, placeOfRoute(policy, transaction.route), pending);
  return { ...showStep(visit, 200, transaction, browserSecret, step, { language }), cookies };
}

/** The first step with another field, or the first step again; what was typed as ID stays. Nothing is attempted. */
async function inOtherWay(sent: Sent): Promise<Answer> {
  const { visit, form, browserSecret } = sent;
  const opened = await openSignIn(visit.parts.house, openingOf(sent));
  if (opened.kind === 'gone' || opened.kind === 'foreign-browser') return startAnew(visit, 200, form);
  const choice = form.do === 'spare' || form.do === 'app' ? form.do : undefined;
  return showForm(visit, 200, opened.transaction, browserSecret, { login: form.login ?? '', choice });
}

import { decideAccess } from '../core/access/decide.ts';
import type { LocalText, Route } from '../core/access/route.ts';
import { servesHost } from '../core/access/routes.ts';
import { canonicalise } from '../core/access/target.ts';
import type { Factor } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { beginSignIn } from '../flows/begin-sign-in.ts';
import { findAim } from '../flows/hand-over.ts';
import { placeOfRoute } from '../flows/place.ts';
import { offersSms, type SignInStep } from '../flows/sign-in-step.ts';
import { formToken } from '../http/csrf.ts';
import type { SignInPage } from '../http/sign-in-view.ts';
import type { StepPage } from '../http/step-view.ts';
import type { LoginTransaction } from '../ports.ts';
import { type Answer, browserCookie, showPage } from './answer.ts';
import type { Visit } from './visit.ts';

/** What is said on a form besides what it always says. */
export type Shown = Pick<SignInPage, 'faults' | 'error' | 'notice'> & {
  readonly login?: string;
  readonly cookies?: readonly string[];
  readonly language?: string | undefined;
  /** What the person chose to type in the place of the app's code. */
  readonly choice?: 'spare' | 'app' | undefined;
};

/** The first step: every field the route asks for, except a code that has yet to be sent. */
export async function showForm(
  visit: Visit,
  status: number,
  transaction: LoginTransaction,
  browserSecret: string,
  { cookies = [], language, login = '', choice, ...said }: Shown,
): Promise<Answer> {
  const { parts, policy, now, session } = visit;
  const route = routeOf(policy, transaction);
  const kept =
    transaction.keptPost === undefined ? undefined : await parts.house.browsers.findKept(transaction.keptPost, now);
  const rising = transaction.riseFrom === undefined ? undefined : session;
  const aim = await aimOf(visit, transaction);
  const page = {
    kind: 'sign-in',
    transaction: { ...transaction, host: aim.host },
    route,
    csrf: formToken(parts.house.digests, browserSecret, transaction.id),
    login: login.slice(0, LONGEST_LOGIN),
    kept,
    rise: rising && { login: rising.account.login, because: becauseOf(visit, route, aim) },
    texts: await textsFor(visit, transaction, choice),
    spare: spareFor(policy, transaction, choice),
    chosen: choice,
    ...said,
  } as const;
  return showPage(visit, status, page, cookies, language);
}

/** More of what was typed is not given back. */
const LONGEST_LOGIN = 128;

/** How a code by SMS is offered beside the fields; the same for everybody who comes to this route. */
async function textsFor(
  { parts, policy }: Visit,
  transaction: LoginTransaction,
  choice: Shown['choice'],
): Promise<SignInPage['texts']> {
  if (!transaction.need.includes('otp') || transaction.need.includes('sms')) return undefined;
  const place = placeOfRoute(policy, transaction.route);
  if (!(await offersSms(parts.house, policy, place))) return undefined;
  return place.smsFallback?.when === 'outage' && choice === undefined ? 'outage' : 'instead';
}

/** Spare codes count where any kind of OTP does. */
function spareFor(policy: Policy, transaction: LoginTransaction, choice: Shown['choice']): SignInPage['spare'] {
  if (!transaction.need.includes('otp') || placeOfRoute(policy, transaction.route).otp !== 'any') return undefined;
  return choice === 'spare' ? 'asked' : 'offered';
}

/** A later step: the one code that is still missing. */
export function showStep(
  visit: Visit,
  status: number,
  transaction: LoginTransaction,
  browserSecret: string,
  step: SignInStep,
  said: Pick<StepPage, 'faults' | 'error' | 'resent'> & { readonly language?: string | undefined },
): Answer {
  const { parts, policy, session, now } = visit;
  const { language, ...rest } = said;
  const texted = step.offers.find(({ method, challenge }) => method === 'sms' && challenge !== undefined);
  const page: StepPage = {
    kind: 'step',
    transaction,
    pending: step.pending,
    field: texted === undefined ? 'otp' : 'sms',
    route: routeOf(policy, transaction),
    csrf: formToken(parts.house.digests, browserSecret, transaction.id),
    target: texted?.target,
    expiresAt: step.expiresAt,
    resendAfter: texted?.resendAfter ?? now,
    textInstead: step.offers.some(({ method }) => method === 'sms'),
    signedInAs: transaction.riseFrom === undefined ? undefined : session?.account.login,
    ...rest,
  };
  return showPage(visit, status, page, [], language);
}

/** A new sign-in to the list of applications, keeping the ID that was typed. */
export async function startAnew(
  visit: Visit,
  status: number,
  form: { readonly login?: string; readonly lang?: string },
): Promise<Answer> {
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

/** The list of applications. */
export const home = (policy: Policy): string => `${policy.server.reservedPath}/`;

/** Where the person is going: what waits on another host, or the sign-in itself. */
export async function aimOf({ parts }: Visit, transaction: LoginTransaction): Promise<LoginTransaction> {
  if (transaction.onBehalfOf === undefined) return transaction;
  return (await findAim(parts.house, transaction.id)) ?? transaction;
}

/** Where a sign-in leads; undefined for the list of applications. */
export const routeOf = (policy: Policy, transaction: LoginTransaction): Route | undefined =>
  policy.routes.all.find((route) => route.name === transaction.route);

/** Why this act asks for more, in the words of the rule that does: decided again, on what the person was about to do. */
function becauseOf(
  { session, context, now }: Visit,
  route: Route | undefined,
  transaction: LoginTransaction,
): LocalText {
  const { keptPost, returnTo, host, origin } = transaction;
  const method = transaction.method ?? (keptPost === undefined ? 'GET' : 'POST');
  const scheme = origin === undefined ? context.scheme : origin.startsWith('https:') ? 'https' : 'http';
  const target = canonicalise({ method, target: returnTo, hosts: [host], scheme });
  if (route === undefined || !target.ok) return {};
  const decision = decideAccess({ route, target: target.value, method, session, address: context.address, now });
  return decision.kind === 'authenticate' ? decision.because : {};
}

/** What the list of applications asks for: the least that any application of this host does; of any host on the portal. */
export function portalFactors(policy: Policy, host: string): readonly Factor[] {
  const isPortal = policy.server.portal?.host === host;
  const asked = policy.routes.all.flatMap((route) =>
    route.auth.kind === 'sign-in' && (isPortal || servesHost(route, host)) ? [route.auth.requirement.factors] : [],
  );
  return asked.toSorted((left, right) => left.length - right.length)[0] ?? ['otp'];
}

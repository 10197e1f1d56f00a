import type { LocalText, Route } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import { textIn, titleOf } from '../core/policy.ts';
import type { FieldFault, FieldName } from '../core/verification/code.ts';
import type { PublicError } from '../core/verification/rejection.ts';
import type { KeptPost, LoginTransaction } from '../ports.ts';
import { sentences } from '../texts/page-texts.ts';
import type { PageText } from '../texts/pages/ko.ts';
import { clockTime, sizeText } from '../texts/time.ts';
import { digitsOf, faultText, OTP_ERRORS, type Summary, tipsFor } from './field-texts.ts';
import { frameOf, type Reader } from './reader.ts';

/** The sign-in form and everything that may have to be said about it. */
export type SignInPage = {
  readonly kind: 'sign-in';
  readonly transaction: LoginTransaction;
  /** Where the person is going; undefined for the portal itself. */
  readonly route: Route | undefined;
  readonly csrf: string;
  /** What was typed as ID, given back; secrets never are. */
  readonly login: string;
  readonly faults?: readonly FieldFault[];
  readonly error?: PublicError;
  readonly notice?: 'expired' | 'ended' | undefined;
  readonly kept?: KeptPost | undefined;
  /** A code by SMS may stand in for the OTP: `instead` beside it, `outage` in its place while that service is down. */
  readonly texts?: 'instead' | 'outage' | undefined;
  /** The field takes a spare code: letters too, so no keypad of digits is asked for. */
  readonly spare?: 'offered' | 'asked' | undefined;
  /** What the person chose to type in the place of what the page would ask for. */
  readonly chosen?: 'spare' | 'app' | undefined;
  /** Step-up: who is signed in, and what the rule says this act is. */
  readonly rise?: { readonly login: string; readonly because: LocalText } | undefined;
};

/** The factors that have a field in this step: a code by SMS is asked for once it is on its way. */
const fieldsOf = ({ transaction: { need }, texts }: SignInPage): readonly FieldFactor[] =>
  need.filter((factor): factor is FieldFactor => factor !== 'sms' && !(factor === 'otp' && texts === 'outage'));

type FieldFactor = Exclude<Factor, 'sms'>;

/** What a factor's field is called and how browsers and password managers are told about it. */
const FIELDS = {
  pw: { name: 'password', label: 'login.password', type: 'password', autocomplete: 'current-password', digits: false },
  pin: { name: 'pin', label: 'login.pin', type: 'password', autocomplete: 'current-password', digits: true },
  otp: { name: 'otp', label: 'login.otp', type: 'text', autocomplete: 'one-time-code', digits: true },
} as const;

/** The model of the template `portal/login`. */
export function signInView(page: SignInPage, reader: Reader): Record<string, unknown> {
  const { t, policy } = reader;
  const { transaction, rise } = page;
  const app = page.route === undefined ? undefined : titleOf(page.route, reader.language);
  const heading = t(rise === undefined ? 'login.title' : 'stepUp.title');
  const errors = errorsOf(page, reader);
  const summary = summaryOf(page, errors, reader);
  const frame = frameOf(reader, { heading, app, isError: summary !== undefined, languages: 'form' });
  const base = policy.server.reservedPath;
  return {
    ...frame,
    summary,
    destination: { title: app ?? policy.pages.brand.name, place: transaction.host },
    lead: rise === undefined ? undefined : stepUpLead(page, reader, app ?? policy.pages.brand.name),
    signedInAs: rise?.login,
    notMe: rise === undefined ? undefined : `${base}/logout?again=1`,
    notice: page.notice === undefined ? [] : sentences(t(`login.${page.notice}`)),
    kept: keptNotice(page.kept, reader),
    action: `${base}/login`,
    transaction: transaction.id,
    csrf: page.csrf,
    rows: rowsOf(page, errors, summary !== undefined, reader),
    submit: t(submitText(page)),
    ...waysOf(page, reader),
  };
}

/** Where a code by SMS follows, the button says what pressing it does. */
function submitText({ transaction: { need }, rise, texts }: SignInPage): PageText {
  if (need.includes('sms') || texts === 'outage') return 'login.textMe';
  return rise === undefined ? 'login.submit' : 'stepUp.submit';
}

/** Other ways to prove what the OTP proves; the same for everybody on this route. */
function waysOf({ texts, spare, chosen }: SignInPage, { t }: Reader): Record<string, unknown> {
  return {
    degraded: texts === 'outage' ? sentences(t('login.degraded')) : [],
    inOutage: texts === 'outage',
    textInstead: texts === 'instead' ? t('login.textInstead') : undefined,
    spare: spare === 'offered' ? t('login.spare') : undefined,
    app: spare === 'asked' || texts === 'outage' ? t('login.notSpare') : undefined,
    chosen,
  };
}

const keptNotice = (kept: KeptPost | undefined, { t, language, zone }: Reader): readonly string[] =>
  kept === undefined
    ? []
    : sentences(t('post.expired', { size: sizeText(kept.size), time: clockTime(kept.expiresAt, language, zone) }));

function stepUpLead({ transaction, rise }: SignInPage, { t, language }: Reader, app: string): string {
  const factors = factorWords(transaction.need, { t });
  const reason = rise === undefined ? undefined : textIn(rise.because, language);
  return reason === undefined ? t('stepUp.lead', { app, factors }) : t('stepUp.reason', { reason, factors });
}

/** Factors in words, in order: `로그인 PIN과 OTP 번호`. */
export function factorWords(factors: readonly Factor[], { t }: Pick<Reader, 't'>): string {
  const words = factors.map((factor) => t(`factor.${factor}`));
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : t('list.pair', { head: words.slice(0, -1).join(t('list.comma')), last });
}

type Errors = ReadonlyMap<FieldName, string>;

/** The sentence for each field that has one: faults of form, and what may be said of a code once something was proved. */
function errorsOf(page: SignInPage, reader: Reader): Errors {
  if (page.error === 'E8') return new Map();
  if (page.error !== undefined && page.error !== 'E1') return new Map([['otp', reader.t(OTP_ERRORS[page.error])]]);
  return new Map((page.faults ?? []).map((fault) => [fault.field, faultText(fault, reader)]));
}

function summaryOf(page: SignInPage, errors: Errors, { t }: Reader): Summary | undefined {
  if (page.error === 'E1')
    return { heading: t('error.login'), text: t('error.check'), items: tipsFor(page.transaction.need, t) };
  if (page.error === 'E8') return { heading: t('error.login'), text: t('error.smsOver'), items: [] };
  if (errors.size === 0) return undefined;
  const items = [...errors].map(([field, text]) => ({ text, field }));
  return { heading: t(page.error === undefined ? 'error.form' : 'error.login'), items };
}

type Field = {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error: string | undefined;
  readonly describedBy: string;
  readonly type: string;
  readonly autocomplete: string;
  readonly numeric: boolean;
  readonly code: boolean;
  readonly value?: string;
  readonly focus: boolean;
};

/** Fields in the order the route writes them; a code and a PIN that stand together share a row where there is room. */
function rowsOf(page: SignInPage, errors: Errors, hasSummary: boolean, reader: Reader): readonly (readonly Field[])[] {
  const rows: Field[][] = [];
  let toFocus = hasSummary ? undefined : 'first';
  const focusOnce = (): boolean => {
    const first = toFocus === 'first';
    toFocus = undefined;
    return first;
  };
  if (page.rise === undefined) rows.push([loginField(page.login, errors, page.login === '' && focusOnce(), reader)]);
  for (const factor of fieldsOf(page)) {
    const field = factorField(page, factor, errors, focusOnce(), reader);
    const last = rows.at(-1);
    if (field.code && last?.length === 1 && last[0]?.code === true) last.push(field);
    else rows.push([field]);
  }
  return rows;
}

function loginField(value: string, errors: Errors, focus: boolean, { t, policy, language }: Reader): Field {
  const hint = textIn(policy.pages.idHint, language);
  const error = errors.get('login');
  const described = describedBy('login', hint, error);
  const fixed = { name: 'login', type: 'text', autocomplete: 'username', numeric: false, code: false };
  return { ...fixed, label: t('login.id'), hint, error, describedBy: described, value, focus };
}

function factorField(page: SignInPage, factor: FieldFactor, errors: Errors, focus: boolean, reader: Reader): Field {
  const { name, label, type, autocomplete, digits } = FIELDS[factor];
  const spare = factor === 'otp' && page.spare === 'asked';
  const hint = spare ? reader.t('login.spareHint') : hintOf(factor, reader);
  const error = errors.get(name);
  return {
    name,
    label: reader.t(spare ? 'login.spareLabel' : label),
    hint,
    error,
    describedBy: describedBy(name, hint, error),
    type,
    autocomplete,
    numeric: digits && !spare,
    code: digits,
    focus,
  };
}

function hintOf(factor: FieldFactor, reader: Reader): string | undefined {
  const { t, policy } = reader;
  if (factor === 'otp') return t('login.otpHint', { digits: digitsOf(reader) });
  if (factor === 'pw') return undefined;
  return t('login.pinHint' satisfies PageText, { min: policy.users.pin.minLength, max: policy.users.pin.maxLength });
}

const describedBy = (name: string, hint: string | undefined, error: string | undefined): string =>
  [hint === undefined ? '' : `${name}-hint`, error === undefined ? '' : `${name}-error`].join(' ').trim();

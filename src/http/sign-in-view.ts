import type { LocalText, Route } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import { textIn, titleOf } from '../core/policy.ts';
import type { FieldFault, FieldName } from '../core/verification/code.ts';
import type { PublicError } from '../core/verification/decide.ts';
import type { KeptPost, LoginTransaction } from '../ports.ts';
import { sentences } from '../texts/page-texts.ts';
import type { PageText } from '../texts/pages/ko.ts';
import { clockTime, sizeText } from '../texts/time.ts';
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
  /** Step-up: who is signed in, and what the rule says this act is. */
  readonly rise?: { readonly login: string; readonly because: LocalText } | undefined;
};

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
    submit: t(rise === undefined ? 'login.submit' : 'stepUp.submit'),
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
  if (page.error !== undefined && page.error !== 'E1') return new Map([['otp', reader.t(OTP_ERRORS[page.error])]]);
  return new Map((page.faults ?? []).map((fault) => [fault.field, faultText(fault, reader)]));
}

const OTP_ERRORS = { E2: 'error.otpWrong', E3: 'error.otpClock', E4: 'error.otpUsed' } as const;

function faultText({ field, fault, length }: FieldFault, reader: Reader): string {
  const { t, policy } = reader;
  if (fault === 'hangul') return t('error.idHangul');
  switch (field) {
    case 'login':
      return t(fault === 'empty' ? 'error.idEmpty' : 'error.idForm');
    case 'password':
      return t(fault === 'empty' ? 'error.passwordEmpty' : 'error.passwordLength');
    case 'pin': {
      const { minLength: min, maxLength: max } = policy.users.pin;
      if (fault === 'empty') return t('error.pinEmpty');
      return fault === 'wrong-length'
        ? t('error.pinLength', { min, max, typed: length })
        : t('error.pinDigits', { min, max });
    }
    case 'otp': {
      if (fault === 'empty') return t('error.otpEmpty');
      const digits = digitsOf(reader);
      return fault === 'wrong-length'
        ? t('error.otpLength', { digits, typed: length })
        : t('error.otpDigits', { digits });
    }
  }
}

type Summary = {
  readonly heading: string;
  readonly text?: string;
  readonly items: readonly { readonly text: string; readonly field?: string }[];
};

function summaryOf(page: SignInPage, errors: Errors, { t }: Reader): Summary | undefined {
  if (page.error === 'E1')
    return { heading: t('error.login'), text: t('error.check'), items: tipsFor(page.transaction.need, t) };
  if (errors.size === 0) return undefined;
  const items = [...errors].map(([field, text]) => ({ text, field }));
  return { heading: t(page.error === undefined ? 'error.form' : 'error.login'), items };
}

/** Advice about the world (clock, fresh code, keyboard), never about the account: the same for everybody. */
function tipsFor(need: readonly Factor[], t: Reader['t']): Summary['items'] {
  const otp = [{ text: t('error.tipFresh'), field: 'otp' }, { text: t('error.tipClock') }];
  return [...(need.includes('otp') ? otp : []), ...(need.includes('pw') ? [{ text: t('error.tipHangul') }] : [])];
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
  for (const factor of page.transaction.need) {
    const field = factorField(factor, errors, focusOnce(), reader);
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

function factorField(factor: Factor, errors: Errors, focus: boolean, reader: Reader): Field {
  const { name, label, type, autocomplete, digits } = FIELDS[factor];
  const hint = hintOf(factor, reader);
  const error = errors.get(name);
  return {
    name,
    label: reader.t(label),
    hint,
    error,
    describedBy: describedBy(name, hint, error),
    type,
    autocomplete,
    numeric: digits,
    code: digits,
    focus,
  };
}

function hintOf(factor: Factor, reader: Reader): string | undefined {
  const { t, policy } = reader;
  if (factor === 'otp') return t('login.otpHint', { digits: digitsOf(reader) });
  if (factor === 'pw') return undefined;
  return t('login.pinHint' satisfies PageText, { min: policy.users.pin.minLength, max: policy.users.pin.maxLength });
}

const describedBy = (name: string, hint: string | undefined, error: string | undefined): string =>
  [hint === undefined ? '' : `${name}-hint`, error === undefined ? '' : `${name}-error`].join(' ').trim();

/** How many digits codes have here; both lengths where authenticators of both are handed out. */
function digitsOf({ policy, t }: Reader): string {
  const { totp, hotp, foreignApps } = policy.otp;
  return [...new Set([totp.digits, foreignApps.digits, hotp.digits])].sort().join(t('list.or'));
}

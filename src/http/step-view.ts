import type { Route } from '../core/access/route.ts';
import { titleOf } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { FieldFault } from '../core/verification/code.ts';
import type { PublicError } from '../core/verification/rejection.ts';
import type { LoginTransaction } from '../ports.ts';
import { sentences } from '../texts/page-texts.ts';
import { clockTime, roundedClockTime } from '../texts/time.ts';
import { digitsOf, faultText, OTP_ERRORS, type Summary, tipsFor } from './field-texts.ts';
import { frameOf, type Reader } from './reader.ts';

/** A later step of a sign-in: one code, from a text message or from an app. */
export type StepPage = {
  readonly kind: 'step';
  readonly transaction: LoginTransaction;
  /** The verification under way that the code completes. */
  readonly pending: string;
  readonly field: 'sms' | 'otp';
  readonly route: Route | undefined;
  readonly csrf: string;
  /** Masked number; undefined where nothing is known of the person yet. */
  readonly target: string | undefined;
  readonly expiresAt: Instant;
  /** Before this moment the message is not sent again. */
  readonly resendAfter: Instant;
  /** The code may come by SMS instead. */
  readonly textInstead?: boolean;
  /** Step-up: who is signed in. */
  readonly signedInAs?: string | undefined;
  readonly faults?: readonly FieldFault[] | undefined;
  readonly error?: PublicError | undefined;
  /** What came of asking for the message again: it is on its way, or has to wait until then. */
  readonly resent?: 'queued' | { readonly until: Instant } | undefined;
};

/** The model of the template `portal/step`. */
export function stepView(page: StepPage, reader: Reader): Record<string, unknown> {
  const { t, policy } = reader;
  const app = page.route === undefined ? undefined : titleOf(page.route, reader.language);
  const bySms = page.field === 'sms';
  const error = errorOf(page, reader);
  const summary = summaryOf(page, error, reader);
  const heading = t(bySms ? 'sms.title' : 'stepUp.title');
  return {
    ...frameOf(reader, { heading, app, isError: summary !== undefined, languages: 'form' }),
    summary,
    destination: { title: app ?? policy.pages.brand.name, place: page.transaction.host },
    signedInAs: page.signedInAs,
    lead: bySms ? sentences(sentText(page, reader)) : [],
    said: saidOf(page, reader),
    action: `${policy.server.reservedPath}/login`,
    transaction: page.transaction.id,
    pending: page.pending,
    csrf: page.csrf,
    field: page.field,
    label: t(bySms ? 'sms.label' : 'login.otp'),
    hint: hintOf(page, reader),
    error,
    submit: t('sms.submit'),
    again: bySms ? againText(page, reader) : undefined,
    textInstead: !bySms && page.textInstead === true ? t('login.textInstead') : undefined,
  };
}

const sentText = ({ target }: StepPage, { t }: Reader): string =>
  target === undefined ? t('sms.sent') : t('sms.sentTo', { target });

function hintOf({ field, expiresAt }: StepPage, reader: Reader): string {
  const { t, policy, language, zone } = reader;
  if (field === 'otp') return t('login.otpHint', { digits: digitsOf(reader) });
  return t('sms.hint', { digits: policy.sms.code.digits, time: clockTime(expiresAt, language, zone) });
}

/** Longer waits are told as a time of day. */
const LONGEST_COUNT = 90;

function saidOf({ resent }: StepPage, { t, context, language, zone }: Reader): readonly string[] {
  if (resent === undefined) return [];
  if (resent === 'queued') return sentences(t('sms.resent'));
  const seconds = Math.max(1, Math.ceil((resent.until - context.now) / 1000));
  return sentences(
    seconds <= LONGEST_COUNT
      ? t('sms.wait', { seconds })
      : t('sms.full', { time: roundedClockTime(resent.until, language, zone) }),
  );
}

function againText({ resent, resendAfter }: StepPage, { t, context }: Reader): string {
  const seconds = Math.round((resendAfter - context.now) / 1000);
  const said = resent !== undefined && resent !== 'queued';
  return seconds > 0 && !said ? t('sms.late', { seconds }) : t('sms.now');
}

/** A wrong code by SMS is one and the same sentence, whatever was proved before. */
function errorOf({ field, error, faults = [] }: StepPage, reader: Reader): string | undefined {
  const fault = faults.find((each) => each.field === field);
  if (fault !== undefined) return faultText(fault, reader);
  if (error === undefined || error === 'E8') return undefined;
  if (field === 'sms') return reader.t(error === 'E4' ? 'error.otpUsed' : 'error.smsWrong');
  return error === 'E1' ? undefined : reader.t(OTP_ERRORS[error]);
}

function summaryOf({ field, error }: StepPage, text: string | undefined, { t }: Reader): Summary | undefined {
  if (text !== undefined) {
    return { heading: t(error === undefined ? 'error.form' : 'error.login'), items: [{ text, field }] };
  }
  if (error === undefined) return undefined;
  return { heading: t('error.login'), text: t('error.check'), items: tipsFor(['otp'], t) };
}

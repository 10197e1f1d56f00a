import type { Factor } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { ok, type Result } from '../core/result.ts';
import type { Instant } from '../core/time.ts';
import type { Offer } from '../core/verification/authentication.ts';
import type { PendingVerification } from '../core/verification/challenge.ts';
import { type FieldFault, readSubmission, type Submission, type TypedFields } from '../core/verification/code.ts';
import type { OtpPlace } from '../core/verification/demand.ts';
import type { House, LoginTransaction } from '../ports.ts';
import { isSomething } from './go-on.ts';
import { maskedNumber } from './text-message.ts';

/** A later step of a sign-in: what its page offers. The form hands `pending` back. */
export type SignInStep = {
  readonly pending: string;
  readonly expiresAt: Instant;
  readonly offers: readonly Offer[];
};

/** Only this browser, in this sign-in, may answer the step. */
export const boundToOf = ({ id, browserHash }: LoginTransaction): string => `web:${id}|${browserHash}`;

/** The verification under way that a form names: undefined for a first step, 'gone' where it is not this sign-in's. */
export async function findStep(
  house: Pick<House, 'pending' | 'digests'>,
  transaction: LoginTransaction,
  named: string | undefined,
  now: Instant,
): Promise<PendingVerification | 'gone' | undefined> {
  if (named === undefined || named === '') return undefined;
  const pending = await house.pending.find(named, now);
  if (pending === undefined || !house.digests.equal(pending.boundTo, boundToOf(transaction))) return 'gone';
  return pending;
}

/** What the page of a step shows when it is shown again. */
export async function stepOf(
  house: Pick<House, 'challenges' | 'accounts'>,
  place: OtpPlace,
  pending: PendingVerification,
): Promise<SignInStep> {
  const { id, challengeId, accountId, proofs, expiresAt, remaining } = pending;
  const challenge = challengeId === undefined ? undefined : await house.challenges.find(challengeId);
  const account = accountId === undefined ? undefined : await house.accounts.find(accountId);
  const offers: Offer[] = [];
  const plain = { challenge: undefined, target: undefined, question: undefined, resendAfter: undefined };
  if (remaining.includes('otp') && proofs.otp === undefined) offers.push({ ...plain, method: 'otp' });
  if (challenge?.method === 'sms') {
    const target = maskedNumber(account, !isSomething(proofs));
    offers.push({ ...plain, method: 'sms', challenge: challenge.id, target, resendAfter: challenge.resendAfter });
  } else if (place.smsFallback?.when === 'user_choice') {
    offers.push({ ...plain, method: 'sms' });
  }
  return { pending: id, expiresAt, offers };
}

/** Whether somebody may ask for a code by SMS in the place of the OTP on the page of a place. */
export async function offersSms(
  house: Pick<House, 'clock' | 'switches'>,
  policy: Pick<Policy, 'sms'>,
  place: OtpPlace,
): Promise<boolean> {
  if (!maySms(policy, place)) return false;
  if (place.smsFallback?.when !== 'outage') return true;
  return (await house.switches.outageUntil(house.clock.now())) !== undefined;
}

/** Reads the fields of the step at hand: all but the SMS code in the first, that code or an OTP in a later one. */
export function readStep(
  policy: Pick<Policy, 'sms'>,
  { need }: LoginTransaction,
  place: OtpPlace,
  pending: PendingVerification | undefined,
  { fields, wanted }: { readonly fields: TypedFields; readonly wanted?: 'sms' | undefined },
  login: string | undefined,
): Result<Submission, readonly FieldFault[]> {
  const bySms = wanted === 'sms' && maySms(policy, place);
  if (pending === undefined) {
    return readSubmission(
      need.filter((factor) => factor !== 'sms' && !(bySms && factor === 'otp')),
      fields,
      login,
    );
  }
  if (bySms) return ok({ login: pending.login, credentials: {} });
  return readSubmission([typedFactor(pending, fields)], fields, pending.login);
}

/** The field that was filled in, else the one that should have been. */
function typedFactor({ challengeId }: PendingVerification, fields: TypedFields): Factor {
  if ((fields.sms ?? '') !== '') return 'sms';
  return fields.otp !== '' || challengeId === undefined ? 'otp' : 'sms';
}

const maySms = ({ sms }: Pick<Policy, 'sms'>, { otpRules, smsFallback }: OtpPlace): boolean =>
  sms.providers.length > 0 &&
  (smsFallback !== undefined || otpRules.some(({ mode, methods }) => mode !== 'all_of' && methods.includes('sms')));

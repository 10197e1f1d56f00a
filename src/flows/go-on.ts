import type { Factor, Proofs } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { Offer } from '../core/verification/authentication.ts';
import type { Challenge, ChallengeMethod, PendingVerification } from '../core/verification/challenge.ts';
import type { House, StateChange } from '../ports.ts';
import type { Origin } from './origin.ts';
import { addQuestion, authenticatorFor, randomQuestion } from './questions.ts';
import { issueServerCode } from './server-codes.ts';
import { addSms, type Delivery, LONGEST_WAIT, maskedNumber, numberOf } from './text-message.ts';
import type { Incomplete } from './verify.ts';

export type GoOnPorts = Pick<
  House,
  'clock' | 'random' | 'digests' | 'challenges' | 'audit' | 'accounts' | 'authenticators' | 'liveCodes'
>;

/** A step that was right and is not all. */
export type Step = {
  readonly incomplete: Incomplete;
  /** The verification it continues; undefined where it begins one. */
  readonly pending: PendingVerification | undefined;
  /** Identifier of the verification, new or not. */
  readonly transaction: string;
  readonly boundTo: string;
  readonly app: string;
  readonly login: string;
  readonly need: readonly Factor[];
  readonly wanted: ChallengeMethod | undefined;
  /** Somebody is known to ask: a factor is proved, or a session rises. */
  readonly known: boolean;
  readonly language: Delivery['language'];
  readonly host: string;
  readonly by: Origin;
  readonly now: Instant;
};

export type GoneOn =
  | {
      readonly kind: 'asked';
      readonly offers: readonly Offer[];
      readonly expiresAt: Instant;
      /** To be committed with the audit record before anybody hears of it. */
      readonly changes: readonly StateChange[];
    }
  | { readonly kind: 'limited'; readonly until: Instant }
  /** Nothing is left that this person could be asked. */
  | { readonly kind: 'unable' };

/** Asks for what is missing: makes the challenge, queues its message, and says what the verification becomes. */
export async function goOn(house: GoOnPorts, policy: Pick<Policy, 'otp' | 'sms'>, step: Step): Promise<GoneOn> {
  const { incomplete, pending, now } = step;
  const expiresAt = pending?.expiresAt ?? now + Math.min(policy.sms.code.ttl, LONGEST_WAIT);
  const { ways } = incomplete;
  const offers: Offer[] = ways.otp ? [offer('otp')] : [];
  const texts = ways.sms === 'now' || (ways.sms === 'on-request' && step.wanted === 'sms');
  if (texts && (!step.known || canText(policy, step))) {
    const sent = await askBySms(house, policy, step, expiresAt);
    if (sent.kind === 'limited') return sent;
    const target = maskedNumber(incomplete.account, !step.known);
    offers.push({ ...offer('sms', sent.challenge), target });
    return asked(step, offers, expiresAt, sent.challenge.id);
  }
  const question = ways.otp ? await newQuestion(house, policy, step, expiresAt) : undefined;
  if (question !== undefined) offers.push({ ...offer(question.method, question), question: shown(question) });
  if (ways.sms === 'on-request' && (!step.known || canText(policy, step))) offers.push(offer('sms'));
  if (offers.length === 0) return { kind: 'unable' };
  return asked(step, offers, expiresAt, question?.id ?? pending?.challengeId);
}

const canText = ({ sms }: Pick<Policy, 'sms'>, { incomplete }: Step): boolean =>
  incomplete.mayText && numberOf(incomplete.account, sms) !== undefined;

function askBySms(
  house: GoOnPorts,
  policy: Pick<Policy, 'sms'>,
  { incomplete, transaction, app, login, language, host, by }: Step,
  expiresAt: Instant,
) {
  const about = {
    // Whom nothing may be sent to it does not stand for: no answer is right and a resend sends nothing.
    account: incomplete.mayText ? incomplete.account : undefined,
    login,
    method: 'sms',
    boundTo: transaction,
    authenticatorId: undefined,
    question: '',
    app,
    expiresAt,
  } as const;
  return addSms(house, policy, about, { language, host }, by);
}

/** The challenge of a method a person asked for by name, for a login of which nothing may be known. */
async function newQuestion(
  house: GoOnPorts,
  policy: Pick<Policy, 'otp' | 'sms'>,
  { wanted, incomplete: { account }, login, transaction: boundTo, app, by, known }: Step,
  expiresAt: Instant,
): Promise<Challenge | undefined> {
  if (wanted !== 'server' && wanted !== 'ocra') return undefined;
  const authenticator = await authenticatorFor(house, account?.id ?? '-', wanted);
  if (known && authenticator === undefined) return undefined;
  const question = wanted === 'ocra' ? randomQuestion(house.random, authenticator?.suite ?? '') : '';
  const authenticatorId = authenticator?.id;
  const about = { account, login, method: wanted, boundTo, authenticatorId, question, app, expiresAt };
  const challenge = await addQuestion(house, policy, about, by);
  if (wanted === 'server' && authenticatorId !== undefined) {
    await issueServerCode(house, policy, { authenticatorId, boundTo: challenge.id }, by);
  }
  return challenge;
}

/** Only an OCRA question is for people to see. */
const shown = ({ method, question }: Challenge): string | undefined => (method === 'ocra' ? question : undefined);

const offer = (method: Offer['method'], challenge?: Challenge): Offer => ({
  method,
  challenge: challenge?.id,
  target: undefined,
  question: undefined,
  resendAfter: method === 'sms' ? challenge?.resendAfter : undefined,
});

function asked(
  { incomplete, pending, transaction, boundTo, app, login, need, now }: Step,
  offers: readonly Offer[],
  expiresAt: Instant,
  challengeId: string | undefined,
): GoneOn {
  const { account, proofs, remaining, changes } = incomplete;
  const progress = { proofs, remaining, challengeId };
  const change: StateChange =
    pending === undefined
      ? {
          kind: 'add-pending',
          pending: {
            ...progress,
            id: transaction,
            boundTo,
            app,
            login,
            accountId: account?.id,
            need,
            createdAt: now,
            expiresAt,
          },
        }
      : { kind: 'advance-pending', pending: pending.id, was: pending.remaining, ...progress };
  return { kind: 'asked', offers, expiresAt, changes: [...changes, change] };
}

/** Something was proved, so that what is said need not be the same for every login. */
export const isSomething = (proofs: Proofs): boolean => Object.keys(proofs).length > 0;

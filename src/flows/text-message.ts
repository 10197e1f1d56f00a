import type { AuditEvent } from '../core/audit.ts';
import type { Account } from '../core/identity/account.ts';
import { dialled, isReachable, maskNumber } from '../core/identity/phone.ts';
import type { Policy, SmsSettings } from '../core/policy.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { Challenge, ChallengeMethod } from '../core/verification/challenge.ts';
import type { House } from '../ports.ts';
import { newId } from './identifiers.ts';
import { auditEvent, type Origin } from './origin.ts';

export type ChallengePorts = Pick<House, 'clock' | 'random' | 'challenges' | 'audit'>;

/** How long one can wait for more at most. */
export const LONGEST_WAIT = 5 * MINUTE;

/** What a new challenge is about. */
export type NewChallenge = {
  /** Made up already, where something else names it; absent: it is made here. */
  readonly id?: string;
  /** Undefined for a login that does not exist, or to whom nothing may be sent: no answer is right then. */
  readonly account: Account | undefined;
  /** Folded. */
  readonly login: string;
  readonly method: ChallengeMethod;
  readonly boundTo: string;
  readonly authenticatorId: string | undefined;
  readonly question: string;
  readonly app: string;
  readonly expiresAt: Instant;
};

/** How its message goes out. */
export type Delivery = {
  readonly language: 'ko' | 'en' | 'ja';
  /** Host for the domain-bound last line; the empty string for none. */
  readonly host: string;
};

type Limited = { readonly kind: 'limited'; readonly until: Instant };

/** The number a person's messages go to, or undefined where none can be sent. */
export const numberOf = (account: Account | undefined, sms: SmsSettings): string | undefined =>
  account !== undefined && account.status === 'active' && isReachable(account.phone, sms.code.prefixes)
    ? dialled(account.phone)
    : undefined;

/** The number as its owner recognises it; undefined for strangers, and where there is none. */
export const maskedNumber = (account: Account | undefined, strange: boolean): string | undefined =>
  strange || account === undefined || dialled(account.phone) === '' ? undefined : maskNumber(account.phone);

/** Makes a challenge that says nothing of whether it stands for a person. */
export function draftChallenge(
  house: Pick<House, 'random'>,
  sms: SmsSettings,
  asked: NewChallenge,
  now: Instant,
): Challenge {
  const { account, login, method, boundTo, authenticatorId, question, expiresAt } = asked;
  return {
    id: asked.id ?? newId(house.random, 'ch'),
    accountId: account?.id,
    login,
    method,
    boundTo,
    authenticatorId,
    question,
    attempts: 0,
    maxAttempts: sms.code.tries,
    state: 'open',
    createdAt: now,
    expiresAt,
    resendAfter: now + sms.code.resend,
  };
}

/**
 * Stores a challenge and queues its message, within the limits. They count for every login alike: whether one exists
 * cannot be told from when it is refused.
 */
export async function addSms(
  house: ChallengePorts,
  policy: Pick<Policy, 'sms'>,
  asked: NewChallenge,
  delivery: Delivery,
  by: Origin,
): Promise<{ readonly kind: 'added'; readonly challenge: Challenge } | Limited> {
  const now = house.clock.now();
  const challenge = draftChallenge(house, policy.sms, asked, now);
  const message = messageOf(policy.sms, asked.account, delivery, by);
  const event = eventOf('challenge.created', now, asked, by);
  const added = await house.challenges.add(challenge, message, policy.sms.code, event);
  if (added.kind === 'added') return { kind: 'added', challenge };
  await house.audit.append(eventOf('sms.limited', now, asked, by));
  return added;
}

/** Queues the message of a challenge again, within the limits. It says the same code. */
export async function resendSms(
  house: ChallengePorts,
  policy: Pick<Policy, 'sms'>,
  challenge: Challenge,
  account: Account | undefined,
  delivery: Delivery & { readonly app: string },
  by: Origin,
): Promise<{ readonly kind: 'queued' } | Limited | { readonly kind: 'gone' }> {
  const now = house.clock.now();
  const about = { login: challenge.login, method: challenge.method, app: delivery.app };
  const message = messageOf(policy.sms, account, delivery, by);
  const { code } = policy.sms;
  const event = eventOf('challenge.resent', now, about, by);
  const outcome = await house.challenges.resend(challenge.id, code.resend, message, code, event);
  if (outcome.kind === 'limited') await house.audit.append(eventOf('sms.limited', now, about, by));
  return outcome;
}

const messageOf = (sms: SmsSettings, account: Account | undefined, { language, host }: Delivery, by: Origin) => {
  const to = numberOf(account, sms);
  return to === undefined ? undefined : { to, language, host, address: by.address };
};

const eventOf = (
  kind: 'challenge.created' | 'challenge.resent' | 'sms.limited',
  now: Instant,
  { login, method, app }: Pick<NewChallenge, 'login' | 'method' | 'app'>,
  by: Origin,
): AuditEvent => auditEvent(kind, now, by, { login, route: app, detail: { method } });

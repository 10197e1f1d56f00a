import type { Account } from '../core/identity/account.ts';
import type { Language, Policy } from '../core/policy.ts';
import { type Instant, MINUTE, type Milliseconds } from '../core/time.ts';
import type { Challenge, ChallengeMethod, LiveCode } from '../core/verification/challenge.ts';
import type { House } from '../ports.ts';
import { barOf } from './evidence.ts';
import { auditEvent, type Origin } from './origin.ts';
import { placeFor } from './place.ts';
import { addQuestion, authenticatorFor, randomQuestion } from './questions.ts';
import { issueServerCode } from './server-codes.ts';
import { addSms, type ChallengePorts, maskedNumber, resendSms } from './text-message.ts';
import { NOBODY } from './verification.ts';

export type CreatePorts = ChallengePorts & Pick<House, 'accounts' | 'authenticators' | 'digests' | 'liveCodes'>;

export type ChallengeRequest = {
  /** Folded. */
  readonly login: string;
  readonly method: ChallengeMethod;
  /** Who may answer; see `Challenge.boundTo`. */
  readonly boundTo: string;
  /** Authenticator that has to answer; absent: the person's first of the kind (`server`), or any (`ocra`). */
  readonly authenticatorId?: string;
  /** OCRA question; absent: one is made up. */
  readonly question?: string;
  /** What a server-synchronised code is bound to. */
  readonly context?: string;
  readonly by: Origin;
  readonly language: Language;
  /** Host for the domain-bound last line of an SMS; the empty string for none. */
  readonly host: string;
  readonly app: string;
};

export type CreatedChallenge =
  | {
      readonly kind: 'created';
      readonly challenge: Challenge;
      /** Masked number. Always undefined here: nothing was proved by whoever asks. */
      readonly target: string | undefined;
      /** What the authenticator computes a server-synchronised code from. */
      readonly live: LiveCode | undefined;
    }
  | { readonly kind: 'limited'; readonly until: Instant }
  | { readonly kind: 'unavailable'; readonly why: 'no_provider' };

/** How long a challenge without a life of its own can be answered. */
const QUESTION_LIFE: Milliseconds = 5 * MINUTE;

/**
 * Asks a person a question apart from any verification: sends a code by SMS, issues a server-synchronised code, or makes
 * up an OCRA question. A login that does not exist, or that nothing may be sent to, gets the same answer.
 */
export async function createChallenge(
  house: CreatePorts,
  policy: Policy,
  request: ChallengeRequest,
): Promise<CreatedChallenge> {
  const { method, login, boundTo, app, by, language, host } = request;
  const now = house.clock.now();
  const found = await house.accounts.findByLogin(login);
  const account = mayAnswer(policy, request, found, now) ? found : undefined;
  const about = { account, login, method, boundTo, app, question: '', authenticatorId: undefined };
  if (method === 'sms') {
    if (policy.sms.providers.length === 0) return { kind: 'unavailable', why: 'no_provider' };
    const expiresAt = now + policy.sms.code.ttl;
    const sent = await addSms(house, policy, { ...about, expiresAt }, { language, host }, by);
    if (sent.kind === 'limited') return sent;
    return { kind: 'created', challenge: sent.challenge, target: maskedNumber(account, true), live: undefined };
  }
  const authenticator = await authenticatorFor(house, account?.id ?? NOBODY, method, request.authenticatorId);
  const asked = {
    ...about,
    account: authenticator === undefined ? undefined : account,
    authenticatorId: authenticator?.id,
    question: method === 'ocra' ? (request.question ?? randomQuestion(house.random, authenticator?.suite ?? '')) : '',
    expiresAt: now + (method === 'server' ? policy.otp.server.ttl : QUESTION_LIFE),
  };
  const challenge = await addQuestion(house, policy, asked, by);
  if (method === 'ocra' || authenticator === undefined) {
    return { kind: 'created', challenge, target: undefined, live: undefined };
  }
  const { context } = request;
  const wanted = {
    authenticatorId: authenticator.id,
    boundTo: challenge.id,
    ...(context !== undefined && { context }),
  };
  const issued = await issueServerCode(house, policy, wanted, by);
  const live = issued.kind === 'issued' ? issued.live : undefined;
  return { kind: 'created', challenge, target: undefined, live };
}

/** True if this person could be let in by an answer at all: only then is anything sent. */
function mayAnswer(
  policy: Policy,
  { method, app, by }: ChallengeRequest,
  account: Account | undefined,
  now: Instant,
): boolean {
  const allow = placeFor(policy, app, [method === 'sms' ? 'sms' : 'otp'])?.allow;
  return account?.status === 'active' && barOf(allow, account, by.address, now) === undefined;
}

/** Which challenge, and who asks: another's does not exist. */
export type OwnChallenge = { readonly id: string; readonly boundTo: string };

/** A challenge of this caller. */
export async function findChallenge(
  house: Pick<House, 'challenges' | 'digests'>,
  { id, boundTo }: OwnChallenge,
): Promise<Challenge | undefined> {
  const challenge = await house.challenges.find(id);
  return challenge !== undefined && house.digests.equal(challenge.boundTo, boundTo) ? challenge : undefined;
}

/** Sends the message of a challenge again, with the same code, not before its time and within the limits. */
export async function resendChallenge(
  house: ChallengePorts & Pick<House, 'accounts' | 'digests'>,
  policy: Pick<Policy, 'sms'>,
  request: OwnChallenge & { readonly by: Origin; readonly language: Language; readonly host: string },
): Promise<
  { readonly kind: 'queued' } | { readonly kind: 'limited'; readonly until: Instant } | { readonly kind: 'gone' }
> {
  const challenge = await findChallenge(house, request);
  if (challenge?.method !== 'sms') return { kind: 'gone' };
  const account = await house.accounts.find(challenge.accountId ?? NOBODY);
  const { language, host, by } = request;
  return resendSms(house, policy, challenge, account, { language, host, app: '' }, by);
}

/** Gives a challenge up: no answer to it is right any more. */
export async function cancelChallenge(
  house: Pick<House, 'clock' | 'challenges' | 'digests'>,
  { by, ...own }: OwnChallenge & { readonly by: Origin },
): Promise<{ readonly kind: 'cancelled' } | { readonly kind: 'gone' }> {
  const challenge = await findChallenge(house, own);
  if (challenge === undefined) return { kind: 'gone' };
  const { login, method } = challenge;
  const event = auditEvent('challenge.cancelled', house.clock.now(), by, { login, detail: { method } });
  return { kind: await house.challenges.cancel(challenge.id, event) };
}

/** How often a waiting caller's challenge is looked at. */
const LOOK_EVERY: Milliseconds = 250;

/**
 * The challenge as soon as it is no longer in the state it was in, has expired, the moment has come or the caller has
 * gone. Undefined for another's.
 */
export async function awaitChallenge(
  house: Pick<House, 'clock' | 'challenges' | 'digests'>,
  {
    was,
    until,
    gone,
    ...own
  }: OwnChallenge & { readonly was: Challenge['state']; readonly until: Instant; readonly gone: AbortSignal },
): Promise<Challenge | undefined> {
  for (;;) {
    const challenge = await findChallenge(house, own);
    const now = house.clock.now();
    if (challenge === undefined || challenge.state !== was || challenge.expiresAt <= now) return challenge;
    if (now >= until || gone.aborted) return challenge;
    await pause(Math.min(LOOK_EVERY, until - now), gone);
  }
}

function pause(time: Milliseconds, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, time);
    gone.addEventListener('abort', done);
  });
}

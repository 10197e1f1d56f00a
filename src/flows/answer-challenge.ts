import type { Account } from '../core/identity/account.ts';
import type { Factor, Proofs } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { Channel } from '../core/verification/authentication.ts';
import type { Challenge, ChallengeAnswer } from '../core/verification/challenge.ts';
import {
  decideVerification,
  type RightCode,
  type VerificationDecision,
  type VerificationFacts,
} from '../core/verification/decide.ts';
import { demandFor, type OtpPlace } from '../core/verification/demand.ts';
import type { RejectReason } from '../core/verification/rejection.ts';
import type { BoundAuthenticator, House, StateChange } from '../ports.ts';
import { bucketsOf, orTakeBack, reserveAll, takeBack } from './attempts.ts';
import { detailOf, methodOf } from './authenticate.ts';
import { findChallenge, type OwnChallenge } from './challenges.ts';
import { barOf, rightLive, rightResponses, submitted } from './evidence.ts';
import { auditEvent } from './origin.ts';
import { placeFor } from './place.ts';
import { smsCodeOf } from './sms-code.ts';
import { NOBODY } from './verification.ts';
import { changesOf } from './verify.ts';

export type AnswerPorts = Pick<
  House,
  | 'clock'
  | 'digests'
  | 'accounts'
  | 'authenticators'
  | 'attempts'
  | 'challenges'
  | 'liveCodes'
  | 'verifications'
  | 'audit'
>;

export type ChallengeReply = OwnChallenge & {
  /** Normalised. */
  readonly code: string;
  readonly app: string;
  readonly channel: Channel;
  readonly address: string;
  /** Short number of the request. */
  readonly request: string;
};

export type AnsweredChallenge =
  | { readonly kind: 'accepted'; readonly account: Account; readonly proofs: Proofs }
  | { readonly kind: 'rejected'; readonly reason: RejectReason }
  | { readonly kind: 'locked'; readonly until: Instant }
  /** Unknown, another's, answered or given up. No decision was made. */
  | { readonly kind: 'gone' };

/**
 * Checks the answer to a challenge, which is the whole of a verification of one factor. Attempts count as everywhere; a
 * try of the challenge is counted before the code is looked at. An accepted one is committed.
 */
export async function answerChallenge(
  house: AnswerPorts,
  policy: Policy,
  reply: ChallengeReply,
): Promise<AnsweredChallenge> {
  const challenge = await findChallenge(house, reply);
  if (challenge === undefined || challenge.state !== 'open') return { kind: 'gone' };
  const now = house.clock.now();
  const { lockout } = policy.otp;
  const factor = factorOf(challenge);
  const keys = bucketsOf(challenge.login, '', [factor]);
  const until = await reserveAll(house, lockout, keys, now);
  const event = (kind: 'accepted' | 'rejected' | 'locked', reason: string, proofs?: Proofs) =>
    eventOf(reply, challenge, kind, reason, proofs, now);
  if (until !== undefined) {
    await house.audit.append(event('locked', 'locked'));
    return { kind: 'locked', until };
  }
  const { decision, account } = await orTakeBack(house, lockout, keys, () =>
    evaluateAnswer(house, policy, challenge, reply.code, placeOf(policy, reply, factor, now), now),
  );
  if (decision.kind !== 'accepted' || account === undefined) {
    const reason = decision.kind === 'rejected' ? decision.reason : 'otp-wrong';
    await house.audit.append(event('rejected', reason));
    return { kind: 'rejected', reason };
  }
  const { proofs } = decision;
  const spent: StateChange = { kind: 'use-challenge', challenge: challenge.id };
  const others = changesOf(decision, undefined).filter(({ kind }) => kind !== 'use-challenge');
  const cleared = keys.map((key) => ({ kind: 'clear-attempts', key }) as const);
  const commit = () => house.verifications.commit([spent, ...others, ...cleared], event('accepted', '', proofs));
  if ((await orTakeBack(house, lockout, keys, commit)) === 'committed') return { kind: 'accepted', account, proofs };
  await takeBack(house, lockout, keys);
  await house.audit.append(event('rejected', 'otp-replayed'));
  return { kind: 'rejected', reason: 'otp-replayed' };
}

/** Where an answer counts, and whom that place lets in. */
export type AnswerPlace = {
  readonly place: OtpPlace;
  readonly barred: (account: Account | undefined) => VerificationFacts['barred'];
};

/** Counts a try, looks at the code and decides. Nothing is written but the try. */
export async function evaluateAnswer(
  house: Omit<AnswerPorts, 'attempts' | 'verifications' | 'audit' | 'clock'>,
  policy: Pick<Policy, 'otp' | 'sms'>,
  challenge: Challenge,
  code: string,
  { place, barred }: AnswerPlace,
  now: Instant,
): Promise<{ readonly decision: VerificationDecision; readonly account: Account | undefined }> {
  const factor = factorOf(challenge);
  const tried = await house.challenges.reserveTry(challenge.id, now);
  const account = await house.accounts.find(challenge.accountId ?? NOBODY);
  const bound = factor === 'otp' ? await house.authenticators.bind(account?.id ?? NOBODY) : [];
  const right = factor === 'otp' ? await rightCodes(house, policy, challenge, bound, code, now) : [];
  const text = house.digests.equal(smsCodeOf(challenge, policy.sms.code.digits, house.digests), code);
  const sms: ChallengeAnswer = tried !== 'tried' ? tried : text ? 'right' : 'wrong';
  const decision = decideVerification({
    account: account?.status ?? 'unknown',
    need: [factor],
    given: [factor],
    knowledge: {},
    matches: [],
    right: tried === 'tried' ? right : [],
    sms: factor === 'sms' ? sms : undefined,
    demand: demandFor(place, account, [factor]),
    conditions: { kinds: bound.map(({ kind }) => kind), live: true, outage: false },
    proved: {},
    barred: barred(account),
    now,
  });
  return { decision: named(decision, tried), account };
}

/** What the answer to a challenge proves. */
export const factorOf = ({ method }: Challenge): 'sms' | 'otp' => (method === 'sms' ? 'sms' : 'otp');

function placeOf(policy: Policy, { app, address }: ChallengeReply, factor: Factor, now: Instant): AnswerPlace {
  const where = placeFor(policy, app, [factor]);
  return where === undefined
    ? { place: { name: app, otp: 'any', otpRules: [], smsFallback: undefined }, barred: () => 'policy-denied' }
    : { place: where.place, barred: (account) => barOf(where.allow, account, address, now) };
}

/** A challenge that cannot be answered any more is said to be so, whatever the code was. */
function named(
  decision: VerificationDecision,
  tried: Exclude<ChallengeAnswer, 'right' | 'wrong'> | 'tried',
): VerificationDecision {
  if (decision.kind !== 'rejected' || tried === 'tried') return decision;
  return { ...decision, reason: tried === 'exhausted' ? 'attempts-exhausted' : 'challenge-expired' };
}

async function rightCodes(
  house: Pick<AnswerPorts, 'digests' | 'liveCodes'>,
  policy: Pick<Policy, 'otp'>,
  challenge: Challenge,
  bound: readonly BoundAuthenticator[],
  code: string,
  now: Instant,
): Promise<readonly RightCode[]> {
  if (challenge.method === 'ocra') return rightResponses(policy.otp, bound, challenge, submitted(code), now);
  const live = await house.liveCodes.current(challenge.accountId ?? NOBODY, now);
  const own = live.filter(({ boundTo }) => boundTo === challenge.id);
  const right = rightLive(house, bound, own, submitted(code));
  if (right.length === 0)
    await house.liveCodes.countWrong(
      own.map(({ id }) => id),
      now,
    );
  return right;
}

function eventOf(
  { app, channel, address, request, boundTo }: ChallengeReply,
  { login, method, id }: Challenge,
  kind: 'accepted' | 'rejected' | 'locked',
  reason: string,
  proofs: Proofs | undefined,
  now: Instant,
) {
  const proved = proofs === undefined ? { method } : { method: methodOf(proofs), ...detailOf(proofs) };
  return auditEvent(
    `verification.${kind}`,
    now,
    { actor: boundTo.split('|')[0] ?? 'self', address, request },
    { login, route: app, reason, detail: { channel, challenge: id, ...proved } },
  );
}

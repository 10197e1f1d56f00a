import type { Account } from '../core/identity/account.ts';
import { type Factor, isKnowledge } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { acceptsSms } from '../core/verification/accepts.ts';
import { type Credentials, isLookupCode } from '../core/verification/code.ts';
import { splitConcatenated } from '../core/verification/concatenated.ts';
import {
  decideVerification,
  type RightCode,
  type VerificationDecision,
  type VerificationFacts,
} from '../core/verification/decide.ts';
import { demandFor } from '../core/verification/demand.ts';
import type { BoundAuthenticator } from '../ports.ts';
import {
  answerSms,
  barOf,
  freshMatches,
  labelledMatches,
  liveFor,
  rightLive,
  rightLookup,
  rightResponses,
  type SubmittedCode,
  submitted,
} from './evidence.ts';
import { NOBODY, type VerificationRequest, type VerifyPorts } from './verification.ts';

export type Evaluated = {
  readonly decision: VerificationDecision;
  readonly facts: VerificationFacts;
  /** Whether a code by SMS may really be sent to this person here and now. */
  readonly mayText: boolean;
};

type Case = {
  readonly house: VerifyPorts;
  readonly policy: Pick<Policy, 'otp' | 'sms'>;
  readonly request: VerificationRequest;
  readonly account: Account | undefined;
  readonly accountId: string;
  readonly bound: readonly BoundAuthenticator[];
  readonly code: SubmittedCode | undefined;
};

/**
 * Collects the facts and decides. A code that the acceptance windows take is decided on at once; before anything is
 * refused all the rest is asked for too, whatever the reason, so that every refusal costs the same.
 */
export async function evaluate(
  house: VerifyPorts,
  policy: Pick<Policy, 'otp' | 'sms'>,
  request: VerificationRequest,
  account: Account | undefined,
): Promise<Evaluated> {
  const accountId = account?.id ?? NOBODY;
  const { bound, broken } = await bindAll(house, request, accountId);
  const typed = credentialsOf(house, policy, request, bound);
  const given = givenOf(request, typed, broken);
  const code = !given.includes('otp') ? undefined : codeOf(request, typed);
  const one: Case = { house, policy, request, account, accountId, bound, code };
  const first: VerificationFacts = {
    account: account?.status ?? 'unknown',
    need: request.need,
    given,
    knowledge: await proveKnowledge(one, typed),
    matches: code === undefined || isLookup(code) ? [] : freshMatches(house, policy.otp, bound, code, request.now),
    right: [],
    sms: given.includes('sms')
      ? await answerSms(house, policy.sms.code.digits, request.pending, typed.sms ?? '', request.now)
      : undefined,
    demand: demandFor(request.place, account, request.need),
    // Of what is not known yet, that which lets nothing stand in.
    conditions: { kinds: bound.map(({ kind }) => kind), live: true, outage: broken },
    proved: request.pending?.proofs ?? {},
    barred: barOf(request.allow, account, request.address, request.now),
    now: request.now,
  };
  const early = decideVerification(first);
  return early.kind === 'accepted' ? { decision: early, facts: first, mayText: false } : decideOnAll(one, first);
}

async function decideOnAll(one: Case, first: VerificationFacts): Promise<Evaluated> {
  const { house, policy, request, account, accountId, bound, code } = one;
  const { now, place, pending } = request;
  const asksLive = code !== undefined || place.otpRules.length > 0;
  const live = asksLive ? await house.liveCodes.current(accountId, now) : [];
  const down = place.smsFallback?.when === 'outage' ? await house.switches.outageUntil(now) : undefined;
  const lookup = code === undefined ? [] : await rightLookup(house, accountId, code, now);
  const usable = liveFor(live, pending?.id, pending?.challengeId);
  const right =
    code === undefined ? [] : [...rightLive(house, bound, usable, code), ...lookup, ...(await responses(one, code))];
  const facts: VerificationFacts = {
    ...first,
    right,
    matches: code === undefined || isLookup(code) ? [] : labelledMatches(house, policy.otp, bound, code, now),
    conditions: { ...first.conditions, live: live.length > 0, outage: first.conditions.outage || down !== undefined },
  };
  const decision = decideVerification(facts);
  if (decision.kind === 'rejected' && code !== undefined) {
    const missed = right.length === 0 && !facts.matches.some(({ match }) => match.kind !== 'none');
    await house.liveCodes.countWrong(missed ? usable.map(({ id }) => id) : [], now);
  }
  const counts = request.need.includes('sms') || acceptsSms(facts.demand, facts.conditions).kind === 'counts';
  return { decision, facts, mayText: account?.status === 'active' && facts.barred === undefined && counts };
}

/** Answers to the OCRA question of the verification under way. A try is counted before it is looked at. */
async function responses(one: Case, code: SubmittedCode): Promise<readonly RightCode[]> {
  const { house, policy, request, bound } = one;
  const { pending, now } = request;
  if (pending?.challengeId === undefined) return [];
  const challenge = await house.challenges.find(pending.challengeId);
  if (challenge?.method !== 'ocra' || challenge.boundTo !== pending.id) return [];
  if ((await house.challenges.reserveTry(challenge.id, now)) !== 'tried') return [];
  return rightResponses(policy.otp, bound, challenge, code, now);
}

/**
 * The authenticators of the account where a code was given or the place has conditions about them. Where the place falls
 * back on SMS in an outage, seeds that cannot be opened are one.
 */
async function bindAll(
  house: VerifyPorts,
  { need, place, credentials, concatenated, otpMatches }: VerificationRequest,
  accountId: string,
): Promise<{ readonly bound: readonly BoundAuthenticator[]; readonly broken: boolean }> {
  const given = credentials.otp !== undefined || concatenated !== undefined || otpMatches !== undefined;
  const conditional = place.otpRules.length > 0 || place.smsFallback !== undefined;
  if (!need.includes('otp') || !(given || conditional)) return { bound: [], broken: false };
  try {
    return { bound: await house.authenticators.bind(accountId), broken: false };
  } catch (breakage) {
    if (place.smsFallback?.when !== 'outage') throw breakage;
    return { bound: [], broken: true };
  }
}

/** What was typed, factor by factor. Of several ways to read one field the one whose code is right, else the first. */
function credentialsOf(
  house: VerifyPorts,
  policy: Pick<Policy, 'otp'>,
  { concatenated, credentials, now }: VerificationRequest,
  bound: readonly BoundAuthenticator[],
): Credentials {
  if (concatenated === undefined) return credentials;
  const splits = splitConcatenated(
    concatenated,
    bound.map(({ digits }) => digits),
  );
  const isRight = ({ otp = '' }: Credentials): boolean =>
    freshMatches(house, policy.otp, bound, submitted(otp), now).some(({ match }) => match.kind === 'fresh');
  const [first] = splits;
  const fits = splits.length > 1 ? splits.find(isRight) : undefined;
  // What cannot be read is as wrong as can be, and costs the same.
  return fits ?? first ?? { pw: '', pin: '', otp: '' };
}

function givenOf({ need, pending, otpMatches }: VerificationRequest, typed: Credentials, broken: boolean): Factor[] {
  const proved = pending?.proofs ?? {};
  const given = need.filter(
    (factor) => typed[factor] !== undefined && !(isKnowledge(factor) && proved[factor] !== undefined),
  );
  if (otpMatches !== undefined && need.includes('otp') && !given.includes('otp')) given.push('otp');
  if (typed.sms !== undefined && !given.includes('sms') && need.includes('otp')) given.push('sms');
  return broken ? given.filter((factor) => factor !== 'otp') : given;
}

const codeOf = ({ otpMatches }: VerificationRequest, { otp }: Credentials): SubmittedCode =>
  otp === undefined && otpMatches !== undefined ? { text: undefined, isIt: otpMatches } : submitted(otp ?? '');

const isLookup = ({ text }: SubmittedCode): boolean => text !== undefined && isLookupCode(text);

/** Checks the passwords and PINs that are asked for and not proved yet, one after the other, whatever they are. */
async function proveKnowledge(
  { house, request, accountId }: Case,
  typed: Credentials,
): Promise<VerificationFacts['knowledge']> {
  const knowledge: { pw?: boolean; pin?: boolean } = {};
  for (const factor of request.need) {
    if ((factor !== 'pw' && factor !== 'pin') || request.pending?.proofs[factor] !== undefined) continue;
    const hash = await house.accounts.secretHash(accountId, factor);
    knowledge[factor] = await house.hasher.verify(hash, typed[factor] ?? '');
  }
  return knowledge;
}

import type { Account, Authenticator } from '../identity/account.ts';
import { type Factor, isKnowledge, type Proofs } from '../identity/factors.ts';
import type { Instant } from '../time.ts';
import { type Acceptance, acceptsLookup, acceptsOtp, acceptsSms, type Conditions } from './accepts.ts';
import type { ChallengeAnswer } from './challenge.ts';
import { type OtpDemand, otpProvedAt } from './demand.ts';
import type { CodeMatch } from './match.ts';
import type { Rejection, RejectReason } from './rejection.ts';

/** A code that is right, and what is spent with it. */
export type RightCode =
  | { readonly kind: 'factor'; readonly authenticator: Authenticator; readonly to: number; readonly drift: number }
  /** The live code of a server-synchronised authenticator. */
  | { readonly kind: 'live'; readonly authenticator: Authenticator; readonly code: string }
  /** The response to an OCRA challenge; `to` where the suite has a counter. */
  | {
      readonly kind: 'response';
      readonly authenticator: Authenticator;
      readonly challenge: string;
      readonly to: number | undefined;
    }
  /** A recovery or temporary code. */
  | { readonly kind: 'lookup'; readonly code: string };

/** Everything a verification looks at. Secrets arrive as truths that were computed already. */
export type VerificationFacts = {
  readonly account: Account['status'] | 'unknown';
  /** The factors asked for. */
  readonly need: readonly Factor[];
  /** What was submitted in this step. */
  readonly given: readonly Factor[];
  /** Whether the password and the PIN were right; absent where not given. */
  readonly knowledge: { readonly pw?: boolean; readonly pin?: boolean };
  /** What the code is to each active authenticator of the account with a moving factor. */
  readonly matches: readonly { readonly authenticator: Authenticator; readonly match: CodeMatch }[];
  /** What else the code is right for. */
  readonly right: readonly RightCode[];
  /** What the code by SMS is; undefined where none was given. */
  readonly sms: ChallengeAnswer | undefined;
  /** Which OTP counts here for this person. */
  readonly demand: OtpDemand;
  readonly conditions: Conditions;
  /** What earlier steps proved. */
  readonly proved: Proofs;
  /** Why the place does not let this person in, whatever they prove. */
  readonly barred: 'policy-denied' | 'location-missing' | undefined;
  readonly now: Instant;
};

export type VerificationDecision =
  | { readonly kind: 'accepted'; readonly proofs: Proofs; readonly otp: RightCode | undefined }
  /** All that was given is right, and more is needed. What was given is spent. */
  | {
      readonly kind: 'incomplete';
      readonly proofs: Proofs;
      readonly otp: RightCode | undefined;
      readonly remaining: readonly Factor[];
    }
  | Rejection;

type Reject = (reason: RejectReason, off?: Rejection['off']) => Rejection;

/** The one decision over all factors. What is not proved is refused; nothing here depends on the order of input. */
export function decideVerification(facts: VerificationFacts): VerificationDecision {
  const { need, given, proved, barred, now } = facts;
  const reject = rejecting(facts);
  const strange = given.length === 0 && Object.keys(proved).length === 0;
  if (!strange && facts.account === 'unknown') return reject('unknown-user');
  if (!strange && facts.account !== 'active') return reject('suspended');
  if (need.includes('pw') && !knows(facts, 'pw')) return reject('wrong-password');
  if (need.includes('pin') && !knows(facts, 'pin')) return reject('wrong-pin');

  const otp = given.includes('otp') ? decideOtp(facts, reject) : undefined;
  if (otp?.kind === 'rejected') return otp;
  const sms = given.includes('sms') ? decideSms(facts, reject) : undefined;
  if (sms?.kind === 'rejected') return sms;
  if (barred !== undefined && !strange) return reject(barred);

  const proofs = proofsOf(facts, otp, sms);
  const remaining = need.filter(
    (factor) => (factor === 'otp' ? otpProvedAt(facts.demand, proofs, now) : proofs[factor]) === undefined,
  );
  if (need.length === 0) return reject('no-authenticator');
  if (remaining.length > 0) return { kind: 'incomplete', proofs, otp: otp?.code, remaining };
  // Nothing given proves nothing, whatever was proved before.
  return given.length === 0 ? reject('otp-wrong') : { kind: 'accepted', proofs, otp: otp?.code };
}

const knows = (facts: VerificationFacts, factor: 'pw' | 'pin'): boolean =>
  facts.proved[factor] !== undefined || facts.knowledge[factor] === true;

function rejecting(facts: VerificationFacts): Reject {
  const asked = facts.need.filter(isKnowledge);
  const knowledgeProved = asked.length > 0 && asked.every((factor) => knows(facts, factor === 'pw' ? 'pw' : 'pin'));
  return (reason, off) =>
    off === undefined
      ? { kind: 'rejected', reason, knowledgeProved }
      : { kind: 'rejected', reason, knowledgeProved, off };
}

type ProvedOtp = { readonly kind: 'proved'; readonly code: RightCode; readonly fallback: boolean };
type ProvedSms = { readonly kind: 'proved'; readonly fallback: boolean };

function decideOtp(facts: VerificationFacts, reject: Reject): ProvedOtp | Rejection {
  const { demand, conditions, matches } = facts;
  const fresh = matches.flatMap(({ authenticator, match }) =>
    match.kind === 'fresh' ? [{ kind: 'factor', authenticator, to: match.to, drift: match.drift } as const] : [],
  );
  const codes = [...facts.right, ...fresh].map((code) => ({ code, acceptance: accepts(code) }));
  const counting = codes.flatMap(({ code, acceptance }) =>
    acceptance.kind === 'counts' ? [{ kind: 'proved', code, fallback: acceptance.fallback } as const] : [],
  );
  const best = counting.find(({ fallback }) => !fallback) ?? counting[0];
  if (best !== undefined) return best;
  if (codes.length > 0) return reject('kind-not-accepted');
  return refuseOtp(facts, reject);

  function accepts(code: RightCode): Acceptance {
    return code.kind === 'lookup' ? acceptsLookup(demand) : acceptsOtp(demand, code.authenticator.kind, conditions);
  }
}

function refuseOtp({ matches, demand, conditions }: VerificationFacts, reject: Reject): Rejection {
  if (conditions.kinds.length === 0) return reject('no-authenticator');
  for (const wanted of ['replayed', 'out-of-window'] as const) {
    for (const { authenticator, match } of matches) {
      if (match.kind !== wanted) continue;
      const off = { kind: authenticator.kind, distance: match.distance };
      if (acceptsOtp(demand, authenticator.kind, conditions).kind === 'refused')
        return reject('kind-not-accepted', off);
      return reject(wanted === 'replayed' ? 'otp-replayed' : 'otp-out-of-window', off);
    }
  }
  return reject('otp-wrong');
}

const SMS_REASONS = {
  wrong: 'sms-wrong',
  expired: 'challenge-expired',
  none: 'challenge-expired',
  exhausted: 'attempts-exhausted',
} as const satisfies Record<Exclude<ChallengeAnswer, 'right'>, RejectReason>;

function decideSms({ sms, need, demand, conditions }: VerificationFacts, reject: Reject): ProvedSms | Rejection {
  if (sms !== 'right') return reject(SMS_REASONS[sms ?? 'none']);
  // Where both are asked for, one code is not two factors.
  if (need.includes('sms')) return { kind: 'proved', fallback: false };
  const acceptance = acceptsSms(demand, conditions);
  return acceptance.kind === 'counts' ? { kind: 'proved', fallback: acceptance.fallback } : reject('kind-not-accepted');
}

function proofsOf(
  { need, knowledge, proved, now }: VerificationFacts,
  otp: ProvedOtp | undefined,
  sms: ProvedSms | undefined,
): Proofs {
  const known = need.filter((factor) => (factor === 'pw' || factor === 'pin') && knowledge[factor] === true);
  return {
    ...proved,
    ...Object.fromEntries(known.map((factor) => [factor, now])),
    ...(otp !== undefined && { otp: now, [otp.code.kind === 'lookup' ? 'lookup' : otp.code.authenticator.kind]: now }),
    ...(sms !== undefined && { sms: now }),
    ...((otp?.fallback || sms?.fallback) && { fallback: now }),
  };
}

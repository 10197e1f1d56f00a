import type { Account, Authenticator } from '../identity/account.ts';
import { type Factor, isKnowledge } from '../identity/factors.ts';
import type { CodeMatch } from './match.ts';

/** Everything a verification looks at. Secrets arrive as truths that were computed already. */
export type VerificationFacts = {
  readonly account: Account['status'] | 'unknown';
  /** The factors asked for. */
  readonly need: readonly Factor[];
  /** Whether the password and the PIN were right; absent where not asked for. */
  readonly knowledge: { readonly pw?: boolean; readonly pin?: boolean };
  /** What the code is to each active authenticator of the account; empty if there is none. */
  readonly matches: readonly { readonly authenticator: Authenticator; readonly match: CodeMatch }[];
  /** Which kind of OTP counts here: TOTP, HOTP or both. */
  readonly kinds: 'any' | 'time' | 'event';
};

export type RejectReason =
  | 'unknown-user'
  | 'suspended'
  | 'wrong-password'
  | 'wrong-pin'
  | 'no-authenticator'
  | 'kind-not-accepted'
  | 'otp-replayed'
  | 'otp-out-of-window'
  | 'otp-wrong';

/** The inner reason goes to the audit trail; the claimant hears `publicError`. */
export type Rejection = {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  /** True if every knowledge factor asked for was right, and at least one was asked for. */
  readonly knowledgeProved: boolean;
  /** Of a recognised code: how far off it was, and of which kind of authenticator. */
  readonly off?: { readonly kind: Authenticator['kind']; readonly distance: number };
};

export type VerificationDecision =
  | {
      readonly kind: 'accepted';
      readonly otp?: { readonly authenticator: Authenticator; readonly to: number; readonly drift: number };
    }
  | Rejection;

/** What a page may say. E1 is the uniform error; the others are only for those who proved what they know. */
export type PublicError = 'E1' | 'E2' | 'E3' | 'E4';

/** The one decision over all factors. What is not proved is refused; nothing here depends on time or order of input. */
export function decideVerification(facts: VerificationFacts): VerificationDecision {
  const asked = facts.need.filter(isKnowledge);
  const knowledgeProved =
    asked.length > 0 && asked.every((factor) => factor !== 'otp' && facts.knowledge[factor] === true);
  const reject = (reason: RejectReason, off?: Rejection['off']): Rejection =>
    off === undefined
      ? { kind: 'rejected', reason, knowledgeProved }
      : { kind: 'rejected', reason, knowledgeProved, off };

  if (facts.account === 'unknown') return reject('unknown-user');
  if (facts.account !== 'active') return reject('suspended');
  if (facts.need.includes('pw') && facts.knowledge.pw !== true) return reject('wrong-password');
  if (facts.need.includes('pin') && facts.knowledge.pin !== true) return reject('wrong-pin');
  if (!facts.need.includes('otp')) return facts.need.length > 0 ? { kind: 'accepted' } : reject('no-authenticator');
  return decideOtp(facts, reject);
}

/** What the claimant hears (ux: disclosure matrix). Only a proved knowledge factor earns more than the uniform error. */
export function publicError(rejection: Rejection): PublicError {
  if (!rejection.knowledgeProved) return 'E1';
  switch (rejection.reason) {
    case 'otp-wrong':
    case 'kind-not-accepted':
      return 'E2';
    case 'otp-out-of-window':
      return rejection.off?.kind === 'totp' ? 'E3' : 'E2';
    case 'otp-replayed':
      return 'E4';
    case 'unknown-user':
    case 'suspended':
    case 'wrong-password':
    case 'wrong-pin':
    case 'no-authenticator':
      return 'E1';
  }
}

type Reject = (reason: RejectReason, off?: Rejection['off']) => Rejection;

function decideOtp(facts: VerificationFacts, reject: Reject): VerificationDecision {
  if (facts.matches.length === 0) return reject('no-authenticator');
  for (const { authenticator, match } of facts.matches) {
    if (match.kind === 'fresh' && counts(facts.kinds, authenticator)) {
      return { kind: 'accepted', otp: { authenticator, to: match.to, drift: match.drift } };
    }
  }
  for (const wanted of ['fresh', 'replayed', 'out-of-window'] as const) {
    for (const { authenticator, match } of facts.matches) {
      if (match.kind !== wanted) continue;
      const off = { kind: authenticator.kind, distance: match.distance };
      if (!counts(facts.kinds, authenticator)) return reject('kind-not-accepted', off);
      return reject(match.kind === 'replayed' ? 'otp-replayed' : 'otp-out-of-window', off);
    }
  }
  return reject('otp-wrong');
}

const counts = (kinds: VerificationFacts['kinds'], authenticator: Authenticator): boolean =>
  kinds === 'any' || (kinds === 'time') === (authenticator.kind === 'totp');

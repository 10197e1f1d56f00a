import type { Account } from '../core/identity/account.ts';
import type { Factor, Proofs } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import { type Ways, waysOn } from '../core/verification/accepts.ts';
import type { VerificationDecision } from '../core/verification/decide.ts';
import { demandFor } from '../core/verification/demand.ts';
import type { Rejection } from '../core/verification/rejection.ts';
import type { AttemptKey } from '../core/verification/throttle.ts';
import type { StateChange } from '../ports.ts';
import { bucketsOf, orTakeBack, reserveAll, takeBack } from './attempts.ts';
import { evaluate } from './evaluate.ts';
import { NOBODY, type VerificationRequest, type VerifyPorts } from './verification.ts';

/**
 * What came of it. Nothing is written yet: the changes have to be committed, each with its condition, before anybody is
 * let in or hears what is next. One attempt stands reserved in every bucket of `keys`.
 */
export type Verification =
  | {
      readonly kind: 'accepted';
      readonly account: Account;
      readonly proofs: Proofs;
      readonly changes: readonly StateChange[];
      readonly keys: readonly AttemptKey[];
    }
  | Incomplete
  | Rejection
  | { readonly kind: 'locked'; readonly until: Instant };

/** All that was given is right, and more is needed. */
export type Incomplete = {
  readonly kind: 'incomplete';
  /** Undefined for a login that does not exist, of which nothing was asked yet. */
  readonly account: Account | undefined;
  readonly proofs: Proofs;
  readonly changes: readonly StateChange[];
  readonly keys: readonly AttemptKey[];
  readonly remaining: readonly Factor[];
  readonly ways: Ways;
  /** Whether a message may really be sent to this person. */
  readonly mayText: boolean;
};

/**
 * The single way a password, a PIN or a code is verified. An attempt is reserved before anything is checked (RFC 4226
 * §7.3). Every factor is evaluated whatever the others said, and an unknown, suspended or unequipped account costs the
 * same work. A replayed code takes its attempt back: it is refused but is no guess. A code is never spent by a
 * verification that fails. Throws `Busy`, with the attempt taken back, when passwords cannot be hashed in time.
 */
export async function verify(
  house: VerifyPorts,
  policy: Pick<Policy, 'otp' | 'sms'>,
  request: VerificationRequest,
): Promise<Verification> {
  const { login, browserHash, now } = request;
  const { lockout } = policy.otp;
  const account = await house.accounts.findByLogin(login);
  const known = browserHash !== '' && (await house.browsers.isKnown(browserHash, account?.id ?? NOBODY));
  const keys = bucketsOf(login, known && account !== undefined ? browserHash : '', request.need);
  const until = await reserveAll(house, lockout, keys, now);
  if (until !== undefined) return { kind: 'locked', until };

  const evaluated = await orTakeBack(house, lockout, keys, () => evaluate(house, policy, request, account));
  const { decision, facts } = evaluated;
  if (decision.kind === 'rejected') {
    if (decision.reason === 'otp-replayed') await takeBack(house, lockout, keys);
    return decision;
  }
  const changes = changesOf(decision, facts.sms === 'right' ? request.pending?.challengeId : undefined);
  const { proofs } = decision;
  if (decision.kind === 'accepted') {
    if (account === undefined) throw new Error('accepted without an account');
    return { kind: 'accepted', account, proofs, changes, keys };
  }
  const { remaining } = decision;
  const strange = Object.keys(proofs).length === 0;
  const ways = strange
    ? waysOn(demandFor(request.place, undefined, request.need), remaining, proofs, {
        kinds: [],
        live: false,
        outage: facts.conditions.outage,
      })
    : waysOn(facts.demand, remaining, proofs, facts.conditions);
  return { kind: 'incomplete', account, proofs, changes, keys, remaining, ways, mayText: evaluated.mayText };
}

/** What is spent with a decision. `answered` is the SMS challenge that was answered right. */
export function changesOf(
  { otp }: Exclude<VerificationDecision, Rejection>,
  answered: string | undefined,
): readonly StateChange[] {
  const sms: readonly StateChange[] = answered === undefined ? [] : [{ kind: 'use-challenge', challenge: answered }];
  switch (otp?.kind) {
    case undefined:
      return sms;
    case 'factor':
      return [...sms, advance(otp.authenticator.id, otp.to, otp.drift)];
    case 'live':
      return [...sms, { kind: 'use-live-code', code: otp.code }];
    case 'lookup':
      return [...sms, { kind: 'use-lookup-code', code: otp.code }];
    case 'response': {
      const spent = { kind: 'use-challenge', challenge: otp.challenge } as const;
      return [...sms, spent, ...(otp.to === undefined ? [] : [advance(otp.authenticator.id, otp.to, 0)])];
    }
  }
}

const advance = (authenticator: string, to: number, drift: number): StateChange => ({
  kind: 'advance-moving-factor',
  authenticator,
  to,
  drift,
});

import type { Account } from '../core/identity/account.ts';
import { type Factor, isKnowledge, type Proofs } from '../core/identity/factors.ts';
import type { OtpSettings } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { Submission } from '../core/verification/code.ts';
import {
  decideVerification,
  type Rejection,
  type VerificationDecision,
  type VerificationFacts,
} from '../core/verification/decide.ts';
import { matchCode } from '../core/verification/match.ts';
import type { AttemptKey, AttemptLimits } from '../core/verification/throttle.ts';
import { windowOf } from '../core/verification/window.ts';
import type { House, StateChange } from '../ports.ts';

export type VerifyPorts = Pick<House, 'hasher' | 'accounts' | 'authenticators' | 'attempts' | 'browsers'>;

export type VerificationRequest = Submission & {
  readonly need: readonly Factor[];
  /** Which kind of OTP counts here. */
  readonly kinds: 'any' | 'time' | 'event';
  /** Digest of the browser's secret; the empty string where there is no browser. */
  readonly browserHash: string;
  readonly now: Instant;
};

/**
 * What came of it. An accepted verification has written nothing yet: its changes have to be committed, each with its
 * condition, before anybody is let in. One attempt stands reserved in every bucket of `keys`.
 */
export type Verification =
  | {
      readonly kind: 'accepted';
      readonly account: Account;
      readonly proofs: Proofs;
      readonly changes: readonly StateChange[];
      readonly keys: readonly AttemptKey[];
    }
  | Rejection
  | { readonly kind: 'locked'; readonly until: Instant };

/** Stands for an account where there is none, so that the same questions are asked of the stores. */
const NOBODY = '-';

/**
 * The single way a password, a PIN or a code is verified. An attempt is reserved before anything is checked (RFC 4226
 * §7.3). Every factor is evaluated whatever the others said, and an unknown, suspended or unequipped account costs the
 * same work. A replayed code takes its attempt back: it is refused but is no guess. A code is never spent by a
 * verification that fails. Throws `Busy`, with the attempt taken back, when passwords cannot be hashed in time.
 */
export async function verify(
  house: VerifyPorts,
  otp: OtpSettings,
  request: VerificationRequest,
): Promise<Verification> {
  const { login, now } = request;
  const account = await house.accounts.findByLogin(login);
  const known = await house.browsers.isKnown(request.browserHash, account?.id ?? NOBODY);
  const keys = bucketsOf(login, known && account !== undefined ? request.browserHash : '', request.need);
  const until = await reserveAll(house, otp.lockout, keys, now);
  if (until !== undefined) return { kind: 'locked', until };

  const decision = await orTakeBack(house, otp.lockout, keys, () => evaluate(house, otp, request, account));
  if (decision.kind === 'accepted' && account !== undefined) {
    const proofs = proofsOf(request.need, decision, now);
    return { kind: 'accepted', account, proofs, changes: changesOf(decision), keys };
  }
  if (decision.kind === 'accepted') throw new Error('accepted without an account');
  if (decision.reason === 'otp-replayed') await takeBack(house, otp.lockout, keys);
  return decision;
}

/**
 * The buckets of an attempt. What a sign-in with an OTP alone clears must not be what guesses at a password or PIN are
 * counted in, or whoever holds a lost token could clear the count between guesses: those have one more bucket, which
 * only a sign-in that proves such a factor clears.
 */
function bucketsOf(login: string, browser: string, need: readonly Factor[]): readonly AttemptKey[] {
  const all = { login, browser };
  return need.some(isKnowledge) ? [all, { login, browser: `${browser}#knowledge` }] : [all];
}

/** Reserves one attempt in every bucket, or none: then the moment until which one of them is locked. */
async function reserveAll(
  house: Pick<House, 'attempts'>,
  limits: AttemptLimits,
  keys: readonly AttemptKey[],
  now: Instant,
): Promise<Instant | undefined> {
  const reserved: AttemptKey[] = [];
  for (const key of keys) {
    const reservation = await house.attempts.reserve(key, limits, now);
    if (reservation.kind === 'locked') {
      await takeBack(house, limits, reserved);
      return reservation.until;
    }
    reserved.push(key);
  }
  return undefined;
}

/** Takes the reserved attempts back. */
export async function takeBack(
  house: Pick<House, 'attempts'>,
  limits: AttemptLimits,
  keys: readonly AttemptKey[],
): Promise<void> {
  for (const key of keys) await house.attempts.release(key, limits);
}

/** Collects the facts and decides. */
async function evaluate(
  house: VerifyPorts,
  otp: OtpSettings,
  request: VerificationRequest,
  account: Account | undefined,
): Promise<VerificationDecision> {
  const knowledge = await proveKnowledge(house, request, account);
  const matches = request.need.includes('otp') ? await matchAll(house, otp, request, account) : [];
  return decideVerification({
    account: account?.status ?? 'unknown',
    need: request.need,
    knowledge,
    matches,
    kinds: request.kinds,
  });
}

/** Takes the reserved attempt back if the work breaks half-way: nobody learned anything from it. */
export async function orTakeBack<T>(
  house: Pick<House, 'attempts'>,
  limits: AttemptLimits,
  keys: readonly AttemptKey[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (breakage) {
    // Where not even this can be written the first breakage is the one to report.
    await takeBack(house, limits, keys).catch(() => undefined);
    throw breakage;
  }
}

async function proveKnowledge(
  house: VerifyPorts,
  request: VerificationRequest,
  account: Account | undefined,
): Promise<VerificationFacts['knowledge']> {
  const knowledge: { pw?: boolean; pin?: boolean } = {};
  for (const factor of request.need) {
    if (factor === 'otp') continue;
    const hash = await house.accounts.secretHash(account?.id ?? NOBODY, factor);
    knowledge[factor] = await house.hasher.verify(hash, request.credentials[factor] ?? '');
  }
  return knowledge;
}

async function matchAll(
  house: VerifyPorts,
  otp: OtpSettings,
  request: VerificationRequest,
  account: Account | undefined,
): Promise<VerificationFacts['matches']> {
  const bound = await house.authenticators.bind(account?.id ?? NOBODY);
  const decoy = house.authenticators.decoy();
  const code = request.credentials.otp ?? '';
  const matches = (bound.length > 0 ? bound : [decoy]).map((authenticator) => ({
    authenticator,
    match: matchCode(authenticator, windowOf(authenticator, otp, request.now), code),
  }));
  return bound.length > 0 ? matches : [];
}

type Accepted = Extract<VerificationDecision, { kind: 'accepted' }>;

const proofsOf = (need: readonly Factor[], { otp }: Accepted, now: Instant): Proofs => ({
  ...Object.fromEntries(need.map((factor) => [factor, now])),
  ...(otp === undefined ? {} : { [otp.authenticator.kind]: now }),
});

function changesOf(decision: Accepted): readonly StateChange[] {
  if (decision.otp === undefined) return [];
  const { authenticator, to, drift } = decision.otp;
  return [{ kind: 'advance-moving-factor', authenticator: authenticator.id, to, drift }];
}

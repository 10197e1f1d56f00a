import type { AuthenticatorKind } from './account.ts';

/**
 * The factors a route may ask for. `id` is not one of them: it names the claimant, it proves nothing.
 * Every place that needs to know something about a factor reads this table.
 */
export const FACTORS = {
  pw: { amr: 'pwd', knowledge: true },
  pin: { amr: 'pin', knowledge: true },
  otp: { amr: 'otp', knowledge: false },
  sms: { amr: 'sms', knowledge: false },
} as const;

export type Factor = keyof typeof FACTORS;

/** Authentication method reference values carried in sessions and assertions (RFC 8176). */
export type Amr = (typeof FACTORS)[Factor]['amr'] | 'mfa';

/**
 * When each factor was last proved in a sign-in. A factor that is absent has not been proved. Beside `otp` stands the
 * kind of authenticator that proved it, because some routes take only one of them; `fallback` says that what was proved
 * stood in for the method the policy prefers, under a condition that was checked then; `lookup` says that the OTP was a
 * recovery or temporary code, which counts only where any kind does.
 */
export type Proofs = { readonly [F in Factor | AuthenticatorKind | 'fallback' | 'lookup']?: number };

/** The proofs of somebody who proved these factors at one moment, the OTP with every kind of authenticator. */
export const proofsAt = (factors: readonly Factor[], at: number): Proofs =>
  Object.fromEntries(
    factors
      .flatMap((factor) => (factor === 'otp' ? ['otp', 'totp', 'hotp', 'server'] : [factor]))
      .map((each) => [each, at]),
  );

/** What a route or a rule asks for: the factors in the order of the fields on the page. */
export type Requirement = {
  readonly factors: readonly Factor[];
  /** Proofs older than this many milliseconds do not count. Absent: any proof of the session counts. */
  readonly maxAge?: number;
};

/** True for the name of a factor. */
export const isFactor = (word: string): word is Factor => Object.hasOwn(FACTORS, word);

/** True for what the claimant knows, as opposed to what the claimant has (NIST SP 800-63B). */
export const isKnowledge = (factor: Factor): boolean => FACTORS[factor].knowledge;

/**
 * The `amr` list of a set of proofs: one value for each factor in a fixed order, then `mfa` when a knowledge factor
 * and a possession factor were both proved (RFC 8176 §2).
 */
export function amrOf(proofs: Proofs): readonly Amr[] {
  const proved = (Object.keys(FACTORS) as Factor[]).filter((factor) => proofs[factor] !== undefined);
  const amr: Amr[] = proved.map((factor) => FACTORS[factor].amr);
  if (proved.some(isKnowledge) && proved.some((factor) => !isKnowledge(factor))) amr.push('mfa');
  return amr;
}

import type { Account } from '../identity/account.ts';
import type { Factor, Proofs, Requirement } from '../identity/factors.ts';
import type { Instant, Milliseconds } from '../time.ts';
import { type OtpDemand, otpProvedAt, PLAIN_DEMAND } from '../verification/demand.ts';

/** One authenticated continuity of one person in one browser: the sign-in and the account it belongs to. */
export type Session = {
  /** Stable for the life of the sign-in; sent to applications as `sid`. Never the cookie's value. */
  readonly id: string;
  readonly account: Account;
  readonly proofs: Proofs;
  /** When the sign-in was completed. */
  readonly startedAt: Instant;
  /** When a factor was last proved (OpenID Connect `auth_time`). */
  readonly authTime: Instant;
  /** When a request was last served. Coalesced: may lag behind by half a minute after a restart. */
  readonly lastSeen: Instant;
  /** The host whose cookie found this session. A cookie is worth nothing on another host. */
  readonly host: string;
};

/** Inactivity and overall timeouts (NIST SP 800-63B §5.2). */
export type SessionLimits = { readonly idle: Milliseconds; readonly max: Milliseconds };

/** True while neither the inactivity nor the overall timeout has passed. A clock that went back does not lengthen it. */
export const isLive = (session: Session, limits: SessionLimits, now: Instant): boolean =>
  now - session.lastSeen < limits.idle && now - session.startedAt < limits.max;

/** The factors of a requirement that a session still has to prove, in the requirement's order. */
export const missingFactors = (
  requirement: Requirement,
  proofs: Proofs,
  now: Instant,
  otp: OtpDemand = PLAIN_DEMAND.any,
): readonly Factor[] => requirement.factors.filter((factor) => !counts(factor, requirement, proofs, now, otp));

/** True if nothing of the requirement is missing. */
export function isProved(requirement: Requirement, proofs: Proofs, now: Instant, otp: OtpDemand): boolean {
  for (const factor of requirement.factors) if (!counts(factor, requirement, proofs, now, otp)) return false;
  return true;
}

function counts(factor: Factor, { maxAge }: Requirement, proofs: Proofs, now: Instant, otp: OtpDemand): boolean {
  const at = factor === 'otp' ? otpProvedAt(otp, proofs, now) : proofs[factor];
  return at !== undefined && (maxAge === undefined || now - at < maxAge);
}

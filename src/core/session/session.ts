import type { Account } from '../identity/account.ts';
import type { Factor, Proofs, Requirement } from '../identity/factors.ts';
import type { Instant, Milliseconds } from '../time.ts';

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

/**
 * The factors of a requirement that a session still has to prove, in the requirement's order. Where a route takes only
 * time-based or only event-based OTPs, an OTP of the other kind does not count.
 */
export function missingFactors(
  requirement: Requirement,
  proofs: Proofs,
  now: Instant,
  otp: 'any' | 'time' | 'event' = 'any',
): readonly Factor[] {
  const oldest = requirement.maxAge === undefined ? Number.NEGATIVE_INFINITY : now - requirement.maxAge;
  const proof = { any: 'otp', time: 'totp', event: 'hotp' } as const;
  return requirement.factors.filter(
    (factor) => (proofs[factor === 'otp' ? proof[otp] : factor] ?? Number.NEGATIVE_INFINITY) <= oldest,
  );
}

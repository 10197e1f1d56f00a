import type { Instant, Milliseconds } from '../time.ts';

/**
 * What attempts are counted against. One bucket for everybody who names the login, and one for each browser that
 * completed a sign-in as that person before, so that strangers cannot lock the owner out. Login names that belong to
 * nobody have a bucket like any other.
 */
export type AttemptKey = {
  /** Folded. */
  readonly login: string;
  /** Hash of a known browser's secret, '' for any other; with `#knowledge` behind it where a password or PIN is tried. */
  readonly browser: string;
};

/** `failures` wrong attempts lock for `lockFor[0]`, the next round for `lockFor[1]` …, the last one repeats. */
export type AttemptLimits = { readonly failures: number; readonly lockFor: readonly Milliseconds[] };

/** The counter of one key. `total` counts since the last complete sign-in or unlock. */
export type Attempts = {
  readonly failures: number;
  readonly level: number;
  readonly total: number;
  readonly lockedUntil: Instant; // 0 = not locked
};

export type Reservation = { readonly kind: 'reserved' } | { readonly kind: 'locked'; readonly until: Instant };

/** Consecutive failures after which only an administrator opens the account again (NIST SP 800-63B §3.2.2). */
export const HARD_STOP = 100;

/** How long the page says to wait at the hard stop; every refused attempt says so anew. */
const HARD_STOP_WAIT: Milliseconds = 60 * 60 * 1000;

export const NO_ATTEMPTS: Attempts = { failures: 0, level: 0, total: 0, lockedUntil: 0 };

/**
 * Counts an attempt before anything is checked. The attempt that reaches the limit sets the lock and is still
 * evaluated; while the lock stands nothing is counted or evaluated.
 */
export function reserveAttempt(
  attempts: Attempts,
  limits: AttemptLimits,
  now: Instant,
): { readonly reservation: Reservation; readonly attempts: Attempts } {
  if (attempts.lockedUntil > now) return { reservation: { kind: 'locked', until: attempts.lockedUntil }, attempts };
  if (attempts.total >= HARD_STOP) {
    return { reservation: { kind: 'locked', until: now + HARD_STOP_WAIT }, attempts };
  }
  const failures = attempts.failures + 1;
  const counted = { failures, level: attempts.level, total: attempts.total + 1, lockedUntil: 0 };
  if (failures < limits.failures) return { reservation: { kind: 'reserved' }, attempts: counted };
  const wait = limits.lockFor[Math.min(attempts.level, limits.lockFor.length - 1)] ?? HARD_STOP_WAIT;
  return {
    reservation: { kind: 'reserved' },
    attempts: { ...counted, failures: 0, level: attempts.level + 1, lockedUntil: now + wait },
  };
}

/** Takes one reserved attempt back, with the lock it may have set: a replayed code is refused but is not a guess. */
export function releaseAttempt(attempts: Attempts, limits: AttemptLimits): Attempts {
  if (attempts.total === 0) return attempts;
  if (attempts.failures > 0) return { ...attempts, failures: attempts.failures - 1, total: attempts.total - 1 };
  return {
    failures: limits.failures - 1,
    level: Math.max(0, attempts.level - 1),
    total: attempts.total - 1,
    lockedUntil: 0,
  };
}

import type { Instant, Milliseconds } from '../time.ts';
import type { Session, SessionLimits } from './session.ts';

/** Milliseconds until the inactivity and the overall timeout; never negative. */
export function remainingTime(
  session: Session,
  limits: SessionLimits,
  now: Instant,
): { readonly idle: Milliseconds; readonly max: Milliseconds } {
  const max = Math.max(0, session.startedAt + limits.max - now);
  return { idle: Math.min(max, Math.max(0, session.lastSeen + limits.idle - now)), max };
}

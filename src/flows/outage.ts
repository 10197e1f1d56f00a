import type { Instant } from '../core/time.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';

/**
 * Declares the OTP service down until a moment, so that routes with that fallback take a code by SMS; `until` undefined
 * ends it.
 */
export async function declareOutage(
  house: Pick<House, 'clock' | 'switches'>,
  until: Instant | undefined,
  by: Origin,
): Promise<void> {
  const now = house.clock.now();
  const event =
    until === undefined
      ? auditEvent('outage.ended', now, by)
      : auditEvent('outage.declared', now, by, { detail: { until } });
  await house.switches.declareOutage(until, event);
}

/** True while the OTP service is declared down. */
export const isOutage = async (house: Pick<House, 'switches'>, now: Instant): Promise<boolean> =>
  (await house.switches.outageUntil(now)) !== undefined;

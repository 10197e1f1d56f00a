import type { Authenticator } from '../identity/account.ts';
import type { OtpSettings } from '../policy.ts';
import type { Instant } from '../time.ts';

/** The part of the policy that says how far a code may be off. */
export type WindowSettings = {
  readonly totp: Pick<OtpSettings['totp'], 'window'>;
  readonly hotp: Pick<OtpSettings['hotp'], 'lookAhead'>;
};

/** Moving factors worth trying, all bounds inclusive. */
export type Window = {
  /** The step or counter that stands for "exactly right". */
  readonly centre: number;
  /** Codes from here to `to` are accepted. Nothing at or below the last accepted factor is ever inside. */
  readonly from: number;
  readonly to: number;
  /** Codes in this wider range are computed too, so that a replay or a wrong clock is recognised and can be named. */
  readonly labelFrom: number;
  readonly labelTo: number;
  /** Highest factor that is spent; -1 where there is none. */
  readonly spent: number;
};

/** Steps each side of now that are recognised, though not accepted. */
export const LABEL_RANGE = 60;

/** Largest learned drift, in steps (RFC 6238 §6 wants a bound). */
export const MAX_DRIFT = 10;

/** The TOTP time step of a moment (RFC 6238 §4.2, T0 = 0). `period` in seconds. */
export const timeStep = (now: Instant, period: number): number => Math.floor(now / 1000 / period);

/**
 * The moving factors to try for an authenticator. TOTP: `window` steps each side of now plus the learned drift. HOTP:
 * the expected counter and `lookAhead` after it (RFC 4226 §7.4). Both kinds label the same number of factors, so that
 * the work does not tell the kind.
 */
export function windowOf(authenticator: Authenticator, settings: WindowSettings, now: Instant): Window {
  return authenticator.kind === 'totp' ? totpWindow(authenticator, settings, now) : hotpWindow(authenticator, settings);
}

function totpWindow(authenticator: Authenticator, settings: WindowSettings, now: Instant): Window {
  const step = timeStep(now, authenticator.period);
  const centre = step + clampDrift(authenticator.drift);
  const spent = authenticator.movingFactor;
  const reach = Math.min(settings.totp.window, LABEL_RANGE - MAX_DRIFT);
  const labelFrom = Math.max(0, step - LABEL_RANGE);
  return {
    centre: step,
    from: Math.max(labelFrom, centre - reach, spent + 1),
    to: centre + reach,
    labelFrom,
    labelTo: labelFrom + 2 * LABEL_RANGE,
    spent,
  };
}

function hotpWindow(authenticator: Authenticator, settings: WindowSettings): Window {
  const expected = Math.max(0, authenticator.movingFactor);
  const labelFrom = Math.max(0, expected - LABEL_RANGE);
  const labelTo = labelFrom + 2 * LABEL_RANGE;
  return {
    centre: expected,
    from: expected,
    to: Math.min(expected + settings.hotp.lookAhead, labelTo),
    labelFrom,
    labelTo,
    spent: expected - 1,
  };
}

/** A drift within ±`MAX_DRIFT` steps. */
export const clampDrift = (drift: number): number => Math.max(-MAX_DRIFT, Math.min(MAX_DRIFT, drift));

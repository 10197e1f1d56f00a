import { type Factor, isKnowledge } from '../core/identity/factors.ts';
import type { Instant } from '../core/time.ts';
import type { AttemptKey, AttemptLimits } from '../core/verification/throttle.ts';
import type { House } from '../ports.ts';

/**
 * The buckets of an attempt. What a sign-in with an OTP alone clears must not be what guesses at a password or PIN are
 * counted in, or whoever holds a lost token could clear the count between guesses: those have one more bucket, which
 * only a sign-in that proves such a factor clears.
 */
export function bucketsOf(login: string, browser: string, need: readonly Factor[]): readonly AttemptKey[] {
  const all = { login, browser };
  return need.some(isKnowledge) ? [all, { login, browser: `${browser}#knowledge` }] : [all];
}

/** Reserves one attempt in every bucket, or none: then the moment until which one of them is locked. */
export async function reserveAll(
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

/** Takes the reserved attempts back if the work breaks half-way: nobody learned anything from it. */
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

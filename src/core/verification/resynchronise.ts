import type { Authenticator } from '../identity/account.ts';
import type { Instant } from '../time.ts';
import { sameText } from './match.ts';
import { LABEL_RANGE, MAX_DRIFT, timeStep } from './window.ts';

/** How far ahead two consecutive HOTP codes are looked for (RFC 4226 §7.4 wants a bound). */
export const HOTP_RESYNC_RANGE = 1000;

export type Resynchronisation =
  | { readonly kind: 'found'; readonly to: number; readonly drift: number }
  /** Both codes belong to steps that are spent: going back would reopen them. */
  | { readonly kind: 'spent' }
  /** The clock is off by this many steps, more than may be learned: it has to be set. */
  | { readonly kind: 'too-far'; readonly distance: number }
  | { readonly kind: 'not-found' };

/**
 * Looks for two codes in a row (RFC 4226 §7.4, RFC 6238 §6). Never lowers the moving factor: a pair at or below it is
 * refused. Both codes are spent by what is found.
 */
export function resynchronise(
  authenticator: Authenticator & { codeAt(movingFactor: number): string },
  codes: readonly [string, string],
  now: Instant,
): Resynchronisation {
  return authenticator.kind === 'totp' ? byTime(authenticator, codes, now) : byEvent(authenticator, codes);
}

type Bound = Parameters<typeof resynchronise>[0];
type Codes = Parameters<typeof resynchronise>[1];

function byTime(authenticator: Bound, codes: Codes, now: Instant): Resynchronisation {
  const step = timeStep(now, authenticator.period);
  const last = authenticator.movingFactor;
  const pairs = findPairs(authenticator, codes, Math.max(0, step - LABEL_RANGE), step + LABEL_RANGE);
  const unspent = pairs.filter((first) => first > last).sort((a, b) => Math.abs(a - step) - Math.abs(b - step));
  const nearest = unspent[0];
  if (nearest === undefined) return { kind: pairs.length > 0 ? 'spent' : 'not-found' };
  // The second of the two codes is the one on the display now.
  const drift = nearest + 1 - step;
  return Math.abs(drift) > MAX_DRIFT ? { kind: 'too-far', distance: drift } : { kind: 'found', to: nearest + 1, drift };
}

function byEvent(authenticator: Bound, codes: Codes): Resynchronisation {
  const expected = Math.max(0, authenticator.movingFactor);
  const from = Math.max(0, expected - LABEL_RANGE);
  const pairs = findPairs(authenticator, codes, from, expected + HOTP_RESYNC_RANGE);
  const first = pairs.find((counter) => counter >= expected);
  if (first === undefined) return { kind: pairs.length > 0 ? 'spent' : 'not-found' };
  return { kind: 'found', to: first + 2, drift: 0 };
}

/** The moving factors whose code is the first of the two while the next one's is the second. */
function findPairs(authenticator: Bound, [first, second]: Codes, from: number, to: number): readonly number[] {
  const found: number[] = [];
  let before = false;
  for (let factor = from; factor <= to + 1; factor++) {
    const code = authenticator.codeAt(factor);
    if (before && sameText(code, second)) found.push(factor - 1);
    before = sameText(code, first);
  }
  return found;
}

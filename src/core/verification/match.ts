import type { Authenticator } from '../identity/account.ts';
import { clampDrift, type Window } from './window.ts';

/** What a submitted code is to one authenticator. `distance` in steps or counters from the expected one. */
export type CodeMatch =
  | { readonly kind: 'fresh'; readonly to: number; readonly drift: number; readonly distance: number }
  | { readonly kind: 'replayed'; readonly distance: number }
  | { readonly kind: 'out-of-window'; readonly distance: number }
  | { readonly kind: 'none' };

/** What can be asked for the code of a moving factor. */
type CodeSource = Pick<Authenticator, 'kind'> & { codeAt(movingFactor: number): string };

/**
 * Compares a code with every moving factor that is accepted, and with no other: nothing is recognised as a replay. No
 * early end, so that the time does not tell where it matched. `isIt` says whether a candidate is what was submitted.
 */
export function matchFresh(authenticator: CodeSource, window: Window, isIt: (candidate: string) => boolean): CodeMatch {
  let fresh = -1;
  for (let factor = window.from; factor <= window.to; factor++) {
    const hit = isIt(authenticator.codeAt(factor));
    // The earliest fresh factor moves the floor least.
    fresh = hit && fresh < 0 ? factor : fresh;
  }
  return fresh >= 0 ? freshMatch(authenticator.kind, fresh, window) : { kind: 'none' };
}

/**
 * Compares a code with every moving factor of the window and its label range: no early end, so that the time tells
 * neither whether nor where it matched. `to` is what the store's moving factor becomes: the accepted step (TOTP) or the
 * counter after the accepted one (HOTP).
 */
export function matchCode(authenticator: CodeSource, window: Window, code: string): CodeMatch {
  let fresh = -1;
  let replayed = -1;
  let outside = -1;
  for (let factor = window.labelFrom; factor <= window.labelTo; factor++) {
    const hit = sameText(authenticator.codeAt(factor), code);
    const inside = factor >= window.from && factor <= window.to;
    fresh = hit && inside && fresh < 0 ? factor : fresh;
    // Of the factors that are not accepted the nearest to now says most.
    replayed = hit && factor <= window.spent ? factor : replayed;
    outside = hit && !inside && factor > window.spent && nearer(factor, outside, window.centre) ? factor : outside;
  }
  if (fresh >= 0) return freshMatch(authenticator.kind, fresh, window);
  if (replayed >= 0) return { kind: 'replayed', distance: replayed - window.centre };
  if (outside >= 0) return { kind: 'out-of-window', distance: outside - window.centre };
  return { kind: 'none' };
}

/** True if two short texts are equal; looks at every character. */
export function sameText(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}

function freshMatch(kind: Authenticator['kind'], factor: number, window: Window): CodeMatch {
  const distance = factor - window.centre;
  if (kind === 'hotp') return { kind: 'fresh', to: factor + 1, drift: 0, distance };
  return { kind: 'fresh', to: factor, drift: clampDrift(distance), distance };
}

const nearer = (factor: number, than: number, centre: number): boolean =>
  than < 0 || Math.abs(factor - centre) < Math.abs(than - centre);

import type { Instant } from '../time.ts';

/** Why a hand-over code opened nothing. */
export type HandOverRefusal =
  | 'code-unknown'
  | 'code-spent'
  | 'code-expired'
  | 'other-host'
  | 'other-browser'
  | 'transaction-gone'
  | 'signin-ended';

/** What is known of a code that was just spent for good, and of who shows it where. */
export type HandOverFacts = {
  readonly now: Instant;
  /** Last moment at which the code is worth nothing any more. */
  readonly expiresAt: Instant;
  /** The transaction it was issued for, if that is unspent and not forgotten. */
  readonly transaction:
    | { readonly origin?: string | undefined; readonly host: string; readonly browserHash: string }
    | undefined;
  readonly shownAt: { readonly scheme: 'http' | 'https'; readonly host: string; readonly browserHash: string };
  /** The sign-in has neither ended nor timed out, and its account is active. */
  readonly signInIsLive: boolean;
};

/**
 * Whether a code hands a sign-in over: it is young, it is shown on the host and in the browser that asked for it, and
 * there is still something to hand over. Undefined if everything holds.
 */
export function refuseHandOver(facts: HandOverFacts): HandOverRefusal | undefined {
  const { transaction, shownAt } = facts;
  if (facts.now >= facts.expiresAt) return 'code-expired';
  if (transaction?.origin === undefined) return 'transaction-gone';
  if (transaction.host !== shownAt.host || !transaction.origin.startsWith(`${shownAt.scheme}://`)) return 'other-host';
  if (shownAt.browserHash === '' || transaction.browserHash !== shownAt.browserHash) return 'other-browser';
  return facts.signInIsLive ? undefined : 'signin-ended';
}

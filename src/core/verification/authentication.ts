import type { Allow } from '../access/route.ts';
import type { Account } from '../identity/account.ts';
import type { Factor, Proofs } from '../identity/factors.ts';
import type { Instant } from '../time.ts';
import type { ChallengeMethod } from './challenge.ts';
import type { Credentials } from './code.ts';
import type { OtpPlace } from './demand.ts';
import type { RejectReason } from './rejection.ts';

export type Channel = 'web' | 'api' | 'radius';

/** Several factors in one field, as RADIUS sends them: split by the code lengths of the person's own authenticators. */
export type Concatenated = { readonly text: string; readonly order: 'pin+otp' | 'otp+pin' | 'pw+otp' | 'otp+pw' };

/** What a door asks of the verifier. */
export type AuthenticationRequest = {
  readonly channel: Channel;
  /** Who may continue what this begins; see `PendingVerification.boundTo`. */
  readonly boundTo: string;
  /** Where it counts: a route, a RADIUS client, an application of the API. Its name goes to audit and statistics. */
  readonly place: OtpPlace;
  readonly allow: Allow | undefined;
  /** Folded. Ignored where `pending` names a verification: the name is that one's. */
  readonly login: string;
  /** Ignored where `pending` names a verification. */
  readonly need: readonly Factor[];
  /** Normalised. What is needed and not given is asked for by a challenge, knowledge factors excepted. */
  readonly credentials: Credentials;
  readonly concatenated?: Concatenated;
  /**
   * CHAP: true if the candidate is what was hashed. Only OTP can be proved so, and only codes of the acceptance window
   * are tried. `credentials.otp` is absent then.
   */
  readonly otpMatches?: (candidate: string) => boolean;
  /** A verification under way to continue. */
  readonly pending: string | undefined;
  /** The person asks for this method by name (RADIUS: typed `sms`). */
  readonly wanted?: ChallengeMethod;
  readonly address: string;
  /** Short number of the request. */
  readonly request: string;
  /** Language of messages to the person. */
  readonly language: 'ko' | 'en' | 'ja';
  /** Host for the domain-bound last line of an SMS; the empty string for none. */
  readonly host: string;
};

/** One way of going on. */
export type Offer = {
  readonly method: 'otp' | ChallengeMethod;
  /** Present where there is something to wait for or to answer. */
  readonly challenge: string | undefined;
  /** Masked number; neutral where nothing is known of the person. */
  readonly target: string | undefined;
  /** OCRA question to show. */
  readonly question: string | undefined;
  readonly resendAfter: Instant | undefined;
};

/** What came of it. Everything but `accepted` means no access. An accepted one is committed: the code is spent. */
export type AuthenticationOutcome =
  | { readonly kind: 'accepted'; readonly transaction: string; readonly account: Account; readonly proofs: Proofs }
  | {
      readonly kind: 'challenge';
      readonly transaction: string;
      readonly expiresAt: Instant;
      readonly need: readonly Offer[];
    }
  | {
      readonly kind: 'rejected';
      readonly transaction: string;
      readonly reason: RejectReason;
      readonly knowledgeProved: boolean;
    }
  | { readonly kind: 'locked'; readonly transaction: string; readonly until: Instant }
  /** `pending` is unknown, spent, expired or another's. No decision was made. */
  | { readonly kind: 'gone' }
  /** A knowledge factor is needed and was not given. No decision was made, no attempt counted. */
  | { readonly kind: 'missing'; readonly factors: readonly Factor[] }
  /** Too many messages; nothing was sent. */
  | { readonly kind: 'limited'; readonly until: Instant };

import type { Allow } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import type { Instant } from '../core/time.ts';
import type { Concatenated } from '../core/verification/authentication.ts';
import type { PendingVerification } from '../core/verification/challenge.ts';
import type { Submission } from '../core/verification/code.ts';
import type { OtpPlace } from '../core/verification/demand.ts';
import type { House } from '../ports.ts';

export type VerifyPorts = Pick<
  House,
  | 'hasher'
  | 'accounts'
  | 'authenticators'
  | 'attempts'
  | 'browsers'
  | 'digests'
  | 'challenges'
  | 'liveCodes'
  | 'lookups'
  | 'switches'
>;

export type VerificationRequest = Submission & {
  readonly need: readonly Factor[];
  /** Where it counts: it says which OTP is taken. */
  readonly place: OtpPlace;
  readonly allow: Allow | undefined;
  readonly address: string;
  readonly concatenated?: Concatenated;
  readonly otpMatches?: (candidate: string) => boolean;
  /** The verification that is continued; what it proved counts. */
  readonly pending: PendingVerification | undefined;
  /** Digest of the browser's secret; the empty string where there is no browser. */
  readonly browserHash: string;
  readonly now: Instant;
};

/** Stands for an account where there is none, so that the same questions are asked of the stores. */
export const NOBODY = '-';

import type { Authenticator } from '../identity/account.ts';

export type RejectReason =
  | 'unknown-user'
  | 'suspended'
  | 'wrong-password'
  | 'wrong-pin'
  | 'no-authenticator'
  | 'kind-not-accepted'
  | 'otp-replayed'
  | 'otp-out-of-window'
  | 'otp-wrong'
  | 'sms-wrong'
  | 'challenge-expired'
  | 'attempts-exhausted'
  | 'policy-denied'
  | 'location-missing'
  | 'tx-mismatch';

/** The inner reason goes to the audit trail; the claimant hears `publicError`. */
export type Rejection = {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  /** True if every knowledge factor asked for was right, and at least one was asked for. */
  readonly knowledgeProved: boolean;
  /** Of a recognised code: how far off it was, and of which kind of authenticator. */
  readonly off?: { readonly kind: Authenticator['kind']; readonly distance: number };
};

/** The inner reason in the words of the API. `locked` is what an attempt that was not evaluated hears. */
export type ReasonDetail =
  | 'unknown_user'
  | 'user_suspended'
  | 'no_credential'
  | 'wrong_password'
  | 'wrong_pin'
  | 'otp_wrong'
  | 'otp_replayed'
  | 'otp_out_of_window'
  | 'locked'
  | 'challenge_expired'
  | 'attempts_exhausted'
  | 'policy_denied'
  | 'location_missing'
  | 'tx_mismatch';

const DETAILS = {
  'unknown-user': 'unknown_user',
  suspended: 'user_suspended',
  'wrong-password': 'wrong_password',
  'wrong-pin': 'wrong_pin',
  'no-authenticator': 'no_credential',
  'kind-not-accepted': 'policy_denied',
  'otp-replayed': 'otp_replayed',
  'otp-out-of-window': 'otp_out_of_window',
  'otp-wrong': 'otp_wrong',
  'sms-wrong': 'otp_wrong',
  'challenge-expired': 'challenge_expired',
  'attempts-exhausted': 'attempts_exhausted',
  'policy-denied': 'policy_denied',
  'location-missing': 'location_missing',
  'tx-mismatch': 'tx_mismatch',
} as const satisfies Record<RejectReason, ReasonDetail>;

/** What a key with the scope `verify:detail` is told. */
export const reasonDetailOf = (reason: RejectReason): ReasonDetail => DETAILS[reason];

/**
 * What a page may say. E1 is the uniform error; E2 to E4 are only for those who proved what they know. E8: this code by
 * SMS is over and a new one has to be asked for, which is so for every login alike.
 */
export type PublicError = 'E1' | 'E2' | 'E3' | 'E4' | 'E8';

/** What the claimant hears (ux: disclosure matrix). Only a proved knowledge factor earns more than the uniform error. */
export function publicError(rejection: Rejection): PublicError {
  const { reason, knowledgeProved, off } = rejection;
  if (reason === 'challenge-expired' || reason === 'attempts-exhausted') return 'E8';
  if (!knowledgeProved) return 'E1';
  switch (reason) {
    case 'otp-wrong':
    case 'sms-wrong':
    case 'kind-not-accepted':
      return 'E2';
    case 'otp-out-of-window':
      return off?.kind === 'totp' ? 'E3' : 'E2';
    case 'otp-replayed':
      return 'E4';
    case 'unknown-user':
    case 'suspended':
    case 'wrong-password':
    case 'wrong-pin':
    case 'no-authenticator':
    case 'policy-denied':
    case 'location-missing':
    case 'tx-mismatch':
      return 'E1';
  }
}

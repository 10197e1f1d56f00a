import type { Challenge } from '../core/verification/challenge.ts';
import type { House } from '../ports.ts';

/**
 * The code of an SMS challenge. It is kept nowhere: whoever sends it and whoever checks it derive it from the challenge,
 * and so does a resend. It counts for the thing the challenge is bound to and, in a payment, for that payment only.
 */
export const smsCodeOf = (
  challenge: Pick<Challenge, 'id' | 'boundTo' | 'question'>,
  digits: 6 | 8,
  digests: Pick<House['digests'], 'code'>,
): string => digests.code(`sms|${challenge.id}|${challenge.boundTo}|${challenge.question}`, digits);

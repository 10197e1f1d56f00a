import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { Challenge } from '../core/verification/challenge.ts';
import type { PaymentFields } from '../core/verification/payment.ts';
import { smsCodeOf } from '../flows/sms-code.ts';
import type { House, Message } from '../ports.ts';
import { codeText, paymentText } from '../texts/sms/sms-texts.ts';

export type TextPorts = Pick<House, 'digests' | 'payments'>;

/**
 * The text of a message, with the code of its challenge. Undefined where the code would be for a payment that cannot be
 * shown: nobody is to approve what the message does not say.
 */
export async function textOf(
  house: TextPorts,
  policy: Policy,
  message: Message,
  challenge: Challenge,
  now: Instant,
): Promise<string | undefined> {
  const said = {
    brand: policy.pages.brand.name,
    code: smsCodeOf(challenge, policy.sms.code.digits, house.digests),
    left: challenge.expiresAt - now,
    host: message.host,
  };
  if (challenge.question === '') return codeText(message.language, said);
  const payment = await house.payments.find(challenge.boundTo);
  if (payment === undefined || payment.hash !== challenge.question || payment.state !== 'pending') return undefined;
  return paymentText(message.language, said, JSON.parse(payment.canonical) as PaymentFields);
}

import type { AuditKind } from '../core/audit.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { VerificationDecision } from '../core/verification/decide.ts';
import type { Payment, PaymentFields } from '../core/verification/payment.ts';
import { sameFields } from '../core/verification/payment-object.ts';
import type { RejectReason } from '../core/verification/rejection.ts';
import type { AttemptKey } from '../core/verification/throttle.ts';
import type { House, StateChange } from '../ports.ts';
import { type AnswerPlace, type AnswerPorts, evaluateAnswer, factorOf } from './answer-challenge.ts';
import { bucketsOf, orTakeBack, reserveAll, takeBack } from './attempts.ts';
import { barOf } from './evidence.ts';
import { auditEvent, type Origin } from './origin.ts';
import { findPayment, type OwnPayment } from './payments.ts';
import { placeFor } from './place.ts';
import { changesOf } from './verify.ts';

export type VerifyPaymentPorts = AnswerPorts & Pick<House, 'payments' | 'signer'>;

export type PaymentReply = OwnPayment & {
  /** Normalised. */
  readonly code: string;
  /** The caller's copy, to be compared with what was stored. The stored one counts in any case. */
  readonly fields?: PaymentFields;
  readonly by: Origin;
};

export type VerifiedPayment =
  | { readonly kind: 'approved'; readonly evidence: string }
  | { readonly kind: 'rejected' }
  /** The caller's copy is another: the payment is void. */
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'locked'; readonly until: Instant };

/**
 * Confirms a payment by the code that is bound to it: an OCRA response to the hash of the stored object, or the code of
 * its own message. No other code confirms it, and no code confirms it twice.
 */
export async function verifyPayment(
  house: VerifyPaymentPorts,
  policy: Policy,
  reply: PaymentReply,
): Promise<VerifiedPayment> {
  const now = house.clock.now();
  const payment = await findPayment(house, reply);
  if (payment === undefined || payment.state !== 'pending' || payment.expiresAt <= now) return { kind: 'gone' };
  if (reply.fields !== undefined && !sameFields(payment.canonical, reply.fields)) {
    const outcome = await decide(
      house,
      payment,
      'mismatch',
      eventOf(payment, reply, 'payment.rejected', 'tx-mismatch', now),
    );
    return { kind: outcome === 'committed' ? 'mismatch' : 'gone' };
  }
  const challenge = await house.challenges.find(payment.challengeId);
  if (challenge === undefined || challenge.boundTo !== payment.id) return { kind: 'gone' };
  const { lockout } = policy.otp;
  const keys = bucketsOf(payment.login, '', [factorOf(challenge)]);
  const until = await reserveAll(house, lockout, keys, now);
  if (until !== undefined) {
    await house.audit.append(eventOf(payment, reply, 'payment.rejected', 'locked', now));
    return { kind: 'locked', until };
  }
  return orTakeBack(house, lockout, keys, async () => {
    const place = placeOf(policy, payment, reply.by.address, now);
    const { decision } = await evaluateAnswer(house, policy, challenge, reply.code, place, now);
    if (decision.kind === 'accepted') return approve({ house, policy, reply, payment, keys, now }, decision);
    return refuse(house, payment, reply, decision.kind === 'rejected' ? decision.reason : 'otp-wrong', now);
  });
}

type Confirmed = {
  readonly house: VerifyPaymentPorts;
  readonly policy: Pick<Policy, 'otp'>;
  readonly reply: PaymentReply;
  readonly payment: Payment;
  readonly keys: readonly AttemptKey[];
  readonly now: Instant;
};

async function approve(
  { house, policy, reply, payment, keys, now }: Confirmed,
  decision: Extract<VerificationDecision, { kind: 'accepted' }>,
): Promise<VerifiedPayment> {
  const evidence = await house.signer.sign(claimsOf(payment, now), now);
  const changes: readonly StateChange[] = [
    { kind: 'use-challenge', challenge: payment.challengeId },
    ...changesOf(decision, undefined).filter(({ kind }) => kind !== 'use-challenge'),
    { kind: 'decide-payment', payment: payment.id, state: 'approved', evidence },
    ...keys.map((key) => ({ kind: 'clear-attempts', key }) as const),
  ];
  const outcome = await house.verifications.commit(changes, eventOf(payment, reply, 'payment.approved', '', now));
  if (outcome === 'committed') return { kind: 'approved', evidence };
  await takeBack(house, policy.otp.lockout, keys);
  return { kind: 'gone' };
}

async function refuse(
  house: VerifyPaymentPorts,
  payment: Payment,
  reply: PaymentReply,
  reason: RejectReason,
  now: Instant,
): Promise<VerifiedPayment> {
  const event = eventOf(payment, reply, 'payment.rejected', reason, now);
  if (reason === 'attempts-exhausted') await decide(house, payment, 'rejected', event);
  else await house.audit.append(event);
  return { kind: 'rejected' };
}

/** Any of the person's authenticators may answer; the place says only whom it lets in. */
const placeOf = (policy: Policy, { app }: Payment, address: string, now: Instant): AnswerPlace => ({
  place: { name: app, otp: 'any', otpRules: [], smsFallback: undefined },
  barred: (account) => barOf(placeFor(policy, app)?.allow, account, address, now),
});

const decide = (
  house: Pick<House, 'verifications'>,
  { id }: Payment,
  state: 'mismatch' | 'rejected',
  event: ReturnType<typeof auditEvent>,
) => house.verifications.commit([{ kind: 'decide-payment', payment: id, state, evidence: undefined }], event);

/** What is signed. Names of its own: it is no assertion of an identity and must never be taken for one. */
const claimsOf = ({ id, hash, login, method, app, client }: Payment, now: Instant) => ({
  payment: id,
  hash,
  login,
  method,
  app,
  client,
  decided_at: Math.floor(now / 1000),
});

const eventOf = (
  { id, hash, login, app, method }: Payment,
  { by }: PaymentReply,
  kind: AuditKind,
  reason: string,
  now: Instant,
) => auditEvent(kind, now, by, { login, route: app, reason, detail: { channel: 'api', payment: id, hash, method } });

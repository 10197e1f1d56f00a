import type { AuditKind } from '../core/audit.ts';
import type { Account } from '../core/identity/account.ts';
import type { Language, Policy } from '../core/policy.ts';
import { encodeBase64Url } from '../core/session/handle.ts';
import type { Instant, Milliseconds } from '../core/time.ts';
import type { Payment, PaymentFields } from '../core/verification/payment.ts';
import { paymentObject } from '../core/verification/payment-object.ts';
import { digestHex } from '../core/verification/server-code.ts';
import type { House } from '../ports.ts';
import { newId } from './identifiers.ts';
import { auditEvent, type Origin } from './origin.ts';
import { addQuestion } from './questions.ts';
import { addSms, type ChallengePorts } from './text-message.ts';

export type CreatePaymentPorts = ChallengePorts & Pick<House, 'accounts' | 'digests' | 'payments' | 'verifications'>;

export type PaymentRequest = {
  /** Folded. */
  readonly login: string;
  /** Name of the key that asks; nobody else ever sees the payment. */
  readonly client: string;
  readonly app: string;
  readonly fields: PaymentFields;
  readonly method: 'ocra' | 'sms';
  readonly ttl: Milliseconds;
  readonly by: Origin;
  readonly language: Language;
  readonly host: string;
};

export type CreatedPayment =
  | {
      readonly kind: 'created';
      readonly payment: Payment;
      /** OCRA question: the hash of the object, which the authenticator computes from what it shows. */
      readonly question: string | undefined;
      /** Masked number. Always undefined here: nothing was proved by whoever asks. */
      readonly target: string | undefined;
    }
  | { readonly kind: 'limited'; readonly until: Instant }
  | { readonly kind: 'unavailable'; readonly why: 'no_provider' };

/**
 * Begins the confirmation of a transaction. The object is kept here, with a nonce and its times; the code is bound to
 * its hash, so that it confirms this amount to this payee and nothing else. A login that does not exist gets the same
 * answer.
 */
export async function createPayment(
  house: CreatePaymentPorts,
  policy: Policy,
  request: PaymentRequest,
): Promise<CreatedPayment> {
  const { method, login, client, app, by, language, host } = request;
  if (method === 'sms' && policy.sms.providers.length === 0) return { kind: 'unavailable', why: 'no_provider' };
  const now = house.clock.now();
  const found = await house.accounts.findByLogin(login);
  const account = found?.status === 'active' ? found : undefined;
  const drafted = draft(house, policy, request, account, now);
  const { id: boundTo, hash: question, expiresAt } = drafted;
  const about = { account, login, method, boundTo, authenticatorId: undefined, question, app, expiresAt };
  const event = (kind: AuditKind) =>
    auditEvent(kind, now, by, {
      login,
      route: app,
      detail: { payment: drafted.id, hash: drafted.hash, method, client },
    });
  if (method === 'ocra') {
    const challenge = await addQuestion(house, policy, about, by);
    const payment = { ...drafted, challengeId: challenge.id };
    await house.payments.add(payment, event('payment.created'));
    return { kind: 'created', payment, question: payment.hash, target: undefined };
  }
  // The message says what is paid, so the payment has to be there before it is sent.
  const challengeId = newId(house.random, 'ch');
  const payment = { ...drafted, challengeId };
  await house.payments.add(payment, event('payment.created'));
  const sent = await addSms(house, policy, { ...about, id: challengeId }, { language, host }, by);
  if (sent.kind === 'added') return { kind: 'created', payment, question: undefined, target: undefined };
  const voided = { kind: 'decide-payment', payment: payment.id, state: 'cancelled', evidence: undefined } as const;
  await house.verifications.commit([voided], event('payment.cancelled'));
  return sent;
}

/** Random bytes of an object's nonce. */
const NONCE_BYTES = 16;

function draft(
  house: Pick<House, 'random' | 'digests'>,
  policy: Pick<Policy, 'sms'>,
  { fields, app, client, login, method, ttl }: PaymentRequest,
  account: Account | undefined,
  now: Instant,
): Payment {
  // A payment by SMS lives no longer than its code.
  const expiresAt = now + (method === 'sms' ? Math.min(ttl, policy.sms.code.ttl) : ttl);
  const nonce = encodeBase64Url(house.random.bytes(NONCE_BYTES));
  const canonical = paymentObject(fields, { app, nonce, issuedAt: now, expiresAt });
  return {
    id: newId(house.random, 'pay'),
    client,
    app,
    accountId: account?.id,
    login,
    canonical,
    hash: digestHex(house.digests.hash(canonical)),
    method,
    challengeId: '',
    state: 'pending',
    createdAt: now,
    expiresAt,
    decidedAt: undefined,
    evidence: undefined,
  };
}

/** Which payment, and who asks: another's does not exist. */
export type OwnPayment = { readonly id: string; readonly client: string };

/** Gives a payment up: no code confirms it any more. */
export async function cancelPayment(
  house: Pick<House, 'clock' | 'payments' | 'verifications'>,
  { by, ...own }: OwnPayment & { readonly by: Origin },
): Promise<{ readonly kind: 'cancelled' } | { readonly kind: 'gone' }> {
  const payment = await findPayment(house, own);
  if (payment === undefined) return { kind: 'gone' };
  const voided = { kind: 'decide-payment', payment: payment.id, state: 'cancelled', evidence: undefined } as const;
  const { login, app, id, hash } = payment;
  const facts = { login, route: app, detail: { payment: id, hash } };
  const event = auditEvent('payment.cancelled', house.clock.now(), by, facts);
  const outcome = await house.verifications.commit([voided], event);
  return { kind: outcome === 'committed' ? 'cancelled' : 'gone' };
}

/** The evidence of an approved payment: a compact JWS. Undefined for one that is not approved, or another's. */
export const paymentEvidence = async (house: Pick<House, 'payments'>, own: OwnPayment): Promise<string | undefined> =>
  (await findPayment(house, own))?.evidence;

/** A payment of this client. */
export async function findPayment(
  house: Pick<House, 'payments'>,
  { id, client }: OwnPayment,
): Promise<Payment | undefined> {
  const payment = await house.payments.find(id);
  return payment?.client === client ? payment : undefined;
}

import { z } from 'zod';
import { DAY, MINUTE, SECOND } from '../../core/time.ts';
import { codeFault, normaliseCode } from '../../core/verification/code.ts';
import type { Payment, PaymentFields } from '../../core/verification/payment.ts';
import { onBeat, refuseOnBeat } from '../../flows/beat.ts';
import { cancelPayment, createPayment, type PaymentRequest, paymentEvidence } from '../../flows/payments.ts';
import { type PaymentReply, verifyPayment } from '../../flows/verify-payment.ts';
import { secondsUntil } from '../decision.ts';
import { badRequest } from '../input.ts';
import { type Call, type Operation, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import { appField, appOf, contextField, loginOf, userField } from '../subject.ts';
import { seconds } from '../views.ts';

const line = (most: number) => z.string().max(most);

/** What is confirmed. Amounts are decimal text, so that no number is rounded on the way. */
const fieldsShape = {
  type: z.string().min(1).max(64).default('payment'),
  amount: z.string().regex(/^(0|[1-9]\d{0,14})(\.\d{1,4})?$/, 'decimal digits, such as 1250000 or 12.50'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters (ISO 4217)'),
  payee: z.strictObject({
    name: z.string().min(1).max(128),
    bank: line(128).default(''),
    account: line(64).default(''),
  }),
  payer: z.strictObject({ account: line(64).default('') }).default({ account: '' }),
  memo: line(256).default(''),
  extra: z.record(z.string().min(1).max(64), line(256)).default({}).meta({ description: 'Anything else to be bound' }),
};

const transactionSchema = z
  .object({
    id: z.string(),
    app: z.string(),
    method: z.enum(['ocra', 'sms']),
    state: z.enum(['pending', 'approved', 'cancelled', 'mismatch', 'rejected', 'expired']),
    hash: z.string().meta({ description: 'SHA-256 of the canonical object (RFC 8785), in hexadecimal' }),
    created_at: z.int(),
    expires_at: z.int(),
    decided_at: z.int().nullable(),
    question: z.string().optional().meta({ description: 'OCRA question for the authenticator' }),
    target: z.string().optional().meta({ description: 'Masked telephone number' }),
  })
  .meta({ id: 'Transaction' });

const path = z.strictObject({ id: z.string().max(64) });
const tag = 'Transactions';
const GONE = { 410: { description: 'The transaction is gone' } };
const gone = () => problem('transaction_gone', 'create another one');

/** `/transactions`: a code that counts for one amount and one payee, and for nothing else (dynamic linking). */
export const transactionOperations: readonly Operation[] = [
  operation({
    id: 'createTransaction',
    method: 'post',
    path: '/transactions',
    scopes: ['transactions'],
    tag,
    summary: 'Create a transaction to be confirmed',
    bodySchema: z.strictObject({
      user: userField,
      app: appField.optional(),
      method: z.enum(['ocra', 'sms']).default('ocra'),
      ...fieldsShape,
      expires_in: z
        .int()
        .min(30)
        .max(DAY / SECOND)
        .default((5 * MINUTE) / SECOND)
        .meta({ description: 'Seconds' }),
      context: contextField,
    }),
    idempotentFor: 10 * MINUTE,
    answers: { 201: { description: 'It can be confirmed', schema: transactionSchema } },
    handle: async (call) => {
      const { user, app: asked, method, expires_in: seconds_, context, ...fields } = call.body;
      const { by, client, language, now, parts, policy } = call;
      const request: PaymentRequest = {
        login: loginOf(user),
        client: client.name,
        app: appOf(call, asked),
        fields,
        method,
        ttl: seconds_ * SECOND,
        by: { ...by, address: context?.ip ?? by.address },
        language,
        host: '',
      };
      const created = await onBeat(() => createPayment(parts.house, policy, request));
      if (created.kind === 'limited') {
        throw problem('rate_limited', 'too many messages', { retry_after: secondsUntil(created.until, now) });
      }
      if (created.kind === 'unavailable') throw problem('not_available', 'no SMS provider is configured');
      const { payment, question, target } = created;
      return {
        status: 201,
        body: {
          ...viewOf(payment, now),
          ...(question === undefined ? {} : { question }),
          ...(target === undefined ? {} : { target }),
        },
      };
    },
  }),
  operation({
    id: 'getTransaction',
    method: 'get',
    path: '/transactions/{id}',
    scopes: ['transactions'],
    tag,
    summary: 'Look at a transaction',
    pathSchema: path,
    answers: { 200: { description: 'Its state', schema: transactionSchema }, ...GONE },
    handle: async (call) => ({ status: 200, body: viewOf(await own(call, call.path.id), call.now) }),
  }),
  operation({
    id: 'verifyTransaction',
    method: 'post',
    path: '/transactions/{id}/verify',
    scopes: ['transactions'],
    tag,
    summary: 'Confirm a transaction by its code',
    description:
      'The code is checked against what was stored when the transaction was created. `fields`, where given, have to be the same: any difference voids it.',
    pathSchema: path,
    bodySchema: z.strictObject({
      code: z.string().min(1).max(64),
      fields: z.strictObject(fieldsShape).optional(),
      context: contextField,
    }),
    idempotentFor: MINUTE,
    answers: {
      200: {
        description: 'A decision',
        schema: z
          .discriminatedUnion('result', [
            z.object({ result: z.literal('approved'), evidence: z.string() }),
            z.object({
              result: z.literal('rejected'),
              reason: z.enum(['invalid_credentials', 'locked']),
              retry_after: z.int().optional(),
            }),
          ])
          .meta({ id: 'TransactionDecision' }),
      },
      409: { description: 'The transaction was changed, or is decided' },
      ...GONE,
    },
    handle: async (call) => {
      const { body, by, client, now, parts, policy } = call;
      if (codeFault(body.code) !== undefined) {
        throw badRequest({ path: 'code', message: 'this has not the form of a code' });
      }
      const reply: PaymentReply = {
        id: call.path.id,
        client: client.name,
        code: normaliseCode(body.code),
        ...(body.fields === undefined ? {} : { fields: body.fields satisfies PaymentFields }),
        by: { ...by, address: body.context?.ip ?? by.address },
      };
      const verified = () => verifyPayment(parts.house, policy, reply);
      const outcome = await refuseOnBeat(verified, ({ kind }) => kind !== 'approved');
      switch (outcome.kind) {
        case 'approved':
          return { status: 200, body: { result: 'approved', evidence: outcome.evidence } };
        case 'rejected':
          return { status: 200, body: { result: 'rejected', reason: 'invalid_credentials' } };
        case 'locked': {
          const retryAfter = secondsUntil(outcome.until, now);
          return { status: 200, body: { result: 'rejected', reason: 'locked', retry_after: retryAfter } };
        }
        case 'mismatch':
          throw problem('tx_mismatch', 'the transaction is void; create another one');
        case 'gone':
          throw gone();
      }
    },
  }),
  operation({
    id: 'cancelTransaction',
    method: 'post',
    path: '/transactions/{id}/cancel',
    scopes: ['transactions'],
    tag,
    summary: 'Give a transaction up',
    pathSchema: path,
    idempotentFor: 10 * MINUTE,
    answers: {
      200: { description: 'No code confirms it any more', schema: transactionSchema },
      409: { description: 'It is decided' },
      ...GONE,
    },
    handle: async (call) => {
      const { parts, client, by } = call;
      const before = await own(call, call.path.id);
      if (before.state !== 'pending') throw problem('already_decided', `it is ${before.state}`);
      const outcome = await cancelPayment(parts.house, { id: before.id, client: client.name, by });
      if (outcome.kind !== 'cancelled') throw gone();
      return { status: 200, body: viewOf(await own(call, before.id), call.now) };
    },
  }),
  operation({
    id: 'getEvidence',
    method: 'get',
    path: '/transactions/{id}/evidence',
    scopes: ['transactions'],
    tag,
    summary: 'Fetch the evidence of an approved transaction',
    description:
      'A compact JWS (RFC 7515) over what was confirmed, by whom, how and when, to be shown to a third party.',
    pathSchema: path,
    answers: {
      200: {
        description: 'What was confirmed, and the signature over it',
        schema: z.object({ id: z.string(), canonical: z.string(), hash: z.string(), evidence: z.string() }),
      },
      409: { description: 'It is not approved' },
      ...GONE,
    },
    handle: async (call) => {
      const { id, canonical, hash, state } = await own(call, call.path.id);
      const evidence = await paymentEvidence(call.parts.house, { id, client: call.client.name });
      if (evidence === undefined) throw problem('conflict', `it is ${state}`);
      return { status: 200, body: { id, canonical, hash, evidence } };
    },
  }),
];

/** A transaction of the calling client; another's does not exist. */
async function own(
  { parts, client }: Pick<Call<unknown, unknown, unknown>, 'parts' | 'client'>,
  id: string,
): Promise<Payment> {
  const payment = await parts.house.payments.find(id);
  if (payment === undefined || payment.client !== client.name) throw gone();
  return payment;
}

const viewOf = (payment: Payment, now: number): z.input<typeof transactionSchema> => ({
  id: payment.id,
  app: payment.app,
  method: payment.method,
  state: payment.state === 'pending' && now >= payment.expiresAt ? 'expired' : payment.state,
  hash: payment.hash,
  created_at: seconds(payment.createdAt),
  expires_at: seconds(payment.expiresAt),
  decided_at: payment.decidedAt === undefined ? null : seconds(payment.decidedAt),
});

import type { Payment } from '../core/verification/payment.ts';
import type { PaymentStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { PaymentTable } from './schema-otp.ts';

/** Transactions to be confirmed. They are decided by a state change and never removed: they are evidence. */
export function createPayments(context: StoreContext): PaymentStore {
  const one = context.reader.prepare<[string], PaymentTable>('SELECT * FROM payment WHERE id = ?');
  return {
    add: (payment, event) =>
      transact<void>(context, async ({ trx, audit }) => {
        await trx.insertInto('payment').values(rowOf(payment)).execute();
        await audit(event);
      }),
    find: async (id) => one.all(id).map(paymentOf)[0],
  };
}

const rowOf = (payment: Payment): PaymentTable => ({
  id: payment.id,
  client: payment.client,
  app: payment.app,
  account_id: payment.accountId ?? null,
  login: payment.login,
  canonical: payment.canonical,
  hash: payment.hash,
  method: payment.method,
  challenge_id: payment.challengeId,
  state: payment.state,
  created_at: payment.createdAt,
  expires_at: payment.expiresAt,
  decided_at: payment.decidedAt ?? null,
  evidence: payment.evidence ?? null,
});

const paymentOf = (row: PaymentTable): Payment => ({
  id: row.id,
  client: row.client,
  app: row.app,
  accountId: row.account_id ?? undefined,
  login: row.login,
  canonical: row.canonical,
  hash: row.hash,
  method: row.method,
  challengeId: row.challenge_id,
  state: row.state,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  decidedAt: row.decided_at ?? undefined,
  evidence: row.evidence ?? undefined,
});

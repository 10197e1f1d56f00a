import type { Instant } from '../time.ts';
import { type CanonicalValue, canonicalJson } from './canonical-json.ts';
import type { PaymentFields } from './payment.ts';

/** What is confirmed beside the fields: where, when and until when, and a nonce that makes every object its own. */
export type PaymentFrame = {
  readonly app: string;
  readonly nonce: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
};

/** The object whose hash a code is bound to, in canonical JSON. Times are Unix seconds. */
export const paymentObject = (fields: PaymentFields, { app, nonce, issuedAt, expiresAt }: PaymentFrame): string =>
  canonicalJson({
    ...record(fields),
    v: 1,
    app,
    nonce,
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
  });

/** True if somebody's copy of the fields says what the stored object says, to the letter. */
export function sameFields(canonical: string, fields: PaymentFields): boolean {
  const { v: _v, app: _app, nonce: _nonce, iat: _iat, exp: _exp, ...stored } = JSON.parse(canonical) as Stored;
  return canonicalJson(stored) === canonicalJson(record(fields));
}

/** What `paymentObject` wrote; nothing else is ever stored in its place. */
type Stored = { readonly [name: string]: CanonicalValue };

/** Only the fields that are bound, whatever else the caller's object holds. */
const record = ({ type, amount, currency, payee, payer, memo, extra }: PaymentFields): Stored => ({
  type,
  amount,
  currency,
  payee: { name: payee.name, bank: payee.bank, account: payee.account },
  payer: { account: payer.account },
  memo,
  extra: { ...extra },
});

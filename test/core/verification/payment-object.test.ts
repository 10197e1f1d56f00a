import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/verification/canonical-json.ts';
import type { PaymentFields } from '../../../src/core/verification/payment.ts';
import { paymentObject, sameFields } from '../../../src/core/verification/payment-object.ts';

describe('canonical JSON (RFC 8785)', () => {
  test('sorts names by UTF-16 code units and escapes as the RFC does (§3.2.3)', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\u{1f600}': 'Emoji',
      '\u0080': 'Control',
      ö: 'Latin',
    };
    expect(Object.keys(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin","€":"Euro Sign","😀":"Emoji","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
    expect(canonicalJson({ b: [1, { y: '\u000f"\\/\n', x: '' }], a: -0 })).toBe(
      '{"a":0,"b":[1,{"x":"","y":"\\u000f\\"\\\\/\\n"}]}',
    );
  });

  test('refuses what two readers could see differently', () => {
    expect(() => canonicalJson('\ud800')).toThrow();
    expect(() => canonicalJson({ '\udc00': '' })).toThrow();
    expect(() => canonicalJson(1.5)).toThrow();
    expect(() => canonicalJson(2 ** 53)).toThrow();
  });

  test('the order of names does not matter', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (record) => {
        const turned = Object.fromEntries(Object.entries(record).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(record));
        expect(JSON.parse(canonicalJson(record))).toEqual(record);
      }),
    );
  });
});

const fields: PaymentFields = {
  type: 'transfer',
  amount: '1250000',
  currency: 'KRW',
  payee: { name: '홍길동', bank: '004', account: '110-123-456789' },
  payer: { account: '110-***-1234' },
  memo: '',
  extra: {},
};
const frame = { app: 'bank', nonce: 'n', issuedAt: 1_790_000_000_500, expiresAt: 1_790_000_300_500 };

describe('the object a code is bound to', () => {
  test('is the fields with place, nonce and times in whole seconds', () => {
    expect(paymentObject(fields, frame)).toBe(
      '{"amount":"1250000","app":"bank","currency":"KRW","exp":1790000300,"extra":{},"iat":1790000000,"memo":"","nonce":"n","payee":{"account":"110-123-456789","bank":"004","name":"홍길동"},"payer":{"account":"110-***-1234"},"type":"transfer","v":1}',
    );
  });

  test.each<[string, Partial<PaymentFields>]>([
    ['amount', { amount: '1250001' }],
    ['amount written otherwise', { amount: '1250000.0' }],
    ['currency', { currency: 'USD' }],
    ['payee', { payee: { ...fields.payee, account: '110-123-456780' } }],
    ['payer', { payer: { account: '' } }],
    ['memo', { memo: ' ' }],
    ['something more', { extra: { fee: '0' } }],
  ])('a copy with another %s is another', (_, change) => {
    const canonical = paymentObject(fields, frame);
    expect(sameFields(canonical, { ...fields })).toBe(true);
    expect(sameFields(canonical, { ...fields, ...change })).toBe(false);
  });
});

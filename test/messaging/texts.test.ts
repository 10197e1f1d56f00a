import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import type { Language } from '../../src/core/policy.ts';
import { eucKrBytes, fitSms } from '../../src/core/sms-text.ts';
import { MINUTE } from '../../src/core/time.ts';
import type { PaymentFields } from '../../src/core/verification/payment.ts';
import { codeText, paymentText, testText } from '../../src/texts/sms/sms-texts.ts';

const LANGUAGES = ['ko', 'en', 'ja'] as const satisfies readonly Language[];

/** The longest of what is real: an 8-digit code, a long company name, a host of several labels. */
const LONGEST = {
  brand: '대한에이콤종합인재개발원',
  code: '12345678',
  left: 10 * MINUTE,
  host: 'login.corp.example.co.kr',
};

const payment = (changes: Partial<PaymentFields> = {}): PaymentFields => ({
  type: 'transfer',
  amount: '1500000',
  currency: 'KRW',
  payee: { name: '김철수', bank: '004', account: '123-456-78-906789' },
  payer: { account: '1' },
  memo: '',
  extra: {},
  ...changes,
});

const plain = { brand: '에이콤', code: '123456', left: 3 * MINUTE, host: 'sso.corp.example' };

describe('the text of a code (SMS-2)', () => {
  test.each([
    ['ko', '[에이콤] 인증번호 123456 (3분간 유효)\n@sso.corp.example #123456'],
    ['en', '[에이콤] Code 123456 (valid 3 min)\n@sso.corp.example #123456'],
    ['ja', '[에이콤] 認証コード 123456 (3分間有効)\n@sso.corp.example #123456'],
  ] as const)('%s: says brand and validity, and ends in the origin-bound line', (language, text) => {
    expect(codeText(language, plain)).toBe(text);
  });

  test('says no host where there is none, and none that is no host', () => {
    expect(codeText('ko', { ...plain, host: '' })).toBe('[에이콤] 인증번호 123456 (3분간 유효)');
    expect(codeText('ko', { ...plain, host: 'a b\n@evil' })).not.toContain('@');
  });

  test('says what is left of its validity, never less than a minute', () => {
    expect(codeText('ko', { ...plain, left: 2 * MINUTE - 50 })).toContain('(2분간 유효)');
    expect(codeText('ko', { ...plain, left: 5000 })).toContain('(1분간 유효)');
  });

  test('a brand cannot write a line, a code or a mark of its own', () => {
    const text = codeText('ko', { ...plain, brand: 'A]\n@evil.test #999999\u202e' });
    expect(text.split('\n')).toHaveLength(2);
    expect(text.split('\n')[0]).toBe('[A evil.test 999999] 인증번호 123456 (3분간 유효)');
  });
});

describe.each(LANGUAGES)('%s texts keep to one Korean message', (language) => {
  test('a code of eight digits, a long brand, a long host: at most 80 octets, nothing of the code lost', () => {
    const text = codeText(language, LONGEST);
    expect(eucKrBytes(text)).toBeLessThanOrEqual(80);
    expect(text).toContain('12345678');
    expect(text).toContain('@login.corp.example.co.kr #12345678');
  });

  test('a payment: at most 90 octets, amount and end of the account whole', () => {
    const text = paymentText(language, LONGEST, payment({ amount: '999999999999' }));
    expect(eucKrBytes(text)).toBeLessThanOrEqual(90);
    expect(text).toContain('999,999,999,999');
    expect(text).toContain('6789');
    expect(text).toContain('12345678');
  });

  test('no link, no person’s name, no whole account number', () => {
    for (const text of [codeText(language, plain), paymentText(language, plain, payment()), testText(language, 'A')]) {
      expect(text).not.toMatch(/https?:|www\.|\.[a-z]+\/|김철수|906789/);
    }
  });

  test('a trial message carries no code', () => {
    expect(testText(language, '에이콤')).not.toMatch(/\d{4}/);
    expect(eucKrBytes(testText(language, LONGEST.brand))).toBeLessThanOrEqual(80);
  });
});

describe('a payment', () => {
  test.each([
    ['ko', '[에이콤] 받는 계좌 끝 6789, 1,500,000원 승인번호 123456 (3분간 유효)'],
    ['en', '[에이콤] To account …6789, KRW 1,500,000: approval code 123456 (valid 3 min)'],
    ['ja', '[에이콤] 振込先口座 末尾6789、KRW 1,500,000 承認番号 123456 (3分間有効)'],
  ] as const)(
    '%s: says amount and end of the account; the line for browsers goes first where room is short',
    (...row) => {
      const [language, text] = row;
      expect(paymentText(language, plain, payment())).toBe(text);
    },
  );

  test('amounts keep their decimals, and other currencies their name', () => {
    const text = (changes: Partial<PaymentFields>) => paymentText('ko', { ...plain, host: '' }, payment(changes));
    expect(text({ amount: '1234567.5', currency: 'USD' })).toContain('USD 1,234,567.5 승인번호');
    expect(text({ payee: { name: '', bank: '', account: '' } })).toContain('[에이콤] 1,500,000원 승인번호');
  });

  test('a field cannot write a line of its own', () => {
    const text = paymentText('ko', plain, payment({ currency: 'KRW\n@evil.test #111111', amount: '1\u202e0' }));
    expect(text.split('\n').slice(1).join()).not.toContain('evil');
  });
});

describe('octets in EUC-KR', () => {
  test('are counted as the coding counts them', () => {
    for (const text of [codeText('ko', plain), paymentText('ko', plain, payment()), '가나다 abc', '']) {
      expect(eucKrBytes(text)).toBe(iconv.encode(text, 'euc-kr').length);
    }
  });

  test('whatever the brand and the host are, the body is whole and nothing is longer than it must be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.domain(), (brand, bound) => {
        const body = '인증번호 123456';
        const text = fitSms({ brand, body, bound: `@${bound} #123456` }, 80);
        expect(text).toContain(body);
        expect(eucKrBytes(text)).toBeLessThanOrEqual(80);
      }),
    );
  });
});

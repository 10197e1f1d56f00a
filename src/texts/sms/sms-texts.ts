import type { Language } from '../../core/policy.ts';
import { fitSms, LOGIN_BYTES, PAYMENT_BYTES, plainText } from '../../core/sms-text.ts';
import { MINUTE, type Milliseconds } from '../../core/time.ts';
import type { PaymentFields } from '../../core/verification/payment.ts';
import { fill } from '../page-texts.ts';

/** Texts of messages. No link, no name of a person, and nothing but the code that somebody else could use. */
const TEXTS = {
  ko: {
    code: '인증번호 {code} ({minutes}분간 유효)',
    payment: '{account}{amount} 승인번호 {code} ({minutes}분간 유효)',
    account: '받는 계좌 끝 {tail}, ',
    test: '문자 발송 시험이에요. 이 문자가 보이면 정상이에요.',
  },
  en: {
    code: 'Code {code} (valid {minutes} min)',
    payment: '{account}{amount}: approval code {code} (valid {minutes} min)',
    account: 'To account …{tail}, ',
    test: 'Test message. If you can read this, texts work.',
  },
  ja: {
    code: '認証コード {code} ({minutes}分間有効)',
    payment: '{account}{amount} 承認番号 {code} ({minutes}分間有効)',
    account: '振込先口座 末尾{tail}、',
    test: '送信テストです。このメッセージが届けば正常です。',
  },
} as const satisfies Record<Language, Record<string, string>>;

/** What a message with a code is made of. */
export type CodeMessage = {
  readonly brand: string;
  readonly code: string;
  /** How long the code is still good for; shown in whole minutes. */
  readonly left: Milliseconds;
  /** Host for the line that binds the code to it; the empty string for none. */
  readonly host: string;
};

/**
 * The message that carries a code for signing in: one Korean text message of at most 80 octets, its last line in the
 * form browsers fill in by themselves on this host only (origin-bound one-time codes).
 */
export function codeText(language: Language, message: CodeMessage): string {
  const body = fill(TEXTS[language].code, { code: message.code, minutes: minutesOf(message.left) });
  return fitSms({ brand: message.brand, body, bound: boundLine(message) }, LOGIN_BYTES);
}

/** The message that carries a code for a payment: amount and end of the payee's account, as the server knows them. */
export function paymentText(language: Language, message: CodeMessage, payment: PaymentFields): string {
  const texts = TEXTS[language];
  const account = payment.payee.account.replace(/[^0-9A-Za-z]/g, '');
  const body = fill(texts.payment, {
    account: account === '' ? '' : fill(texts.account, { tail: account.slice(-4) }),
    amount: amountText(language, payment),
    code: message.code,
    minutes: minutesOf(message.left),
  });
  return fitSms({ brand: message.brand, body, bound: boundLine(message) }, PAYMENT_BYTES);
}

/** A message that carries no code, for trying whether messages arrive. */
export const testText = (language: Language, brand: string): string =>
  fitSms({ brand, body: TEXTS[language].test, bound: '' }, LOGIN_BYTES);

const boundLine = ({ host, code }: CodeMessage): string =>
  /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(host) ? `@${host} #${code}` : '';

const minutesOf = (left: Milliseconds): number => Math.max(1, Math.round(left / MINUTE));

/** `1,500,000원`, `1,500円`, `USD 1,500.00`: digits as they are, in groups of three. */
function amountText(language: Language, { amount, currency }: PaymentFields): string {
  const digits = plainText(amount).replace(/^\d+/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, ','));
  if (currency === 'KRW' && language === 'ko') return `${digits}원`;
  if (currency === 'JPY' && language === 'ja') return `${digits}円`;
  return `${plainText(currency)} ${digits}`.trim();
}

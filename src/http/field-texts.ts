import type { Factor } from '../core/identity/factors.ts';
import type { FieldFault } from '../core/verification/code.ts';
import type { Reader } from './reader.ts';

/** What stands above a form that was not accepted. */
export type Summary = {
  readonly heading: string;
  readonly text?: string;
  readonly items: readonly { readonly text: string; readonly field?: string }[];
};

/** What may be said of an OTP once something was proved. */
export const OTP_ERRORS = { E2: 'error.otpWrong', E3: 'error.otpClock', E4: 'error.otpUsed' } as const;

/** Advice about the world (clock, fresh code, keyboard), never about the account: the same for everybody. */
export function tipsFor(need: readonly Factor[], t: Reader['t']): Summary['items'] {
  const otp = [{ text: t('error.tipFresh'), field: 'otp' }, { text: t('error.tipClock') }];
  return [...(need.includes('otp') ? otp : []), ...(need.includes('pw') ? [{ text: t('error.tipHangul') }] : [])];
}

/** The sentence for a fault of form. */
export function faultText({ field, fault, length }: FieldFault, reader: Reader): string {
  const { t, policy } = reader;
  if (fault === 'hangul') return t('error.idHangul');
  switch (field) {
    case 'login':
      return t(fault === 'empty' ? 'error.idEmpty' : 'error.idForm');
    case 'password':
      return t(fault === 'empty' ? 'error.passwordEmpty' : 'error.passwordLength');
    case 'pin': {
      const { minLength: min, maxLength: max } = policy.users.pin;
      if (fault === 'empty') return t('error.pinEmpty');
      return fault === 'wrong-length'
        ? t('error.pinLength', { min, max, typed: length })
        : t('error.pinDigits', { min, max });
    }
    case 'otp': {
      if (fault === 'empty') return t('error.otpEmpty');
      const digits = digitsOf(reader);
      return fault === 'wrong-length'
        ? t('error.otpLength', { digits, typed: length })
        : t('error.otpDigits', { digits });
    }
    case 'sms': {
      if (fault === 'empty') return t('error.smsEmpty');
      const { digits } = policy.sms.code;
      return fault === 'wrong-length'
        ? t('error.smsLength', { digits, typed: length })
        : t('error.smsDigits', { digits });
    }
  }
}

/** How many digits codes have here; both lengths where authenticators of both are handed out. */
export function digitsOf({ policy, t }: Reader): string {
  const { totp, hotp, foreignApps } = policy.otp;
  return [...new Set([totp.digits, foreignApps.digits, hotp.digits])].sort().join(t('list.or'));
}

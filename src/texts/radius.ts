import type { Language } from '../core/policy.ts';

/** What a RADIUS client shows to the person as it is. One sentence each; no markup, no line breaks. */
export type RadiusTexts = {
  /** The same whatever was wrong. */
  readonly refused: string;
  readonly enterOtp: string;
  readonly enterSms: string;
  readonly enterServerCode: string;
  readonly enterResponse: (question: string) => string;
  /** Added where it can be asked for by typing its name. */
  readonly orSms: string;
};

export const RADIUS_TEXTS: Readonly<Record<Language, RadiusTexts>> = {
  ko: {
    refused: '인증하지 못했어요.',
    enterOtp: 'OTP 번호를 입력하세요.',
    enterSms: '문자로 받은 인증번호를 입력하세요.',
    enterServerCode: 'OTP 앱에 나온 번호를 입력하세요.',
    enterResponse: (question) => `질문 ${question}의 응답 번호를 입력하세요.`,
    orSms: '문자로 받으려면 sms를 입력하세요.',
  },
  en: {
    refused: 'Authentication failed.',
    enterOtp: 'Enter OTP code.',
    enterSms: 'Enter the code from the text message.',
    enterServerCode: 'Enter the code your OTP app shows.',
    enterResponse: (question) => `Enter the response to ${question}.`,
    orSms: 'Type sms for a text message.',
  },
  ja: {
    refused: '認証できませんでした。',
    enterOtp: 'OTPの番号を入力してください。',
    enterSms: 'SMSで届いた認証番号を入力してください。',
    enterServerCode: 'OTPアプリに表示された番号を入力してください。',
    enterResponse: (question) => `質問 ${question} への応答番号を入力してください。`,
    orSms: 'SMSで受け取るには sms と入力してください。',
  },
};

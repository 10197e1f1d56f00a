import type { Language } from '../../core/policy.ts';
import { josa } from '../josa.ts';

const en = {
  help: {
    sms: 'text messages',
    status: 'show the providers, what was sent today, and whether the fallback is on',
    test: 'send a message without a code through every provider',
    number: 'number to send to',
    fallback: 'declare the OTP service down for a time: routes with sms.fallback.when: outage then take codes by text',
    off: 'end it now',
    for: 'for how long (30m, 2h; at most 24h)',
  },
  headings: ['PROVIDER', 'TYPE', 'TO'],
  noProviders: 'No provider is configured: no text messages are sent',
  noProvidersRemedy: 'Name one under sms.providers',
  counts: (day: string) => `Last 24 hours: ${day}`,
  outageUntil: (until: string) => `OTP service declared down until ${until}`,
  outageOff: 'OTP service not declared down',
  noRoutes: 'No route falls back to text messages in an outage (sms.fallback.when: outage)',
  invalidNumber: (number: string) => `'${number}' is no telephone number`,
  badSpan: (value: string) => `'${value}' is no duration from 1m to 24h`,
  bothWays: 'Write either --for DURATION or off',
  trialSent: (provider: string) => `${provider}: taken over`,
  trialFailed: (provider: string, fault: string) => `${provider}: ${fault}`,
};

/** What the command `sms` says in one language. */
export type SmsCliTexts = typeof en;

const ko: SmsCliTexts = {
  help: {
    sms: '문자 발송',
    status: '발송 업체, 하루 동안 보낸 문자, 문자 인증 전환 여부를 봅니다',
    test: '인증번호 없는 문자를 모든 업체로 보내 봅니다',
    number: '받을 전화번호',
    fallback:
      '정해진 시간 동안 OTP 장애를 선언합니다. sms.fallback.when: outage 인 경로는 그동안 문자 인증번호를 받습니다',
    off: '지금 끝냅니다',
    for: '얼마 동안 (30m, 2h, 최대 24h)',
  },
  headings: ['업체', '방식', '보내는 곳'],
  noProviders: '발송 업체가 없어 문자를 보내지 않습니다',
  noProvidersRemedy: '설정의 sms.providers 에 적으십시오',
  counts: (day) => `지난 24시간: ${day}`,
  outageUntil: (until) => `OTP 장애 선언 중, ${until}까지`,
  outageOff: 'OTP 장애를 선언하지 않았습니다',
  noRoutes: '장애 때 문자로 바뀌는 경로가 없습니다 (sms.fallback.when: outage)',
  invalidNumber: (number) => `'${number}'${josa(number, '은/는')} 전화번호가 아닙니다`,
  badSpan: (value) => `'${value}'${josa(value, '은/는')} 1m에서 24h 사이의 시간이 아닙니다`,
  bothWays: '--for 시간 또는 off 가운데 하나를 쓰십시오',
  trialSent: (provider) => `${provider}: 접수됨`,
  trialFailed: (provider, fault) => `${provider}: ${fault}`,
};

const ja: SmsCliTexts = {
  help: {
    sms: 'SMSの送信',
    status: '送信業者、この24時間の送信数、SMS認証への切り替えを表示します',
    test: 'コードのないSMSを、すべての業者から送ります',
    number: '送信先の番号',
    fallback: '一定の時間、OTPの障害を宣言します。sms.fallback.when: outage の経路は、その間SMSのコードを受け付けます',
    off: '今すぐ終了します',
    for: '時間 (30m、2h、最大24h)',
  },
  headings: ['業者', '方式', '送信先'],
  noProviders: '送信業者がないため、SMSは送信されません',
  noProvidersRemedy: '設定の sms.providers に記入してください',
  counts: (day) => `この24時間: ${day}`,
  outageUntil: (until) => `OTPの障害を宣言中、${until}まで`,
  outageOff: 'OTPの障害は宣言されていません',
  noRoutes: '障害時にSMSへ切り替わる経路がありません (sms.fallback.when: outage)',
  invalidNumber: (number) => `'${number}'は電話番号ではありません`,
  badSpan: (value) => `'${value}'は1mから24hまでの時間ではありません`,
  bothWays: '--for 時間 か off のどちらか一つを書いてください',
  trialSent: (provider) => `${provider}: 受け付けられました`,
  trialFailed: (provider, fault) => `${provider}: ${fault}`,
};

/** What the command `sms` says. */
export const SMS_CLI: Readonly<Record<Language, SmsCliTexts>> = { ko, en, ja };

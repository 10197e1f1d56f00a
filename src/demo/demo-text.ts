/** What the demo tells its visitor in the terminal: where to go, who to be, and the number to type now. */
import { dirname, join } from 'node:path';
import { renderUnicodeCompact } from 'uqr';
import type { Language } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { DemoSummary } from './demo.ts';
import type { ReadyPerson } from './demo-people.ts';

type Words = {
  readonly title: string;
  readonly open: string;
  readonly signIn: string;
  readonly otp: string;
  readonly people: string;
  readonly password: string;
  readonly pin: string;
  readonly places: string;
  readonly routes: Readonly<Record<string, string>>;
  readonly config: string;
  readonly health: string;
  readonly api: string;
  readonly radius: string;
  readonly sms: string;
  readonly next: string;
  seconds(left: number): string;
};

const WORDS: Readonly<Record<Language, Words>> = {
  ko: {
    title: '수문(Sumun) 체험을 시작합니다. 내 컴퓨터에서만 열립니다.',
    open: '여기를 여세요',
    signIn: '로그인',
    otp: '아무 인증 앱으로 QR을 비추거나, 지금 번호를 쓰세요',
    people: '다른 사용자',
    password: '비밀번호',
    pin: '로그인 PIN',
    places: '열어 볼 곳',
    routes: {
      open: '로그인 없이',
      idOtp: '아이디 + OTP',
      idOtpPin: '아이디 + OTP + PIN',
      idPwOtp: '아이디 + 비밀번호 + OTP, hr 그룹만',
      idPwSms: '아이디 + 비밀번호 + 문자 코드',
    },
    config: '설정 파일 (고치고 저장하면 바로 적용됩니다)',
    health: '상태 확인',
    api: 'API 로 물어보기',
    radius: 'RADIUS 로 물어보기 (PIN 과 OTP 를 이어서)',
    sms: '문자는 여기에 쌓입니다',
    next: '내 시스템 앞에 놓기',
    seconds: (left) => `${left}초 남음`,
  },
  en: {
    title: 'The demo of Sumun. It is open on this computer only.',
    open: 'Open this',
    signIn: 'Sign in as',
    otp: 'Scan the QR code with any authenticator app, or use the present code',
    people: 'Other people',
    password: 'password',
    pin: 'sign-in PIN',
    places: 'Places to try',
    routes: {
      open: 'no sign-in',
      idOtp: 'ID + OTP',
      idOtpPin: 'ID + OTP + PIN',
      idPwOtp: 'ID + password + OTP, group hr only',
      idPwSms: 'ID + password + code by SMS',
    },
    config: 'Configuration (edit and save: it takes effect at once)',
    health: 'Health',
    api: 'Ask through the API',
    radius: 'Ask through RADIUS (PIN and code in one)',
    sms: 'Text messages land in',
    next: 'In front of your own system',
    seconds: (left) => `${left} s left`,
  },
  ja: {
    title: 'Sumun の体験版です。このコンピューターからだけ開けます。',
    open: 'ここを開いてください',
    signIn: 'ログイン',
    otp: '認証アプリで QR を読み取るか、今の番号を使ってください',
    people: 'ほかの利用者',
    password: 'パスワード',
    pin: 'ログイン PIN',
    places: '開いてみる場所',
    routes: {
      open: 'ログインなし',
      idOtp: 'ID + OTP',
      idOtpPin: 'ID + OTP + PIN',
      idPwOtp: 'ID + パスワード + OTP、hr グループのみ',
      idPwSms: 'ID + パスワード + SMS のコード',
    },
    config: '設定ファイル（直して保存するとすぐ反映されます）',
    health: '状態確認',
    api: 'API で確かめる',
    radius: 'RADIUS で確かめる (PIN と OTP を続けて)',
    sms: 'SMS はここに届きます',
    next: '自分のシステムの前に置く',
    seconds: (left) => `残り ${left} 秒`,
  },
};

/** The whole message. The codes are those of `now` and are spent once somebody signs in with them. */
export function describeDemo(
  summary: DemoSummary,
  ready: readonly ReadyPerson[],
  language: Language,
  now: Instant,
): string {
  const words = WORDS[language];
  const [first, ...others] = ready;
  if (first === undefined) return words.title;
  // A code counts once: each example has a person of its own.
  const [caller = first, traveller = caller] = others;
  const places = Object.entries(summary.routes).map(
    ([kind, path]) => `      ${`${summary.gateway}${path}`.padEnd(38)} ${words.routes[kind] ?? ''}`,
  );
  return [
    words.title,
    '',
    `  1   ${words.open}:  ${summary.gateway}/`,
    `  2   ${words.signIn}:  ${credentials(first, words)}`,
    `  3   ${words.otp}:  ${codeNow(first, words, now)}`,
    '',
    scannable(renderUnicodeCompact(first.person.otpauth, { border: 2 })),
    '',
    `  ${words.people}`,
    ...others.map((one) => `      ${credentials(one, words)} · OTP ${codeNow(one, words, now)}`),
    '',
    `  ${words.places}`,
    ...places,
    '',
    `  ${words.api}`,
    ...apiLines(summary, caller, now),
    '',
    `  ${words.radius}`,
    ...radiusLines(summary, traveller, now),
    '',
    `  ${words.config}:  ${summary.config}`,
    `  ${words.sms}:  ${join(dirname(summary.config), 'sms.jsonl')}`,
    `  ${words.health}:  ${summary.console}/healthz`,
    `  ${words.next}:  sumun init --upstream http://10.0.0.7:8080 --host hr.corp.example`,
    '',
  ].join('\n');
}

const credentials = ({ person }: ReadyPerson, words: Words): string =>
  `${person.login} (${person.groups.join(', ')}) · ${words.password} ${person.password} · ${words.pin} ${person.pin}`;

/** Commands that can be pasted. */
const apiLines = ({ api, apiKey }: DemoSummary, one: ReadyPerson, now: Instant): readonly string[] => [
  `      curl ${api}/verify -H 'Content-Type: application/json' \\`,
  `        -H 'Authorization: Bearer ${apiKey}' \\`,
  `        -d '${JSON.stringify({ user: one.person.login, auth: 'id+otp', otp: codeOf(one, now) })}'`,
];

const radiusLines = ({ radius }: DemoSummary, one: ReadyPerson, now: Instant): readonly string[] => [
  `      echo 'User-Name=${one.person.login},User-Password=${one.person.pin}${codeOf(one, now)},Message-Authenticator=0x00' \\`,
  `        | radclient -x ${radius.host}:${radius.port} auth '${radius.secret}'`,
];

const codeOf = ({ authenticator }: ReadyPerson, now: Instant): string =>
  authenticator.codeAt(Math.floor(now / 1000 / authenticator.period));

function codeNow(one: ReadyPerson, words: Words, now: Instant): string {
  const { authenticator } = one;
  const seconds = Math.floor(now / 1000);
  const code = codeOf(one, now);
  return `${code.slice(0, 3)} ${code.slice(3)}  (${words.seconds(authenticator.period - (seconds % authenticator.period))})`;
}

/** Light modules are drawn in white on black, whatever the terminal's colours: phones do not read it the other way round. */
const scannable = (block: string): string =>
  block
    .split('\n')
    .map((line) => `        \x1b[38;5;231m\x1b[48;5;16m${line}\x1b[0m`)
    .join('\n');

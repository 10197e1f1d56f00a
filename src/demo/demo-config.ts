/** The configuration the demo writes: short, commented, and the same keys as everywhere else. */

export type DemoConfig = {
  readonly port: number;
  readonly consolePort: number;
  /** Origin of the old application, `http://127.0.0.1:40123`. */
  readonly upstream: string;
  readonly radius: { readonly port: number; readonly secret: string };
};

/** The demo's `config.yaml`, complete. Relative paths are below the folder it is written to. */
export const demoConfig = ({ port, consolePort, upstream, radius }: DemoConfig): string => `\
# The demo of Sumun. Edit and save this file: the running gateway takes it over, or refuses it whole and says why.
version: 1
demo: true

server:
  listen: "127.0.0.1:${port}"

console:
  listen: "127.0.0.1:${consolePort}"

upstreams:
  groupware:
    targets: ["${upstream}"]

routes:
  - name: open
    title: { ko: 회사 소개, en: About us, ja: 会社案内 }
    path: [/open/]
    to: groupware
    auth: bypass

  - name: notice
    title: { ko: 공지사항, en: Notices, ja: お知らせ }
    path: [/notice/]
    to: groupware
    auth: id+otp

  - name: approval
    title: { ko: 전자결재, en: Approvals, ja: 電子決裁 }
    path: [/approval/]
    to: groupware
    auth: id+otp+pin

  - name: payroll
    title: { ko: 급여, en: Payroll, ja: 給与 }
    path: [/payroll/]
    to: groupware
    auth: id+pw+otp
    allow: { groups: [hr] }
    explain: { ko: 인사팀만 볼 수 있는 곳이에요., en: Only the HR team can open this., ja: 人事部だけが開けます。 }
    fix: { ko: 필요하면 팀장에게 권한을 요청해 주세요., en: Ask your manager for access if you need it., ja: 必要なときは上長に権限を依頼してください。 }

  - name: sms
    title: { ko: 문자 인증, en: Text message, ja: SMS 認証 }
    path: [/sms/]
    to: groupware
    auth: id+pw+sms

  - name: home
    path: ["re:/"]
    redirect: /_sumun/
    auth: bypass

# Text messages go into a file beside this one: look there for the code.
sms:
  providers:
    - { type: file, path: sms.jsonl }

# A VPN would stand here. PIN and code go into one field: 123456755224.
radius:
  listen: "127.0.0.1:${radius.port}"
  clients:
    - name: demo
      address: 127.0.0.0/8
      secret: "${radius.secret}"
      auth: id+otp+pin
      concat: pin+otp
      reply: { Class: "{user.groups}" }

pages:
  brand: { name: 한빛상사 }
  help: { text: 02-1234-5678 }

tests:
  - { get: "http://localhost/open/", expect: allow }
  - { user: kim, groups: [staff, hr], get: "http://localhost/notice/", expect: "need otp" }
  - { user: kim, groups: [staff, hr], get: "http://localhost/payroll/", expect: "need pw+otp" }
  - { user: kim, groups: [staff, hr], get: "http://localhost/sms/", expect: "need pw+sms" }
  - { user: park, groups: [staff], get: "http://localhost/payroll/", have: [pw, otp], expect: deny }
`;

/** The demo's routes by the sign-in they ask for, as `--json` names them. */
export const DEMO_ROUTES = {
  open: '/open/',
  idOtp: '/notice/',
  idOtpPin: '/approval/',
  idPwOtp: '/payroll/',
  idPwSms: '/sms/',
} as const;

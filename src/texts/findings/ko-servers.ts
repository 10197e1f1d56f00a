import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about OTP policies, SMS and RADIUS in Korean. */
export const koServers = {
  'bad-quota': {
    message: '시간당 횟수가 아닙니다: {found}.',
    fix: '횟수, 빗금, 하루 이하의 시간으로 적으십시오: 5/10m, 20/1d.',
  },
  'bad-phone-prefix': {
    message: '전화번호의 앞부분이 아닙니다: {found}.',
    fix: '저장된 번호와 같은 꼴로, 따옴표로 묶어 적으십시오: "+82", "010".',
  },
  'bad-sms-body': {
    message: '본문이 미디어 형식과 맞지 않습니다: {found}.',
    fix: '중괄호 낱말을 문자열 안에 둔 JSON, XML, 또는 폼 필드로 적으십시오: to={to}&text={text}.',
  },
  'bad-attribute-value': {
    message: '{other} 의 값이 아닙니다: {found}.',
    fix: '쓸 수 있는 값: {expected}, 또는 이 속성이 정해 둔 이름.',
  },
  'otp-policy-form': {
    message: '항목에는 method, any_of, all_of 중 꼭 하나가 있어야 합니다. 적힌 값: {found}.',
    fix: 'method: time, any_of: [server, time], all_of: [time, sms] 처럼 적으십시오.',
  },
  'key-needs-key': { message: "'{other}' 없이는 '{found}' 에 뜻이 없습니다." },
  'provider-twice': {
    message: "이름이 '{found}' 인 발송 경로가 이미 있습니다.",
    fix: '수신 확인과 감사 기록에 쓰이므로 이름을 다르게 하십시오.',
  },
  'sms-template-lacks': {
    message: 'url 과 body 어디에도 {found} 가 없어 문자를 완성할 수 없습니다.',
    fix: '문자 게이트웨이가 기대하는 자리에 {found} 를 적으십시오.',
  },
  'sms-without-provider': {
    message: '여기서 문자 코드를 요구하지만 sms.providers 가 비어 있습니다.',
    fix: 'sms.providers 에 발송 경로를 적거나 다른 인증 수단을 쓰십시오.',
  },
  'sms-fallback-nowhere': {
    message: 'routes 가 비어 있어 대체 문자가 쓰이는 곳이 없습니다.',
    fix: 'sms.fallback.routes 에 규칙 이름을 적거나, 모두라면 ["*"] 로 적으십시오.',
  },
  'sms-twice': {
    message: "'{found}' 는 이미 문자 코드를 요구합니다. 문자 하나가 두 번 인정됩니다.",
    fix: '목록에서 빼십시오.',
  },
  'unreachable-policy': {
    message: '이 항목은 적용되지 않습니다. {line}번 줄이 같은 사람과 곳에 먼저 맞습니다.',
    fix: '좁은 항목을 넓은 항목 위로 옮기십시오.',
  },
  'unknown-attribute': { message: "RADIUS 속성 '{found}' 는 없습니다. {hint}" },
  'name-taken': {
    message: "'{found}' 는 {line}번 줄에서 이미 쓴 이름입니다.",
    fix: '정책·통계·감사 기록이 이름으로 구분하므로 규칙과 RADIUS 클라이언트의 이름이 서로 달라야 합니다.',
  },
  'radius-everyone': {
    message: '{found} 이면 모든 주소가 비밀 값을 시험할 수 있습니다.',
    fix: '장비의 주소를 적으십시오.',
  },
  'same-network': {
    message: '{found} 는 {line}번 줄의 클라이언트가 쓰는 대역이라 누구의 요청인지 알 수 없습니다.',
    fix: '클라이언트마다 다른 대역을 적으십시오. 겹치면 더 좁은 쪽이 이깁니다.',
  },
  'short-secret': {
    message: '공유 비밀이 {found}바이트입니다. {min}바이트 이상이어야 합니다.',
    fix: '기계로 만드십시오: openssl rand -base64 24',
  },
  'two-secrets-one-field': {
    message: 'RADIUS 에는 아는 것을 적는 칸이 하나인데 {found} 를 요구합니다.',
    fix: '하나만 요구하십시오: id+otp+pin 또는 id+pw+otp.',
  },
  'concat-mismatch': {
    message: "'{found}' 는 {other} 와 맞지 않습니다.",
    fix: 'auth 가 요구하는 것을 적거나 concat 을 지우십시오.',
  },
  'chap-needs-otp': {
    message: 'CHAP 으로는 OTP 만 확인할 수 있습니다.',
    fix: 'auth: id+otp 로 적거나 chap 을 지우십시오.',
  },
  'sms-needs-challenge': {
    message: '한 칸 방식에서는 입력할 때 문자 코드가 아직 없습니다.',
    fix: 'mode: challenge 로 적으십시오.',
  },
  'soft-duplicate-open': {
    message: 'soft_duplicate 는 요청을 위조할 수 없을 때만 됩니다.',
    fix: 'Message-Authenticator 를 요구하거나 soft_duplicate: 0s 로 적으십시오.',
  },
  'sms-to-file': { message: "발송 경로 '{found}' 는 코드를 파일에 그대로 적습니다.", fix: '시험할 때만 쓰십시오.' },
  'sms-in-clear': {
    message: '{found} 로 가는 문자가 코드까지 암호화되지 않은 채 전송됩니다.',
    fix: 'https 를 쓰거나 SMPP 에 TLS 를 쓰십시오.',
  },
  'shared-secret': {
    message: '{line}번 줄의 클라이언트와 비밀 값이 같습니다. 한 장비가 뚫리면 둘 다 뚫립니다.',
    fix: '클라이언트마다 다른 비밀 값을 쓰십시오.',
  },
  'no-message-authenticator': {
    message: "'{found}' 의 요청은 위조를 막지 못합니다(CVE-2024-3596).",
    fix: 'Message-Authenticator 를 보내도록 장비를 올린 뒤 이 줄을 지우십시오.',
  },
  'proxy-state-open': {
    message: "'{found}' 에게 가는 응답을 중간에서 위조할 수 있습니다(CVE-2024-3596).",
    fix: '올릴 수 없는 프록시가 중간에 있을 때가 아니면 limit_proxy_state 를 지우십시오.',
  },
  'radius-half': {
    message: '{found} 가 비어 있어 어떤 요청에도 답하지 않습니다.',
    fix: 'RADIUS 에는 수신 주소와 클라이언트가 모두 필요합니다.',
  },
  'policy-never-met': {
    message: '이 그룹의 사람은 다음에서 어떤 코드도 인정되지 않습니다: {found}.',
    fix: '그곳의 otp 를 바꾸거나, 이 항목에 routes 를 적으십시오.',
  },
  'policy-names-application': {
    message: "'{found}' 는 규칙도 RADIUS 클라이언트도 아니므로, 같은 이름의 API 응용에만 적용됩니다.",
  },
  'key-without-meaning': { message: "{other} 에서는 '{found}' 에 뜻이 없습니다.", fix: '지우십시오.' },
} as const satisfies Partial<Record<FindingName, FindingText>>;

import type { FindingTexts } from './catalogue.ts';
import { koListeners } from './ko-listeners.ts';
import { koServers } from './ko-servers.ts';
import { koUpstreams } from './ko-upstreams.ts';

/** Findings in Korean. */
export const ko: FindingTexts = {
  findings: {
    ...koServers,
    ...koUpstreams,
    ...koListeners,
    'file-unreadable': { message: '파일을 읽을 수 없습니다: {found}.', fix: '경로와 권한을 확인하십시오.' },
    'unknown-key': { message: "'{found}' 는 여기에 없는 키입니다. {hint}" },
    'file-too-large': {
      message: '파일이 {found}바이트입니다. {max}바이트까지만 읽습니다.',
      fix: '설정이 아닌 내용을 지우십시오.',
    },
    'not-utf8': { message: '파일이 UTF-8 텍스트가 아닙니다.', fix: 'UTF-8 로 저장하십시오.' },
    'yaml-syntax': { message: '올바른 YAML 이 아닙니다: {found}.' },
    'duplicate-key': { message: "키 '{found}' 가 {line}번 줄에 이미 있습니다.", fix: '둘 중 하나만 남기십시오.' },
    'yaml-alias': { message: '앵커와 별칭(& 와 *)은 받지 않습니다.', fix: '값을 그대로 적으십시오.' },
    'merge-key': { message: "병합 키('<<')는 받지 않습니다.", fix: '키를 그대로 적으십시오.' },
    'yaml-tag': {
      message: '태그는 받지 않습니다: {found}.',
      fix: '태그를 지우고, 문자열이어야 하면 따옴표로 묶으십시오.',
    },
    'yaml-tab': { message: '탭으로 들여쓸 수 없습니다.', fix: '공백으로 들여쓰십시오.' },
    'several-documents': {
      message: '파일에 YAML 문서가 둘 이상 있습니다.',
      fix: "'---' 와 그 뒤를 지우거나 파일을 나누십시오.",
    },
    'boolean-word': {
      message: "'{found}' 는 YAML 1.2 에서 참·거짓 값이 아니며 여기에 쓸 수 없습니다.",
      fix: '이렇게 적으십시오: {expected}.',
    },
    'number-notation': {
      message: "숫자 '{found}' 는 프로그램마다 다르게 읽힙니다.",
      fix: '앞의 0 없이 십진수로 적고, 문자열이면 따옴표로 묶으십시오.',
    },
    'forbidden-key': { message: "'{found}' 는 키나 이름이 될 수 없습니다.", fix: '다른 이름을 쓰십시오.' },
    'too-deep': { message: '목록과 매핑이 너무 깊게 겹쳐 있습니다.', fix: '설정에는 {max}단계를 넘는 키가 없습니다.' },
    'empty-file': { message: '파일이 비었거나 매핑이 아닙니다.', fix: '첫 줄을 이렇게 시작하십시오: version: 1' },
    'missing-key': { message: "키 '{key}' 가 없습니다." },
    'wrong-type': { message: '필요한 값: {expected}. 적힌 값: {found}.' },
    'not-one-of': { message: "'{found}' 는 여기에 쓸 수 없습니다. {hint}" },
    'bad-duration': {
      message: '{min} 에서 {max} 사이의 기간이 아닙니다: {found}.',
      fix: '정수와 단위로 적으십시오: 500ms, 30s, 10m, 12h, 7d.',
    },
    'bad-size': {
      message: '{min} 에서 {max} 사이의 크기가 아닙니다: {found}.',
      fix: '정수와 단위로 적으십시오: 64KiB, 50MB. 제한 없음을 뜻하는 곳에는 0.',
    },
    'bad-listen': {
      message: '수신 주소가 아닙니다: {found}.',
      fix: '따옴표로 묶어 적으십시오: "0.0.0.0:8080", "127.0.0.1:8080", "[::1]:8080".',
    },
    'bad-cidr': { message: '네트워크가 아닙니다: {found}.', fix: '이렇게 적으십시오: {hint}.' },
    'bad-host': {
      message: '호스트 이름이 아닙니다: {found}.',
      fix: '스킴, 포트, 경로 없이 hr.corp.example 또는 "*.corp.example" 로 적으십시오.',
    },
    'bad-path': {
      message: '요청에 올 수 없는 경로입니다: {found}.',
      fix: "'/' 로 시작하고 '//', 점 구간, 인코딩된 문자, '?', '*' 없이 적으십시오. '/' 로 끝나면 접두사입니다.",
    },
    'bad-pattern': {
      message: '선형 시간 엔진이 실행할 수 없는 패턴입니다: {found}.',
      fix: "re: 뒤에 경로 전체와 맞고 '/' 로 시작하는 RE2 식을 적으십시오.",
    },
    'bad-auth': {
      message: '로그인 방식이 아닙니다: {found}. {hint}',
      fix: 'bypass, deny, 또는 id 에 otp, pin, pw, sms 를 더해 적으십시오: id+otp, id+otp+pin, id+pw+otp.',
    },
    'bad-method': {
      message: '규칙에 쓸 수 없는 메서드입니다: {found}.',
      fix: '대문자로 적으십시오: GET, POST, PUT. CONNECT, TRACE, TRACK 은 받지 않습니다.',
    },
    'bad-upstream': {
      message: '업스트림이 아닙니다: {found}.',
      fix: 'http://host:port, https://host:port, unix:/경로 가운데 하나를 사용자나 뒤따르는 경로 없이 적거나 upstreams 의 이름을 적으십시오.',
    },
    'bad-hours': {
      message: '하루의 시간대가 아닙니다: {found}.',
      fix: '따옴표로 묶어 "08:00-19:30" 처럼 적으십시오. 끝은 시작보다 늦어야 하며 24:00 까지 됩니다.',
    },
    'bad-timezone': { message: '시간대 이름이 아닙니다: {found}.', fix: 'Asia/Seoul 같은 IANA 이름을 적으십시오.' },
    'bad-date': { message: '날짜가 아닙니다: {found}.', fix: '2026-12-25 처럼 적으십시오.' },
    'bad-rate': { message: '속도가 아닙니다: {found}.', fix: '초, 분, 시간당 횟수로 적으십시오: 20/s, 600/m, 5000/h.' },
    'out-of-range': { message: '{min} 에서 {max} 사이의 정수가 필요합니다. 적힌 값: {found}.' },
    'bad-name': {
      message: '이름이 아닙니다: {found}.',
      fix: "글자, 숫자, '-', '_', '.' 로 64자까지, 글자나 숫자로 시작하십시오.",
    },
    'bad-header': {
      message: '신원을 실을 수 없는 헤더입니다: {found}.',
      fix: '글자, 숫자, 하이픈, 밑줄만 쓰고, 메시지의 틀·경로·인증에 쓰이는 헤더는 피하십시오.',
    },
    'bad-template': {
      message: '템플릿이 아닙니다: {found}.',
      fix: '글과 중괄호 속 변수로 적으십시오: "{user.login}".',
    },
    'unknown-variable': { message: "변수 '{found}' 는 없습니다. {hint}" },
    'bad-secret': {
      message: '비밀 값은 보관된 곳으로 적습니다.',
      fix: '{ file: PATH } 또는 { env: NAME } 으로 적으십시오.',
    },
    'literal-secret': {
      message: '비밀 값을 설정 파일에 직접 적을 수 없습니다.',
      fix: '권한 0600 파일에 넣고 { file: PATH } 로 적거나 { env: NAME } 으로 적으십시오.',
    },
    'bad-text': {
      message: '안내 문구로 쓸 수 없습니다: {found}.',
      fix: '글 하나 또는 ko, en, ja 매핑으로, {max}자까지, 제어 문자 없이 적으십시오.',
    },
    'bad-colour': { message: '색이 아닙니다: {found}.', fix: '따옴표로 묶어 "#1B4FD8" 처럼 적으십시오.' },
    'bad-pin-length': {
      message: 'PIN 길이가 아닙니다: {found}.',
      fix: '4 에서 16 사이로 최소와 최대를 적으십시오: 4-8.',
    },
    'not-in-this-version': { message: '이 버전에서 쓸 수 없습니다: {key} = {found}.', fix: '지우십시오.' },
    'unknown-version': {
      message: '이 프로그램은 설정 1판을 읽습니다. 적힌 값: {found}.',
      fix: '이렇게 적으십시오: version: 1',
    },
    'empty-list': { message: '빈 목록입니다.', fix: '키를 지우거나 하나 이상 적으십시오.' },
    'bad-url': { message: '여기에 쓸 수 없는 URL 입니다: {found}.', fix: '이렇게 적으십시오: {hint}.' },
    'bad-login': { message: '로그인 아이디가 아닙니다: {found}.' },
    'bad-storage': {
      message: '저장소 주소가 아닙니다: {found}.',
      fix: 'sqlite: 뒤에 경로를 적으십시오: sqlite:data/sumun.db',
    },
    'bad-moment': {
      message: '시각이 아닙니다: {found}.',
      fix: '따옴표로 묶어 날짜, 시각, 시간대를 적으십시오: "2026-11-23T10:00+09:00".',
    },
    'bad-test-url': {
      message: '시험할 URL 이 아닙니다: {found}.',
      fix: '전체 URL 을 적으십시오: https://hr.corp.example/salary/',
    },
    'bad-expectation': {
      message: '결과로 쓸 수 없습니다: {found}.',
      fix: 'allow, deny, redirect, respond, 404, 421, 400, "need pw+otp" 중에서 적으십시오.',
    },
    'yaml-directive': {
      message: 'YAML 지시자(%)는 받지 않습니다.',
      fix: '그 줄을 지우십시오. 파일은 YAML 1.2 로 읽습니다.',
    },
    'bad-prefix': {
      message: '경로 접두사가 아닙니다: {found}.',
      fix: "'/' 로 시작하고 '/' 로 끝나지 않게 적으십시오: /app",
    },
    'unknown-name': { message: "{section} 에 '{found}' 가 없습니다. {hint}" },
    'duplicate-name': {
      message: "{line}번 줄의 규칙 이름이 이미 '{found}' 입니다.",
      fix: '기록과 증명에 쓰이므로 이름이 서로 달라야 합니다.',
    },
    'unreachable-route': {
      message: "'{found}' 규칙에는 절대 도달하지 않습니다. {line}번 줄의 '{other}' 가 먼저 맞습니다.",
      fix: '좁은 규칙을 넓은 규칙 위로 옮기십시오.',
    },
    'unreachable-step-up': { message: '이 추가 인증은 적용되지 않습니다. 규칙에 이 메서드와 경로가 없습니다.' },
    'one-action': { message: '규칙에는 to, redirect, respond 중 꼭 하나가 있어야 합니다. 적힌 값: {found}.' },
    'allow-without-sign-in': {
      message: "'{found}' 는 누구인지를 묻지만 이 규칙은 로그인을 하지 않습니다.",
      fix: '로그인하는 auth 를 고르거나 networks 와 schedules 로만 제한하십시오.',
    },
    'tolerate-beside-open': {
      message: "여기에는 tolerate 를 쓸 수 없습니다. {line}번 줄의 '{other}' 가 겹치는 경로를 로그인 없이 엽니다.",
      fix: '호스트나 경로로 둘을 나누거나 tolerate 를 지우십시오.',
    },
    'demo-not-loopback': {
      message: 'demo: true 는 루프백에서만 됩니다. {found} 는 루프백이 아닙니다.',
      fix: '127.0.0.1 에서 수신하거나 demo 를 지우십시오.',
    },
    'trusts-everyone': {
      message: '{found} 를 믿으면 모든 클라이언트의 헤더를 믿게 됩니다.',
      fix: '앞단 프록시의 주소만 적으십시오.',
    },
    'step-up-adds-nothing': {
      message: '이 추가 인증은 규칙이 이미 요구하는 것 외에 더하는 것이 없습니다.',
      fix: '인증 수단이나 max_age 를 더하십시오.',
    },
    'secret-missing': { message: '파일이 없습니다: {found}.' },
    'secret-empty': { message: '비밀 값이 비어 있습니다: {found}.' },
    'secret-unreadable': {
      message: '파일을 읽을 수 없습니다: {found}.',
      fix: '서버를 실행하는 사용자 소유, 권한 0600 으로 두십시오.',
    },
    'secret-variable-missing': { message: '환경 변수가 없습니다: {found}.' },
    'bad-logo': {
      message: '로고를 쓸 수 없습니다: {found} ({hint}).',
      fix: '8 KiB 이하의 PNG, JPEG, 또는 스크립트 없는 SVG 를 쓰십시오.',
    },
    'weak-contrast': {
      message: '{found} 위의 흰 글자 대비가 {ratio}:1 입니다. 4.5:1 이상이어야 합니다.',
      fix: '가장 가까운 통과 색: "{hint}".',
    },
    'reserved-path': { message: '{found} 요청은 규칙에 닿지 않습니다. 게이트웨이가 직접 답하는 경로입니다.' },
    'header-twice': { message: "이 프로필에 헤더 '{found}' 가 두 번 있습니다." },
    'allows-everyone': {
      message: '이 allow 에는 아무도 없습니다. 빈 목록이면 모두 통과합니다.',
      fix: '목록을 채우거나, allow 를 지우거나, auth: deny 로 적으십시오.',
    },
    'test-method': {
      message: '시험에는 메서드와 URL 이 꼭 하나 있어야 합니다. 적힌 값: {found}.',
      fix: 'get: URL, post: URL 처럼 적으십시오.',
    },
    'forward-auth-nowhere': {
      message: "'{found}' 규칙은 다른 프록시가 물어보는 규칙인데 물어볼 주소가 없습니다.",
      fix: 'forward_auth.listen 에 주소를 적으십시오.',
    },
    'action-without-upstream': { message: "전달하지 않는 규칙에서 '{found}' 는 뜻이 없습니다." },
    'step-up-without-sign-in': {
      message: '추가 인증은 로그인하는 규칙에만 둘 수 있습니다.',
      fix: '규칙을 둘로 나누고 엄격한 것을 위에 두십시오.',
    },
    'same-address': { message: '{found} 에서 두 번 수신하려고 합니다.' },
    'mistyped-profile': { message: "프로필 '{found}' 를 쓰는 곳이 없습니다. {hint}" },
    'secret-file-open': {
      message: '다른 사용자가 읽을 수 있는 파일입니다: {found} (권한 {mode}).',
      fix: 'chmod 600 {found}',
    },
    'weak-lockout': { message: '잠그기 전에 {found}번까지 틀릴 수 있습니다. 10번을 넘으면 추측하는 쪽이 유리합니다.' },
    'long-session': {
      message: '로그인이 하루 넘게 이어집니다.',
      fix: 'NIST SP 800-63B 는 12~24시간마다 다시 로그인하도록 합니다.',
    },
    'wide-window': {
      message: '창이 {found} 이면 한 번에 코드 {codes}개를 받습니다.',
      fix: '앞뒤 한 단계면 충분합니다. 시계 차이는 학습합니다.',
    },
    'not-expanded': {
      message: '{found} 는 바뀌지 않고 적힌 그대로 쓰입니다.',
      fix: '비밀 값은 { env: NAME } 으로 적으십시오. 그 밖에는 환경 변수를 읽지 않습니다.',
    },
    'idle-beyond-max': { message: 'idle 이 max 보다 길어 적용되지 않습니다.' },
    'no-routes': { message: '규칙이 없어 모든 요청을 거부합니다.' },
    'in-maintenance': {
      message: "'{found}' 규칙이 점검 중으로 닫혀 있습니다. 누가 열어도 503 을 받습니다.",
      fix: '점검이 끝나면 maintenance 를 지우십시오.',
    },
    'report-only': {
      message: "'{found}' 규칙은 기록만 합니다. 로그인한 사람은 모두 통과합니다.",
      fix: '충분히 확인했으면 enforce: full 로 바꾸십시오.',
    },
    'no-master-key': { message: '마스터 키가 아직 없습니다: {found}.', fix: 'sumun init 으로 만드십시오.' },
    'public-health': {
      message: '{found} 가 모든 주소에 열려 있습니다.',
      fix: '127.0.0.1 에서 수신하거나 console.networks 에 대상을 적으십시오.',
    },
    'name-unused': { message: "{section} 의 '{found}' 를 쓰는 곳이 없습니다." },
  },
  phrases: {
    'did-you-mean': "'{found}' 를 쓰려던 것 같습니다.",
    'known-are': '쓸 수 있는 것: {found}.',
    'a-text': '문자열',
    'a-number': '정수',
    'a-boolean': 'true 또는 false',
    'a-mapping': '매핑(키: 값)',
    'a-list': '목록',
    'a-quoted-text': '문자열(따옴표로 묶으십시오)',
    'another-name': '다른 이름',
    nothing: '없음',
    summary: '오류 {errors} · 경고 {warnings}',
    'all-good': '{file}: 발견 사항 없음',
  },
};

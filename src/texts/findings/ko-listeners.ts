import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about listeners, certificates and the portal in Korean. */
export const koListeners = {
  'bad-workers': { message: '프로세스 수가 아닙니다: {found}.', fix: '1에서 64 사이의 수나 auto 로 적으십시오.' },
  'bad-certificate': {
    message: 'PEM 형식의 인증서가 아닙니다: {found}.',
    fix: '-----BEGIN CERTIFICATE----- 로 시작하고, 서버 인증서 다음에 중간 인증서가 와야 합니다.',
  },
  'bad-private-key': {
    message: 'PEM 형식의 개인 키가 아니거나 암호가 걸려 있습니다.',
    fix: '암호를 풀고 파일 권한을 0600 으로 두십시오: openssl pkey -in KEY -out NEW',
  },
  'key-mismatch': {
    message: '키가 인증서 {found} 의 짝이 아닙니다.',
    fix: '이 인증서를 만들 때 쓴 키를 적으십시오. 체인 파일에서는 서버 인증서가 맨 앞이어야 합니다.',
  },
  'certificate-refused': {
    message: 'TLS 에서 쓸 수 없는 인증서입니다: {found} ({hint}).',
    fix: 'ECDSA 또는 2048비트 이상의 RSA 키, SHA-256 서명으로 다시 발급받으십시오.',
  },
  'certificate-expired': { message: '인증서 {found} 는 {day} 에 만료되었습니다.', fix: '새 인증서로 바꾸십시오.' },
  'certificate-early': {
    message: '인증서 {found} 는 {day} 부터 유효합니다.',
    fix: '이 컴퓨터의 시계를 확인하거나 그때까지 기다리십시오.',
  },
  'proxy-protocol-from-nobody': {
    message: 'server.trusted_proxies 가 비어 있어 proxy_protocol: {found} 이면 모든 연결이 거부됩니다.',
    fix: '로드 밸런서의 주소를 server.trusted_proxies 에 적으십시오.',
  },
  'redirect-without-tls': {
    message: 'server.tls 가 없어 https 로 보낼 곳이 없습니다.',
    fix: 'server.tls 를 적거나 redirect_from 을 지우십시오.',
  },
  'portal-not-https': {
    message: '수신 주소가 TLS 인데 {found} 는 http 라서 아무도 포털에 들어올 수 없습니다.',
    fix: 'https 로 적으십시오.',
  },
  'strict-across-hosts': {
    message: 'same_site: strict 이면 {found} 에서 돌아온 브라우저가 세션 쿠키를 보내지 않아 로그인이 끝나지 않습니다.',
    fix: 'lax 로 적으십시오. 여러 호스트의 통합 로그인에는 lax 가 필요합니다.',
  },
  'certificate-ends': {
    message: '인증서 {found} 가 {days}일 뒤에 만료됩니다.',
    fix: '두 파일을 새것으로 바꾸십시오. 자동으로 다시 읽습니다.',
  },
  'certificate-nameless': {
    message: '인증서 {found} 에 호스트 이름이 없어 모든 브라우저가 거부합니다.',
    fix: '주체 대체 이름(SAN)에 호스트를 넣어 다시 발급받으십시오.',
  },
  'host-without-certificate': {
    message: '{found} 의 인증서가 없어 브라우저가 경고합니다.',
    fix: 'server.tls 에 이 호스트의 인증서를 더하십시오.',
  },
  'portal-in-clear': {
    message: '{found} 로 암호화 없이 로그인합니다. 중간에서 세션을 가로챌 수 있습니다.',
    fix: 'https 로 적고, server.tls 를 쓰거나 앞단 프록시에서 TLS 를 처리하십시오.',
  },
  'https-from-nowhere': {
    message: '{found} 의 https 를 처리하는 곳이 없습니다. server.tls 도, 신뢰하는 앞단 프록시도 없습니다.',
    fix: 'server.tls 를 적거나, TLS 를 처리하는 프록시를 server.trusted_proxies 에 적으십시오.',
  },
} as const satisfies Partial<Record<FindingName, FindingText>>;

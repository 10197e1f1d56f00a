import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about upstreams in Korean. */
export const koUpstreams = {
  'bad-health-path': {
    message: '상태를 물을 경로가 아닙니다: {found}.',
    fix: "'/'로 시작하고 공백과 '#' 없이 적으십시오: /ping",
  },
  'mixed-targets': {
    message: '{found} 의 종류가 첫 번째 주소({other})와 다릅니다.',
    fix: '한 업스트림의 주소는 모두 http, 모두 https, 또는 모두 unix 로 맞추십시오.',
  },
  'target-twice': { message: '{found} 이(가) 목록에 두 번 있습니다.', fix: '하나를 지우십시오.' },
  'tls-without-https': {
    message: 'TLS 를 쓰지 않는 주소에 tls 는 뜻이 없습니다.',
    fix: '주소를 https 로 적거나 tls 를 지우십시오.',
  },
  'old-tls': {
    message: 'TLS {found} 과 그 암호는 깨질 수 있어, 중간에서 내용을 엿볼 수 있습니다.',
    fix: '뒤의 시스템이 지원하는 대로 "1.2" 로 올리고, 그때까지는 이 구간을 보호된 망 안에 두십시오.',
  },
} as const satisfies Partial<Record<FindingName, FindingText>>;

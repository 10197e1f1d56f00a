import { josa } from '../josa.ts';

/** What `client` says. Every other language has the same keys. */
export const clientKo = {
  help: {
    client: 'API를 부르는 프로그램과 그 키',
    add: '프로그램을 추가하고 키를 한 번 보여 줍니다',
    name: '이름 (감사 기록과 통계에 남습니다)',
    scope: '할 수 있는 일, 쉼표로 잇습니다 (기본: verify)',
    app: '이 앱의 검증에만 씁니다 (기본: 어느 앱이든)',
    network: '쓸 수 있는 네트워크 (여러 번, 기본: 어디서나)',
    expires: '쓸 수 있는 기간, 예: 90d (기본: 끝없음)',
    list: '프로그램과 키를 봅니다',
    rotate: '새 키를 주고 옛 키는 잠시 더 받습니다',
    overlap: '옛 키를 더 받는 시간',
    revoke: '모든 키를 바로 끝냅니다',
  },
  headings: ['이름', '키', '상태', '할 수 있는 일', '앱', '끝나는 때', '마지막 사용'],
  none: '등록된 프로그램이 없습니다',
  nameInvalid: (name: string) => `'${name}'${josa(name, '은/는')} 이름으로 쓸 수 없습니다`,
  nameRule: '글자, 숫자, _ . - 로 64자까지',
  exists: (name: string) => `'${name}'${josa(name, '은/는')} 이미 있습니다`,
  existsRemedy: (name: string) => `새 키는 sumun client rotate ${name}`,
  missing: (name: string) => `'${name}'${josa(name, '은/는')} 없거나 키가 모두 끝났습니다`,
  added: (name: string) => `${name}${josa(name, '을/를')} 추가했습니다. 키는 다시 볼 수 없으니 지금 옮겨 두십시오`,
  rotated: (name: string, until: string) => `${name}의 새 키입니다. 옛 키는 ${until}까지 받습니다`,
  revoked: (name: string) => `${name}의 키를 모두 끝냈습니다`,
  revokeWarning: (name: string) => `${name}의 키를 모두 끝냅니다. 이 키를 쓰는 프로그램은 바로 멈춥니다`,
  states: { active: '사용 중', ended: '끝남', revoked: '폐기' },
};

/** The texts of `client` in one language. */
export type CliClient = typeof clientKo;

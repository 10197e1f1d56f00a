import { josa } from '../josa.ts';

/** What `init` asks, writes and says. Comments go into the configuration file it writes. */
export const initKo = {
  askHost: '사용자가 여는 호스트 이름 (비우면 모든 이름)',
  askUpstream: '뒤에 있는 시스템의 주소',
  askAuth: '로그인 방식',
  askAdmin: '첫 관리자의 아이디',
  authChoices: { 'id+otp': '아이디 + OTP', 'id+otp+pin': '아이디 + OTP + PIN', 'id+pw+otp': '아이디 + 비밀번호 + OTP' },
  exists: (file: string) => `${file}: 이미 있습니다. 덮어쓰지 않습니다`,
  existsRemedy: '다른 폴더를 쓰거나, 있는 설정은 sumun check 로 확인하십시오',
  upstreamInvalid: (value: string) => `'${value}'${josa(value, '은/는')} http://호스트:포트 꼴이 아닙니다`,
  authInvalid: (value: string) =>
    `'${value}'${josa(value, '은/는')} 로그인 방식이 아닙니다: id+otp, id+otp+pin, id+pw+otp …`,
  hostInvalid: (value: string) => `'${value}'${josa(value, '은/는')} 호스트 이름이 아닙니다`,
  wrote: (file: string) => `${file}${josa(file, '과/와')} 키를 만들었습니다`,
  admin: (login: string) => `첫 관리자 ${login}`,
  passwordLabel: '임시 비밀번호',
  shownOnce: '이 값들은 다시 볼 수 없습니다. 지금 인증 앱에 등록하십시오',
  next: '다음:',
  comments: {
    listen: '관문이 받는 주소입니다',
    routes: '위에서부터 읽어 처음 맞는 경로를 씁니다. 맞는 경로가 없으면 열리지 않습니다',
    host: '특정 호스트만 받으려면 host 를 적으십시오',
    auth: '증명할 요소이자 화면의 칸 순서: id 다음에 otp, pin, pw',
    allow: '들어올 수 있는 사람을 좁힙니다. 지우면 로그인한 누구나 들어옵니다',
    tests: 'sumun check 가 돌리는 시험입니다',
  },
};

/** The texts of `init` in one language. */
export type CliInit = typeof initKo;

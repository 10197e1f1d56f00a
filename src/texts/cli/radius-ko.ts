/** What `radius` says. Every other language has the same keys. */
export const radiusKo = {
  help: {
    radius: 'RADIUS 서버 시험',
    test: 'RADIUS 클라이언트처럼 물어보고 오간 것을 보여 줍니다. 맞은 OTP는 써 버립니다',
    client: '설정의 radius.clients 에 있는 이름',
    server: '서버 주소 (기본: radius.listen 의 첫 주소)',
    passwordFile: '비밀번호가 있는 파일 (- = 표준 입력, 이어지는 줄은 다음 질문의 답)',
  },
  clientMissing: (name: string, names: string) =>
    `'${name}' 클라이언트는 설정에 없습니다 (있는 것: ${names || '없음'})`,
  noServer: '설정에 radius.listen 이 없습니다',
  noServerRemedy: '--server host:port 로 주소를 주십시오',
  serverRule: 'host:port',
  tooLong: '비밀번호는 128바이트까지입니다',
  askPassword: '비밀번호 칸에 넣을 것 (예: PIN 뒤에 OTP)',
  sent: (octets: number, server: string) => `→ ${server} Access-Request ${octets}바이트`,
  received: (name: string, octets: number, milliseconds: number) => `← ${name} ${octets}바이트, ${milliseconds} ms`,
  noAnswer: (server: string) => `${server} 에서 답이 없습니다`,
  noAnswerRemedy: (name: string, networks: string) =>
    `서버가 켜져 있는지, ${name} 의 주소(${networks})에서 물었는지, 비밀 값이 같은지 보십시오. 서버 로그에 radius.refused 가 있습니다`,
  rejected: '거절되었습니다',
  waiting: '다음 답이 필요합니다',
};

/** The texts of `radius` in one language. */
export type CliRadius = typeof radiusKo;

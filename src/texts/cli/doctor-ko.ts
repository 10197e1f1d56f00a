import { josa } from '../josa.ts';

/** What `doctor` says, in Korean. Every other language has the same keys. */
export const doctorKo = {
  names: {
    configuration: '설정',
    runtime: '실행 환경',
    clock: '시계',
    database: '데이터베이스',
    upstreams: '뒤의 시스템',
    keys: '키',
    disk: '디스크',
    audit: '감사 기록',
  },
  configFine: (file: string) => `${file}, 오류 0`,
  configWarnings: (file: string, count: number) => `${file}, 경고 ${count}`,
  configErrors: (file: string, count: number) => `${file}, 오류 ${count}`,
  clockAlone: (now: string) => `${now}. 견줄 감사 기록이 아직 없고, 시간 서버에는 묻지 않습니다`,
  clockCompared: (now: string, newest: string) => `${now}, 최근 감사 기록 ${newest} (시간 서버에는 묻지 않습니다)`,
  clockRemedy: '시계가 최근 기록보다 뒤에 있습니다. 시각 동기화(NTP)를 확인하십시오',
  databaseMissing: (path: string) => `${path}${josa(path, '이/가')} 아직 없습니다`,
  databaseMissingRemedy: '처음 쓸 때 만들어집니다: sumun user add',
  databaseReadOnly: (path: string) => `${path}에 쓸 수 없습니다`,
  databaseDamaged: (problem: string) => `파일이 손상되었습니다: ${problem}`,
  databaseRemedy: 'sumun restore 로 백업을 되살리십시오',
  databaseFine: (path: string, size: string, sqlite: string) => `${path} 온전함, ${size}, SQLite ${sqlite}`,
  permissionRemedy: '파일과 폴더의 소유자와 권한을 확인하십시오',
  upstreamsFine: (count: number) => `${count}개 모두 연결됨`,
  upstreamRemedy: '서버가 켜져 있는지, 방화벽이 막는지 확인하십시오',
  keyMissing: (file: string) => `${file}${josa(file, '이/가')} 없습니다`,
  keyMissingRemedy: '백업에서 되살리거나, 처음이면 sumun init 을 쓰십시오',
  keyReadable: (file: string) => `${file}${josa(file, '을/를')} 다른 사용자가 읽을 수 있습니다`,
  keysFine: (sealing: number, signing: number) => `마스터 키 맞음, 저장 암호 키 ${sealing}개, 서명 키 ${signing}개`,
  diskFree: (size: string, folder: string) => `${folder}에 ${size} 남음`,
  diskRemedy: '자리를 비우거나 storage.url 을 옮기십시오',
  auditFine: (count: number) => `${count}건 사슬 확인`,
  auditBroken: (sequence: number, problem: string) => `${sequence}번에서 깨짐: ${problem}`,
  auditRemedy: '파일을 그대로 두고 보존한 뒤 백업과 견주십시오',
  runtimeOld: (version: string, floor: string) =>
    `Node.js ${version}${josa(version, '은/는')} 보안 수정이 있는 ${floor}보다 오래되었습니다`,
  runtimeRemedy: (floor: string) => `Node.js ${floor} 이상으로 올리십시오`,
  tookLong: '3초 안에 끝나지 않았습니다',
  tookLongRemedy: '따로 실행해 보십시오 (예: sumun audit verify)',
  unexpectedRemedy: '원인을 없앤 뒤 다시 점검하십시오',
  restNotRun: '설정을 읽을 수 없어 나머지는 점검하지 않았습니다',
  summary: (failed: number, warned: number, passed: number) => `실패 ${failed} · 경고 ${warned} · 통과 ${passed}`,
};

/** The texts of `doctor` in one language. */
export type CliDoctor = typeof doctorKo;

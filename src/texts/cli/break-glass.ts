import type { Language } from '../../core/policy.ts';
import { josa } from '../josa.ts';

const en = {
  help: {
    breakGlass: 'opening a route without sign-in in an emergency, with a code from an envelope',
    seal: 'make a code for an envelope; it is shown once and opens one route once',
    sealRoute: 'route it may open; repeatable (left out: any route that allows it)',
    open: 'open a route without sign-in for a time, with a sealed code',
    route: 'name of the route',
    for: 'for how long (10m, 2h; at most 4h)',
    reason: 'why: it goes into the audit trail',
    codeFile: 'file with the code (- for stdin)',
    status: 'show open routes and sealed codes',
    close: 'close an opened route now',
    void: 'take a sealed code out of force: its envelope was lost or opened',
    code: 'short name of the code, as status shows it',
  },
  sealed: (id: string, until: string) =>
    `Code ${id}, valid until ${until}. Print it, put it into an envelope, sign across the flap. It is not shown again.`,
  noRoute: (name: string) => `There is no route '${name}'`,
  known: (names: string) => `Routes: ${names}`,
  notOpenable: (name: string) =>
    `Route '${name}' cannot be opened: it has break_glass: false, or no sign-in that could be left out`,
  badSpan: (value: string) => `'${value}' is no duration from 1m to 4h`,
  badReason: 'Say why, in at most 200 characters',
  codeNeeded: 'The code is read from a file or from standard input',
  codeNeededRemedy: '--code-file FILE, or --code-file - for standard input',
  askCode: 'Code from the envelope',
  refused: 'The code does not open this route: mistyped, used before, voided, expired or sealed for another route',
  opened: (route: string, until: string) =>
    `'${route}' is open without sign-in until ${until}. Everybody who reaches it gets in; every use is logged and audited.`,
  closed: (route: string) => `'${route}' asks for a sign-in again`,
  notOpen: (route: string) => `'${route}' is not open`,
  voided: (id: string) => `Code ${id} opens nothing any more`,
  missing: (id: string) => `There is no sealed code '${id}'`,
  nothingOpen: 'No route is open',
  openLine: (route: string, until: string) => `${route}   open without sign-in until ${until}`,
  nothingSealed: 'No code is sealed',
  headings: ['CODE', 'OPENS', 'VALID UNTIL'],
  every: 'any route',
};

/** What the command `break-glass` says in one language. */
export type BreakGlassTexts = typeof en;

const ko: BreakGlassTexts = {
  help: {
    breakGlass: '비상시에 봉투에 든 코드로 경로를 로그인 없이 엽니다',
    seal: '봉투에 넣을 코드를 만듭니다. 한 번만 보이고, 경로 하나를 한 번 엽니다',
    sealRoute: '열 수 있는 경로. 여러 번 쓸 수 있습니다 (없으면 허용된 모든 경로)',
    open: '봉인된 코드로 경로를 정해진 시간 동안 로그인 없이 엽니다',
    route: '경로 이름',
    for: '얼마 동안 (10m, 2h, 최대 4h)',
    reason: '이유. 감사 기록에 남습니다',
    codeFile: '코드가 든 파일 (- 는 표준 입력)',
    status: '열린 경로와 봉인된 코드를 봅니다',
    close: '열린 경로를 지금 닫습니다',
    void: '봉투를 잃었거나 열린 코드를 못 쓰게 합니다',
    code: 'status 에 나오는 코드의 짧은 이름',
  },
  sealed: (id, until) =>
    `코드 ${id}, ${until}까지 쓸 수 있습니다. 인쇄해 봉투에 넣고 봉한 자리에 서명하십시오. 다시 보여 주지 않습니다.`,
  noRoute: (name) => `'${name}'${josa(name, '이라는/라는')} 경로가 없습니다`,
  known: (names) => `경로: ${names}`,
  notOpenable: (name) => `'${name}' 경로는 열 수 없습니다. break_glass: false 이거나 로그인을 묻지 않는 경로입니다`,
  badSpan: (value) => `'${value}'${josa(value, '은/는')} 1m에서 4h 사이의 시간이 아닙니다`,
  badReason: '이유를 200자 안으로 쓰십시오',
  codeNeeded: '코드는 파일이나 표준 입력에서 읽습니다',
  codeNeededRemedy: '--code-file 파일, 표준 입력이면 --code-file -',
  askCode: '봉투에 든 코드',
  refused:
    '이 코드로는 이 경로를 열 수 없습니다. 잘못 적었거나, 이미 썼거나, 취소·만료되었거나, 다른 경로의 코드입니다',
  opened: (route, until) =>
    `'${route}' 경로를 ${until}까지 로그인 없이 열었습니다. 닿을 수 있는 사람은 누구나 들어오며, 모든 사용이 기록됩니다.`,
  closed: (route) => `'${route}' 경로가 다시 로그인을 묻습니다`,
  notOpen: (route) => `'${route}' 경로는 열려 있지 않습니다`,
  voided: (id) => `코드 ${id}${josa(id, '은/는')} 이제 아무것도 열지 못합니다`,
  missing: (id) => `봉인된 코드 '${id}'${josa(id, '이/가')} 없습니다`,
  nothingOpen: '열린 경로가 없습니다',
  openLine: (route, until) => `${route}   ${until}까지 로그인 없이 열림`,
  nothingSealed: '봉인된 코드가 없습니다',
  headings: ['코드', '여는 경로', '기한'],
  every: '허용된 모든 경로',
};

const ja: BreakGlassTexts = {
  help: {
    breakGlass: '非常時に、封筒のコードでルートをサインインなしで開きます',
    seal: '封筒に入れるコードを作ります。表示は一度だけで、一つのルートを一度だけ開きます',
    sealRoute: '開けるルート。繰り返し指定できます (省略すると、許されたすべてのルート)',
    open: '封印されたコードで、ルートを一定時間サインインなしで開きます',
    route: 'ルートの名前',
    for: '開いておく時間 (10m、2h、最大 4h)',
    reason: '理由。監査記録に残ります',
    codeFile: 'コードの入ったファイル (- は標準入力)',
    status: '開いているルートと封印されたコードを表示します',
    close: '開いているルートを今すぐ閉じます',
    void: '封筒をなくした、または開かれたコードを無効にします',
    code: 'status に表示されるコードの短い名前',
  },
  sealed: (id, until) =>
    `コード ${id}、${until} まで有効です。印刷して封筒に入れ、封じ目に署名してください。二度と表示されません。`,
  noRoute: (name) => `ルート「${name}」はありません`,
  known: (names) => `ルート: ${names}`,
  notOpenable: (name) => `ルート「${name}」は開けません。break_glass: false か、もともとサインインを求めないルートです`,
  badSpan: (value) => `「${value}」は 1m から 4h までの時間ではありません`,
  badReason: '理由を 200 文字以内で書いてください',
  codeNeeded: 'コードはファイルか標準入力から読みます',
  codeNeededRemedy: '--code-file ファイル、標準入力なら --code-file -',
  askCode: '封筒のコード',
  refused: 'このコードではこのルートを開けません。入力の誤り、使用済み、無効、期限切れ、または別のルートのコードです',
  opened: (route, until) =>
    `ルート「${route}」を ${until} までサインインなしで開きました。届く人はだれでも入れ、使用はすべて記録されます。`,
  closed: (route) => `ルート「${route}」は再びサインインを求めます`,
  notOpen: (route) => `ルート「${route}」は開いていません`,
  voided: (id) => `コード ${id} はもう何も開けません`,
  missing: (id) => `封印されたコード「${id}」はありません`,
  nothingOpen: '開いているルートはありません',
  openLine: (route, until) => `${route}   ${until} までサインインなしで開いています`,
  nothingSealed: '封印されたコードはありません',
  headings: ['コード', '開くルート', '期限'],
  every: '許されたすべてのルート',
};

export const BREAK_GLASS_CLI: Readonly<Record<Language, BreakGlassTexts>> = { ko, en, ja };

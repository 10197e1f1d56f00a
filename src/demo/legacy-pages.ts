/** Pages of the old application: tables, font tags and EUC-KR, as they were written before UTF-8 was common. */
import iconv from 'iconv-lite';
import type { Visit } from './legacy-visit.ts';

/** Body of a page: a heading in the title bar and HTML below it. */
export type LegacyPage = { readonly heading: string; readonly html: string };

type Menu = { readonly title: string; readonly heading: string; readonly notes: readonly string[] };

const MENUS: Readonly<Record<string, Menu>> = {
  open: {
    title: '회사 소개',
    heading: '오늘의 식단 (Open to everyone)',
    notes: ['점심: 비빔밥, 미역국, 김치', '저녁: 된장찌개, 고등어구이', '통근 버스는 18시 10분에 출발합니다.'],
  },
  notice: {
    title: '공지사항',
    heading: '공지사항 (Notice board)',
    notes: ['[총무] 11월 소방 점검 안내', '[전산] 그룹웨어 정기 점검 (토 02:00-04:00)', '[인사] 연말 휴가 신청 기간'],
  },
  approval: {
    title: '전자결재',
    heading: '전자결재 대기함 (Approvals)',
    notes: [
      '기안-2026-1123 출장비 정산 / 결재 대기',
      '기안-2026-1121 노트북 교체 / 합의 중',
      '기안-2026-1118 야근 신청 / 반려',
    ],
  },
  payroll: {
    title: '급여명세',
    heading: '급여명세서 조회 (Payroll)',
    notes: [
      '2026년 11월 급여 지급일: 25일',
      '명세서는 지급일 전일 18시부터 조회할 수 있습니다.',
      '문의: 인사팀 내선 1234',
    ],
  },
};

const LINKS: readonly (readonly [href: string, ko: string, en: string])[] = [
  ['euckr', '한글 문서', 'a page in EUC-KR'],
  ['form', '글쓰기', 'a form that echoes what it received'],
  ['headers', '요청 머리글', 'the request headers that arrived, as JSON'],
  ['cookies', '쿠키', 'cookies with the domain of the inside'],
  ['redirect', '이동', "a redirect to the application's own inside address"],
  ['slow?seconds=3', '느린 조회', 'a page that takes three seconds'],
  ['events?count=10', '알림', 'server-sent events'],
  ['download?size=10485760', '자료실', 'a download of 10 MiB'],
];

/** The entrance: who the application thinks you are, and a link to every behaviour. */
export function legacyIndex(visit: Visit): LegacyPage {
  const menu = menuOf(visit);
  const rows = LINKS.map(
    ([href, ko, en]) =>
      `<tr><td bgcolor="#eeeeff"><a href="${href}">${ko}</a></td><td><font size="2">${en}</font></td></tr>`,
  );
  const notes = menu.notes.map((note) => `<li>${escaped(note)}</li>`);
  return {
    heading: menu.heading,
    html: `<ul type="square">${notes.join('')}</ul>
<table border="1" cellpadding="4" cellspacing="0" bordercolor="#9999cc" width="100%">${rows.join('')}
<tr><td bgcolor="#eeeeff">파일 올리기</td><td><font size="2"><form action="upload" method="post" enctype="multipart/form-data"><input type="file" name="file"> <input type="submit" value="올리기"></form></font></td></tr>
<tr><td bgcolor="#eeeeff">메아리</td><td><font size="2">WebSocket: <tt>${escaped(visit.prefix)}ws</tt></font></td></tr></table>`,
  };
}

/** Syllables, Hanja and symbols that only come out right when nobody touches the bytes. */
export function legacyText(visit: Visit): LegacyPage {
  return {
    heading: `${menuOf(visit).title} - 한글 문서`,
    html: `<p>이 문서의 문자 집합은 EUC-KR 입니다. 다람쥐 헌 쳇바퀴에 타고파.</p><p>漢字 混用 文書: 大韓民國, 決裁, 給與</p>
<p>기호: ㈜ № ℡ ☎ ※ ★ ○ ● ◎ ◇ ①②③ ㉠㉡㉢</p><p><a href="./">목록으로</a></p>`,
  };
}

/** A form in EUC-KR that posts to itself. */
export function legacyForm(visit: Visit): LegacyPage {
  return {
    heading: `${menuOf(visit).title} - 글쓰기`,
    html: `<form action="form" method="post" accept-charset="euc-kr"><table border="0" cellpadding="3">
<tr><td>제목</td><td><input type="text" name="title" size="50" value="출장비 정산의 건"></td></tr>
<tr><td>금액</td><td><input type="text" name="amount" size="12" value="128,000"> 원</td></tr>
<tr><td valign="top">내용</td><td><textarea name="body" rows="6" cols="50">부산 출장 (11/20-11/21)</textarea></td></tr>
<tr><td></td><td><input type="submit" value="상신"> <input type="reset" value="다시"></td></tr></table></form>`,
  };
}

/** What arrived, field by field and as a whole. */
export function legacyEcho(
  visit: Visit,
  received: {
    readonly bytes: number;
    readonly contentType: string;
    readonly fields: readonly (readonly [string, string])[];
    readonly body: string;
  },
): LegacyPage {
  const rows = received.fields.map(
    ([name, value]) => `<tr><td bgcolor="#eeeeff">${escaped(name)}</td><td>${escaped(value)}</td></tr>`,
  );
  return {
    heading: `${menuOf(visit).title} - 접수되었습니다`,
    html: `<p>${escaped(visit.request.method ?? '')} ${escaped(visit.request.url ?? '')} / ${escaped(received.contentType)} / ${received.bytes} bytes</p>
<table border="1" cellpadding="4" cellspacing="0">${rows.join('')}</table><pre>${escaped(received.body)}</pre><p><a href="./">목록으로</a></p>`,
  };
}

/** The answer of the slow page. */
export const legacySlow = (visit: Visit, seconds: number): LegacyPage => ({
  heading: `${menuOf(visit).title} - 조회 결과`,
  html: `<p>${seconds}초 걸렸습니다. (took ${seconds} s)</p><p><a href="./">목록으로</a></p>`,
});

/** A page of refusal in the old manner. */
export const legacyError = (status: 404 | 426): LegacyPage => ({
  heading: `오류 ${status}`,
  html: status === 404 ? '<p>페이지를 찾을 수 없습니다. (not found)</p>' : '<p>WebSocket 으로 접속하십시오.</p>',
});

/** Sends a page as EUC-KR bytes. What EUC-KR cannot say goes as a numeric reference. */
export function sendLegacyPage(visit: Visit, status: number, page: LegacyPage): void {
  const body = encodeEucKr(layout(visit, page));
  visit.response.writeHead(status, {
    'Content-Type': 'text/html; charset=euc-kr',
    'Content-Length': body.length,
    Server: 'Apache/1.3.42 (Unix) mod_jk/1.2',
  });
  visit.response.end(visit.request.method === 'HEAD' ? undefined : body);
}

const layout = (visit: Visit, page: LegacyPage): string => `<html><head><title>${escaped(page.heading)}</title>
<meta http-equiv="Content-Type" content="text/html; charset=euc-kr"></head>
<body bgcolor="#d4d0c8" text="#000000" link="#000099" vlink="#663399" topmargin="0" leftmargin="0" marginwidth="0" marginheight="0">
<table width="100%" border="0" cellspacing="0" cellpadding="6"><tr bgcolor="#003366">
<td><font color="#ffffff" face="굴림"><b>한빛상사 그룹웨어 v2.1</b></font></td>
<td align="right"><font color="#ffffff" size="2">사용자: <b>${escaped(visitorOf(visit))}</b></font></td></tr></table>
<table width="100%" border="0" cellspacing="0" cellpadding="8"><tr valign="top">
<td width="150" bgcolor="#c0c8d8"><font size="2">${Object.entries(MENUS)
  .map(([path, menu]) => `<a href="/${path}/">${menu.title}</a>`)
  .join('<br><br>')}<br><br><hr noshade size="1"><a href="/_sumun/">나가는 곳</a></font></td>
<td bgcolor="#ffffff"><font size="3"><b>${escaped(page.heading)}</b></font><hr size="2">${page.html}</td></tr></table>
<center><font size="1">Copyright (c) 1998 한빛상사 전산실. 800 x 600 해상도에 최적화되어 있습니다.</font></center></body></html>
`;

const menuOf = (visit: Visit): Menu => {
  const [, first = ''] = visit.prefix.split('/');
  return (
    (Object.hasOwn(MENUS, first) ? MENUS[first] : undefined) ?? { title: '그룹웨어', heading: '그룹웨어', notes: [] }
  );
};

/** The name from the identity headers: this application believes whatever stands there. */
function visitorOf(visit: Visit): string {
  const login = visit.request.headers['x-sumun-user'];
  const name = visit.request.headers['x-sumun-name'];
  if (typeof login !== 'string') return '손님 (guest)';
  return typeof name === 'string' ? `${decoded(name)} (${decoded(login)})` : decoded(login);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function encodeEucKr(text: string): Buffer {
  const speakable = [...text].map((character) =>
    iconv.decode(iconv.encode(character, 'euc-kr'), 'euc-kr') === character
      ? character
      : `&#${character.codePointAt(0)};`,
  );
  return iconv.encode(speakable.join(''), 'euc-kr');
}

import { expect, test } from 'vitest';
import { josa } from '../../src/texts/josa.ts';
import { fill } from '../../src/texts/page-texts.ts';

test.each([
  ['인사 시스템', '이/가', '이'],
  ['메일', '이/가', '이'],
  ['급여', '이/가', '가'],
  ['HR', '이/가', '이'],
  ['Jira', '이/가', '가'],
  ['전자결재', '은/는', '는'],
  ['게시판', '은/는', '은'],
  ['위키', '을/를', '를'],
  ['그룹웨어', '을/를', '를'],
  ['식단', '을/를', '을'],
  ['메일', '으로/로', '로'],
  ['시스템', '으로/로', '으로'],
  ['위키', '으로/로', '로'],
  ['ERP', '은/는', '는'],
  ['CRM', '이/가', '이'],
  ['SSL', '이/가', '이'],
  ['VPN', '이/가', '이'],
  ['API', '이/가', '가'],
  ['Slack', '이/가', '이'],
  ['Google', '이/가', '이'],
  ['Teams', '이/가', '가'],
  ['Outlook', '을/를', '을'],
  ['Confluence', '은/는', '는'],
  ['Jenkins', '이/가', '가'],
  ['GitHub', '이/가', '가'],
  ['Zoom', '이/가', '이'],
  ['Oracle', '은/는', '은'],
  ['Office 365', '이/가', '가'],
  ['망연계 1', '이/가', '이'],
  ['구역 6', '을/를', '을'],
  ['구역 2', '을/를', '를'],
  ['‘급여 대장’', '은/는', '은'],
  ['인사(신)', '이/가', '이'],
  ['経理', '이/가', '이(가)'],
])('%s + %s is %s', (word, pair, particle) => {
  expect(josa(word, pair)).toBe(particle);
});

test('a placeholder is filled before its particle is chosen', () => {
  expect(fill('{app}{이/가} 응답하지 않습니다', { app: '메일' })).toBe('메일이 응답하지 않습니다');
  expect(fill('‘{app}’{은/는} 확인', { app: 'Jira' })).toBe('‘Jira’는 확인');
});

test('a value is never read as a placeholder itself', () => {
  expect(fill('{app} {time}', { app: '{time}', time: '14:00' })).toBe('{time} 14:00');
});

test('a value that is missing is a fault', () => {
  expect(() => fill('{app}', {})).toThrow(TypeError);
});

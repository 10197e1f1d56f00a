import { expect, test } from 'vitest';
import { clockTime, clockTimeFrom, dayAndTime, sizeText } from '../../src/texts/time.ts';

const AT = Date.parse('2026-11-23T05:35:00Z');

test.each([
  ['ko', '오후 2:35'],
  ['en', '2:35 PM'],
  ['ja', '14:35'],
] as const)('a clock time in %s is %s', (language, text) => {
  expect(clockTime(AT, language, 'Asia/Seoul')).toBe(text);
});

test('a time from which something is possible is never too early, and has its zone', () => {
  expect(clockTimeFrom(AT + 1, 'ko', 'Asia/Seoul')).toBe('오후 2:36 (KST)');
  expect(clockTimeFrom(AT, 'en', 'UTC')).toBe('5:35 AM (UTC)');
});

test.each([
  ['ko', '11월 23일 14:35 (KST)'],
  ['en', 'Nov 23 14:35 (KST)'],
  ['ja', '11月23日 14:35 (KST)'],
] as const)('day and time in %s are %s', (language, text) => {
  expect(dayAndTime(AT, language, 'Asia/Seoul')).toBe(text);
});

test.each([
  [15, '15 B'],
  [1234, '1.2 KB'],
  [65_536, '64 KB'],
  [52_428_800, '50 MB'],
])('%i bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

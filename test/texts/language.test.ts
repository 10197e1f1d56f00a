import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseLanguage } from '../../src/texts/language.ts';

const offered = ['ko', 'en', 'ja'] as const;
const from = (acceptLanguage: string | undefined) =>
  chooseLanguage({ asked: undefined, remembered: undefined, acceptLanguage }, offered);

test.each([
  ['ko-KR', 'ko'],
  ['en-GB,en;q=.9', 'en'],
  ['ja', 'ja'],
  ['fr,ja;q=.5', 'ja'],
  ['*', 'ko'],
  [undefined, 'ko'],
  ['x'.repeat(4096), 'ko'],
  ['en,'.repeat(1400), 'ko'],
  ['en;q=0, ja;q=0.1', 'ja'],
  ['EN-us', 'en'],
  ['en;q=0.2, ja;q=0.8', 'ja'],
  ['enx', 'ko'],
  [';;;,,,q=1', 'ko'],
] as const)('Accept-Language %s gives %s (RFC 4647 §3.4)', (header, language) => {
  expect(from(header)).toBe(language);
});

test('what was asked for beats what was remembered, and that the header', () => {
  const wish = { asked: 'ja', remembered: 'en', acceptLanguage: 'ko' };
  expect(chooseLanguage(wish, offered)).toBe('ja');
  expect(chooseLanguage({ ...wish, asked: 'xx' }, offered)).toBe('en');
  expect(chooseLanguage({ ...wish, asked: undefined, remembered: '../../etc' }, offered)).toBe('ko');
});

test('a language that is not on offer is never answered', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 600 }), (text) => {
      const wish = { asked: text, remembered: text, acceptLanguage: text };
      return chooseLanguage(wish, ['en', 'ja']) !== 'ko';
    }),
  );
});

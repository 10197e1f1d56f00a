import { describe, expect, test } from 'vitest';
import { EN } from '../../src/texts/pages/en.ts';
import { JA } from '../../src/texts/pages/ja.ts';
import { KO, type PageText } from '../../src/texts/pages/ko.ts';

const keys = Object.keys(KO) as PageText[];
const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{([^{}/]+)\}/g)].map((match) => match[1] ?? '').sort();

/** Sentences end with a full stop, a question mark, or (headings) with nothing at all. */
const sentences = (text: string): string[] => text.split(/(?<=[.?])\s+/).map((one) => one.replace(/\s*\([^)]*\)$/, ''));

describe.each([
  ['en', EN],
  ['ja', JA],
] as const)('the %s catalogue', (_, catalogue) => {
  test('has the keys of the Korean one, none empty', () => {
    expect(Object.keys(catalogue)).toEqual(keys);
    expect(Object.values(catalogue).filter((text) => text.trim() === '')).toEqual([]);
  });

  test('has the placeholders of the Korean one', () => {
    expect(keys.filter((key) => placeholders(catalogue[key]).join() !== placeholders(KO[key]).join())).toEqual([]);
  });
});

describe('Korean', () => {
  test('says none of the banned words', () => {
    const banned =
      /사용자 이름|유저네임|귀하|올바르지 않|패스워드|하십시오|일회용 암호|핀번호|트랜잭션|관리자에게 문의|토큰/;
    expect(keys.filter((key) => banned.test(KO[key]))).toEqual([]);
  });

  test('speaks 해요체 to people, and 합니다체 where the failure is ours', () => {
    const wrong = keys.filter((key) => {
      const ours = key.startsWith('fault.');
      const finished = sentences(KO[key]).filter((sentence) => /[.?]$/.test(sentence));
      return finished.some((sentence) => !(ours ? /(?:니다|세요)\.$/ : /(?:요|까요)[.?]$/).test(sentence));
    });
    expect(wrong).toEqual([]);
  });

  test('keeps a sentence short enough to be read at a glance', () => {
    expect(keys.flatMap((key) => sentences(KO[key])).filter((sentence) => sentence.length > 46)).toEqual([]);
  });

  test('writes a particle after every inserted name', () => {
    expect(keys.filter((key) => /\{(?:app|reason)\}’?[은는이가을를]/.test(KO[key]))).toEqual([]);
  });
});

test('English blames nobody and calls nothing invalid', () => {
  expect(Object.values(EN).filter((text) => /invalid|illegal|forbidden|unauthori[sz]ed|please/i.test(text))).toEqual(
    [],
  );
});

test('Japanese is polite to the end of every sentence', () => {
  const sentencesOf = (text: string) => text.split(/(?<=。)/).map((one) => one.replace(/\([^)]*\)$/, ''));
  const finished = Object.values(JA)
    .flatMap(sentencesOf)
    .filter((sentence) => sentence.endsWith('。'));
  expect(
    finished.filter((sentence) => !/(?:です|ます|ました|ません|ませんでした|ください|でした)。$/.test(sentence)),
  ).toEqual([]);
});

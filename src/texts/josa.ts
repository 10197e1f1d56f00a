/** How a word ends in Korean pronunciation; undefined where its reading is unknown. */
type Ending = 'vowel' | 'rieul' | 'consonant' | undefined;

/** Endings of the digits as they are read: 영 일 이 삼 사 오 육 칠 팔 구. */
const DIGITS: readonly Ending[] = [
  'consonant',
  'rieul',
  'vowel',
  'consonant',
  'vowel',
  'vowel',
  'consonant',
  'rieul',
  'rieul',
  'vowel',
];

/** Closing marks that are written after a word but not read. */
const CLOSING = /[\s"'’”»」』)\]}>.,!?]+$/u;

/**
 * The particle that fits the end of a text: `josa('메일', '이/가')` is `이`. The form for a final consonant comes first.
 * `으로/로` takes the vowel form after ㄹ. Where the reading is unknown both forms are written: `이(가)`.
 */
export function josa(before: string, pair: string): string {
  const [afterConsonant = '', afterVowel = ''] = pair.split('/', 2);
  switch (endingOf(before.replace(CLOSING, ''))) {
    case 'consonant':
      return afterConsonant;
    case 'rieul':
      return afterConsonant === '으로' ? afterVowel : afterConsonant;
    case 'vowel':
      return afterVowel;
    case undefined:
      return `${afterConsonant}(${afterVowel})`;
  }
}

function endingOf(text: string): Ending {
  const last = text.at(-1) ?? '';
  if (last >= '가' && last <= '힣') {
    const final = (last.charCodeAt(0) - 0xac00) % 28;
    return final === 0 ? 'vowel' : final === 8 ? 'rieul' : 'consonant';
  }
  if (/[0-9]/.test(last)) return DIGITS[Number(last)];
  const word = /[A-Za-z]+$/.exec(text)?.[0];
  if (word === undefined) return undefined;
  return /[A-Z]$/.test(word) ? letterEnding(last) : wordEnding(word.toLowerCase());
}

/** A capital at the end is read as a letter: 엘 엠 엔 알, all others end in a vowel. */
const letterEnding = (letter: string): Ending =>
  letter === 'L' || letter === 'R' ? 'rieul' : letter === 'M' || letter === 'N' ? 'consonant' : 'vowel';

/** How loan words are commonly spelt in Hangul: Jira 지라, Slack 슬랙, Google 구글, Bank 뱅크. */
function wordEnding(word: string): Ending {
  if (/(?:l|le)$/.test(word)) return 'rieul';
  if (/(?:m|n|ng|me|ne|[aeiou]k|ck|[aeiou]p|[aeiou]t|ic)$/.test(word)) return 'consonant';
  return 'vowel';
}

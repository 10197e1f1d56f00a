import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clip, pad, printable, table } from '../../src/cli/table.ts';
import { displayWidth } from '../../src/config/render.ts';

describe('tables on a terminal', () => {
  test('count a Hangul syllable as two cells', () => {
    expect(
      table(
        ['login', 'name', 'x'],
        [
          ['kim', '김민지', '1'],
          ['lee', 'Lee', '2'],
        ],
      ),
    ).toBe('login  name    x\nkim    김민지  1\nlee    Lee     2');
  });

  test('are never wider than asked for, whatever is in them', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 90 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }), (rows) => {
        for (const line of table(['a', 'b', 'c'], rows).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
      }),
    );
  });

  test.each([
    ['an escape sequence', '\x1b[2J', '\\u{1b}[2J'],
    ['a line end', 'a\nb', 'a\\u{a}b'],
    ['a direction override', 'a\u202eb', 'a\\u{202e}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['a C1 control', 'a\u009bb', 'a\\u{9b}b'],
  ])('show %s instead of obeying it', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test('cut with an ellipsis and never inside a wide character', () => {
    expect(clip('가나다', 4)).toBe('가…');
    expect(pad('가', 4)).toBe('가  ');
  });
});

import { displayWidth } from '../config/render.ts';

/** Characters that could move the cursor, colour the terminal or turn the reading order. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** A stored text made safe to show: control and direction characters are written as `\u{…}`. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)?.toString(16) ?? ''}}`);

/** The text with spaces up to a width in cells. */
export const pad = (text: string, cells: number): string => text + ' '.repeat(Math.max(0, cells - displayWidth(text)));

/** The text cut to a width in cells, with `…` where something was cut. */
export function clip(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  let kept = '';
  for (const char of text) {
    if (displayWidth(kept + char) > cells - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

const GAP = 2;
const NARROWEST = 6;
const LONGEST_NAME = 40;

/**
 * Rows under headings, columns two cells apart, within `limit` cells: the widest column but the first gives way.
 * Cells are made printable here. No trailing spaces.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], limit = 80): string {
  const cells = [headings, ...rows].map((row) => headings.map((_, column) => printable(row[column] ?? '')));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => displayWidth(row[column] ?? ''))));
  // What the first column names has to be copied whole.
  const isShort = (widths[0] ?? 0) <= LONGEST_NAME && widths.length > 1;
  const room = limit - GAP * (headings.length - 1);
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths.slice(isShort ? 1 : 0)), isShort ? 1 : 0);
    const width = widths[widest] ?? 0;
    if (width <= NARROWEST) break;
    widths[widest] = width - 1;
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => pad(clip(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd();
  return cells.map(line).join('\n');
}

import { err, ok, type Result } from '../result.ts';

/** A row of a table with its line in the file, cells by the name of their column. */
export type CsvRow = { readonly line: number; readonly cells: ReadonlyMap<string, string> };

export type CsvFault = {
  readonly line: number;
  readonly problem: 'open-quote' | 'stray-quote' | 'no-header' | 'repeated-column' | 'wrong-cell-count';
};

/** What stands between cells: a comma (RFC 4180), or what spreadsheets of some countries write. */
export type CsvSeparator = ',' | ';' | '\t';

/** A row of a table without named columns. */
export type CsvRecord = { readonly line: number; readonly cells: readonly string[] };

/**
 * Reads comma-separated values (RFC 4180) whose first row names the columns. A byte order mark and LF line ends are
 * taken too; empty lines are skipped. Column names are trimmed and lower-cased.
 */
export function readCsv(text: string): Result<readonly CsvRow[], CsvFault> {
  const records = readRecords(text);
  if (!records.ok) return records;
  const [header, ...rest] = records.value;
  if (header === undefined) return err({ line: 1, problem: 'no-header' });
  const columns = header.cells.map((cell) => cell.trim().toLowerCase());
  if (new Set(columns).size !== columns.length) return err({ line: header.line, problem: 'repeated-column' });
  const rows: CsvRow[] = [];
  for (const { line, cells } of rest) {
    if (cells.length !== columns.length) return err({ line, problem: 'wrong-cell-count' });
    rows.push({ line, cells: new Map(columns.map((column, index) => [column, cells[index] ?? ''])) });
  }
  return ok(rows);
}

// One cell and what ends it: quoted (with doubled quotes) or bare, then a separator, a line end or the end.
const CELLS = {
  ',': /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y,
  ';': /(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r?\n|$)/y,
  '\t': /(?:"((?:[^"]|"")*)"|([^"\t\r\n]*))(\t|\r?\n|$)/y,
} as const satisfies Record<CsvSeparator, RegExp>;

/** Reads the rows of a table with their lines. A byte order mark and LF line ends are taken too; empty lines are skipped. */
export function readRecords(
  source: string,
  separator: CsvSeparator = ',',
): Result<readonly CsvRecord[], { readonly line: number; readonly problem: 'open-quote' | 'stray-quote' }> {
  const text = source.replace(/^\uFEFF/, '');
  const records: CsvRecord[] = [];
  const cell = CELLS[separator];
  cell.lastIndex = 0;
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  while (cell.lastIndex < text.length || cells.length > 0) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (match === null) return err({ line, problem: text.charAt(at) === '"' ? 'open-quote' : 'stray-quote' });
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    line += match[0].split('\n').length - 1;
    if (match[3] === separator) continue;
    if (cells.length > 1 || cells[0] !== '') records.push({ line: start, cells });
    cells = [];
    start = line;
  }
  return ok(records);
}

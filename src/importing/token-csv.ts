import { type CsvRecord, type CsvSeparator, readRecords } from '../core/enrolment/csv.ts';
import { readSeedText } from '../core/enrolment/seed-text.ts';
import type { TokenFileFault, TokenRow } from '../core/enrolment/token-row.ts';
import { err, ok, type Result } from '../core/result.ts';
import { describeToken, hashOf, rowOf } from './describe-token.ts';
import { firstLine } from './first-line.ts';

type Column =
  | 'serial'
  | 'seed'
  | 'kind'
  | 'algorithm' // a hash, or in some files HOTP and the like
  | 'digits'
  | 'counter'
  | 'period'
  | 'moving' // the time step of a TOTP, the counter of the others
  | 'suite'
  | 'login'
  | 'label'
  | 'unused';

/** The names columns go by in the files of several makers. */
const NAMES: Readonly<Record<string, Column | undefined>> = {
  serial: 'serial',
  serial_number: 'serial',
  serialnumber: 'serial',
  serialno: 'serial',
  key: 'seed',
  seed: 'seed',
  secret: 'seed',
  type: 'kind',
  kind: 'kind',
  algorithm: 'algorithm',
  hash: 'algorithm',
  hashlib: 'algorithm',
  digits: 'digits',
  otplen: 'digits',
  counter: 'counter',
  period: 'period',
  timestep: 'period',
  interval: 'period',
  interval_or_event: 'moving',
  suite: 'suite',
  ocrasuite: 'suite',
  login: 'login',
  user: 'login',
  label: 'label',
  description: 'label',
  manufacturer: 'unused',
  model: 'unused',
};

/** Cells of a row without a heading, in their order. The fourth is the suite where the kind is OCRA. */
const ORDER = ['serial', 'seed', 'kind', 'digits', 'moving', 'algorithm', 'login'] as const satisfies readonly Column[];

/**
 * Reads a table of OATH tokens: with a heading, columns in any order; without one `serial, key, hotp, 6, counter`,
 * `serial, key, totp, 6, seconds` or `serial, key, ocra, suite`, then hash and login if wanted. Commas, semicolons or
 * tabs between cells; rows that begin with `#` are skipped.
 */
export function readTokenCsv(text: string, most: number): Result<readonly TokenRow[], TokenFileFault> {
  const separator = separatorOf(firstLine(text) ?? ',');
  if (separator === undefined) return err({ line: 1, problem: 'unknown-format' });
  const records = readRecords(text, separator);
  if (!records.ok) return records;
  const filled = records.value.filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  const [first, ...rest] = filled.filter(({ cells }) => cells[0]?.trim().startsWith('#') !== true);
  if (first === undefined) return err({ line: 1, problem: 'no-tokens' });
  const columns = headingOf(first);
  if (!columns.ok) return columns;
  const body = columns.value === undefined ? [first, ...rest] : rest;
  if (body.length > most) return err({ line: body[most]?.line ?? 1, problem: 'too-many' });
  return ok(body.map((record, index) => readRow(record, index + 1, columns.value)));
}

/** Whichever stands most often in a line; undefined where none does. */
function separatorOf(line: string): CsvSeparator | undefined {
  const count = (separator: CsvSeparator): number => line.split(separator).length - 1;
  const most = ([',', ';', '\t'] as const).reduce((best, each) => (count(each) > count(best) ? each : best));
  return count(most) === 0 ? undefined : most;
}

/** The columns of a heading; undefined where the first row is a token already. */
function headingOf({ line, cells }: CsvRecord): Result<readonly Column[] | undefined, TokenFileFault> {
  const names = cells.map((cell) =>
    cell
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const columns = names.map((name) => (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined));
  if (!columns.includes('seed')) return ok(undefined);
  const known = columns.filter((column) => column !== undefined);
  if (known.length < columns.length) return err({ line, problem: 'unknown-column' });
  const used = known.filter((column) => column !== 'unused');
  return new Set(used).size === used.length ? ok(known) : err({ line, problem: 'repeated-column' });
}

function readRow({ line, cells }: CsvRecord, index: number, heading: readonly Column[] | undefined): TokenRow {
  const columns: readonly Column[] = heading ?? ORDER;
  const cell = (column: Column): string => cells[columns.indexOf(column)]?.trim() ?? '';
  const place = { index, line, serial: cell('serial'), login: cell('login') || undefined };
  const fits =
    heading === undefined ? cells.length >= 2 && cells.length <= ORDER.length : cells.length === columns.length;
  if (!fits) return { ...place, fault: 'cells' };
  if (place.serial === '' && place.login === undefined) return { ...place, fault: 'serial-missing' };
  // Columns that are not there have the index -1 and so the empty cell.
  const hash = cell('algorithm');
  const kind = cell('kind') || (hash !== '' && hashOf(hash) === undefined ? hash : 'hotp');
  const isOcra = kind.toLowerCase() === 'ocra';
  const isTotp = kind.toLowerCase() === 'totp';
  const seed = cell('seed');
  const described = describeToken({
    kind,
    hash: hash === kind ? '' : hash,
    hashDefault: 'length',
    digits: isOcra ? '' : cell('digits'),
    period: cell('period') || (isTotp ? cell('moving') : ''),
    counter: cell('counter') || (isTotp ? '' : cell('moving')),
    suite: cell('suite') || (isOcra ? cell('digits') : ''),
    label: cell('label'),
    seed: seed === '' ? 'missing' : (readSeedText(seed) ?? 'unreadable'),
  });
  return rowOf(place, described);
}

/** Results as Markdown tables, the same on the terminal and in the documentation. */
import type { LargeResult } from './large.ts';
import type { Row } from './report.ts';
import type { SignInsResult } from './study-sign-ins.ts';

const digits = (value: number, places: number): string => (Number.isNaN(value) ? '–' : value.toFixed(places));

/** The rows; the ratios are named by `against`, one heading each. */
export function renderTable(rows: readonly Row[], against: readonly string[], unit = 'req'): string {
  const head = [
    '',
    'candidate',
    `${unit}/s`,
    'p50 ms',
    'p99 ms',
    `CPU µs/${unit}`,
    'best',
    ...against,
    'RSS MiB',
    'errors',
  ];
  const lines = rows.map((row, index) => {
    const scenario = rows[index - 1]?.scenario === row.scenario ? '' : row.scenario;
    const ours = row.candidate === 'sumun' ? '**sumun**' : row.candidate;
    const ratios = row.ratios.map((ratio) => digits(ratio, 2));
    const cost = [digits(row.cpuPerRequest, 1), digits(row.bestCpuPerRequest, 1)];
    const latency = [digits(row.p50, 2), digits(row.p99, 1)];
    const cells = [scenario, ours, digits(row.requestsPerSecond, 0), ...latency, ...cost, ...ratios];
    return lineOf([...cells, digits(row.residentMiB, 0), String(row.errors)]);
  });
  return [lineOf(head), lineOf(head.map(() => '---')), ...lines].join('\n');
}

/** The large bodies. */
export function renderLarge(results: readonly LargeResult[]): string {
  const head = ['', 'MiB', 'MiB/s', 'highest resident memory, above that before', 'last quarter above the first'];
  const lines = results.map(({ direction, bytes, seconds, growth, drift }) => {
    const size = bytes / MIB;
    return lineOf([
      direction,
      size.toFixed(0),
      (size / seconds).toFixed(0),
      `${mebibytes(growth)} MiB`,
      `${mebibytes(drift)} MiB`,
    ]);
  });
  return [lineOf(head), lineOf(head.map(() => '---')), ...lines].join('\n');
}

/** Proxied requests with and without sign-ins beside them. */
export function renderSignIns({ rate, signInsPerSecond, alone, beside, failed }: SignInsResult): string {
  const head = [
    `${rate.toLocaleString('en')} requests/s of people signed in`,
    'p50 ms',
    'p99 ms',
    '÷ alone, p99',
    'failed',
  ];
  const beside10 = `with ${signInsPerSecond.toFixed(0)} sign-ins/s (password and OTP) beside`;
  return [
    lineOf(head),
    lineOf(head.map(() => '---')),
    lineOf(['alone', digits(alone.p50, 2), digits(alone.p99, 2), '1.00', '']),
    lineOf([beside10, digits(beside.p50, 2), digits(beside.p99, 2), digits(beside.p99 / alone.p99, 2), String(failed)]),
  ].join('\n');
}

const MIB = 1024 * 1024;

/** Octets in MiB with one place. */
export const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(1);

/** One line of a Markdown table. */
export const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

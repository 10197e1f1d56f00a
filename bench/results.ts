/** Everything one run of the benchmark found, as Markdown and as a chart. */
import { renderChart } from './chart.ts';
import type { LargeResult } from './large.ts';
import type { Row } from './report.ts';
import type { Study } from './studies.ts';
import { renderLarge, renderTable } from './tables.ts';

export type Results = {
  /** Machine, versions and date. */
  readonly machine: string;
  readonly rows: readonly Row[];
  readonly large: readonly LargeResult[];
  readonly studies: readonly Study[];
};

/** The whole report. */
export function renderResults({ machine, rows, large, studies }: Results): string {
  const parts = [
    machine,
    renderTable(rows, ['CPU ÷ nginx', 'CPU ÷ auth_request']),
    ...studies.map(({ title, table }) => `### ${title}\n\n${table}`),
    `### Bodies that do not fit in memory\n\n${renderLarge(large)}`,
  ];
  return parts.join('\n\n');
}

/** CPU per request of every candidate, a group of bars for each scenario, the cheapest first. */
export function chartOf(rows: readonly Row[]): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  return renderChart({
    title: 'What a request costs',
    unit: 'CPU microseconds; less is better',
    groups: scenarios.map((scenario) => ({
      title: scenario,
      bars: rows
        .filter((row) => row.scenario === scenario)
        .toSorted((left, right) => left.cpuPerRequest - right.cpuPerRequest)
        .map(({ candidate, cpuPerRequest }) => ({
          label: candidate,
          value: cpuPerRequest,
          ours: candidate === 'sumun',
        })),
    })),
  });
}

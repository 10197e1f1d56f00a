import { z } from 'zod';
import { DAY, HOUR } from '../../core/time.ts';
import type { StatRow } from '../../ports.ts';
import { badRequest } from '../input.ts';
import { type Operation, operation } from '../operation.ts';
import { csvOf } from './csv.ts';
import { momentText } from './fields.ts';

/** What decisions are counted by. */
const DIMENSIONS = ['hour', 'app', 'method', 'channel', 'result', 'reason'] as const;
type Dimension = (typeof DIMENSIONS)[number];

/** The longest time one answer covers, and the most rows it has. */
const LONGEST = 400 * DAY;
const MOST_ROWS = 20_000;

const by = z
  .string()
  .max(64)
  .transform((text, context): readonly Dimension[] => {
    const words = text.split(',');
    const known = DIMENSIONS.filter((dimension) => words.includes(dimension));
    if (known.length === words.length) return known;
    context.addIssue({ code: 'custom', message: `some of ${DIMENSIONS.join(', ')}, each once, separated by commas` });
    return z.NEVER;
  })
  .optional()
  .meta({ description: `Some of ${DIMENSIONS.join(', ')}; absent = all`, override: { type: 'string' } });

const rowSchema = z.object({
  hour: z.string().optional().meta({ description: 'Beginning of the hour, RFC 3339 in UTC' }),
  app: z.string().optional(),
  method: z.string().optional().meta({ description: 'Factors that were proved or tried, joined by +' }),
  channel: z.string().optional().meta({ description: 'web, api or radius' }),
  result: z.enum(['accepted', 'rejected', 'locked', 'challenged']).optional(),
  reason: z.string().optional(),
  count: z.int(),
});
type Row = z.input<typeof rowSchema>;

const statsSchema = z.object({
  from: z.string(),
  to: z.string(),
  by: z.array(z.enum(DIMENSIONS)),
  rows: z.array(rowSchema),
  total: z.int(),
});

/** Counts of decisions, written with the audit record of each and so never at odds with the trail. */
export const statOperations: readonly Operation[] = [
  operation({
    id: 'readStats',
    method: 'get',
    path: '/stats',
    scopes: ['stats:read'],
    tag: 'stats',
    summary: 'How many decisions of which sort',
    description:
      'Whole hours: from the hour in which `from` lies up to `to`, the last 24 hours if absent. With `Accept: text/csv` the rows as CSV.',
    querySchema: z.strictObject({
      from: momentText.optional(),
      to: momentText.optional(),
      by,
      app: z.string().max(128).optional(),
    }),
    answers: { 200: { description: 'The counts', schema: statsSchema, also: 'text/csv' } },
    handle: async ({ parts: { house }, query, now, accept }) => {
      const to = query.to ?? now;
      const from = hourOf(query.from ?? to - DAY);
      if (to <= from || to - from > LONGEST)
        throw badRequest({ path: 'from', message: 'before `to`, by 400 days at most' });
      const dimensions = query.by ?? DIMENSIONS;
      const found = await house.stats.read({ from, to, ...(query.app !== undefined && { app: query.app }) });
      const rows = sumBy(
        found.filter(({ hour }) => hour < to),
        dimensions,
      );
      if (rows.length > MOST_ROWS)
        throw badRequest({
          path: 'by',
          message: `more than ${MOST_ROWS} rows: ask for a shorter time or fewer dimensions`,
        });
      if (wantsCsv(accept)) return csvAnswer(rows, dimensions);
      const total = rows.reduce((sum, { count }) => sum + count, 0);
      return { status: 200, body: { from: text(from), to: text(to), by: [...dimensions], rows, total } };
    },
  }),
];

const hourOf = (at: number): number => Math.floor(at / HOUR) * HOUR;
const text = (at: number): string => new Date(at).toISOString();

/** Sums of the counts of rows that are alike in these dimensions, in the order of their values. */
function sumBy(rows: readonly StatRow[], dimensions: readonly Dimension[]): readonly Row[] {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const values = Object.fromEntries(
      dimensions.map((dimension) => [dimension, dimension === 'hour' ? text(row.hour) : row[dimension]]),
    );
    const key = JSON.stringify(Object.values(values));
    sums.set(key, { ...values, count: (sums.get(key)?.count ?? 0) + row.count });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** True where CSV is asked for and JSON is not asked for before it. */
function wantsCsv(accept: string): boolean {
  const types = accept.split(',').map((each) => each.split(';')[0]?.trim().toLowerCase());
  const csv = types.indexOf('text/csv');
  const json = types.indexOf('application/json');
  return csv >= 0 && (json < 0 || csv < json);
}

function csvAnswer(rows: readonly Row[], dimensions: readonly Dimension[]) {
  const cells = rows.map((row) => [...dimensions.map((dimension) => row[dimension] ?? ''), String(row.count)]);
  return {
    status: 200,
    body: csvOf([[...dimensions, 'count'], ...cells]),
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="sumun-stats.csv"',
      vary: 'accept',
    },
  };
}

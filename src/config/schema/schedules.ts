import { z } from 'zod';
import { field, nonEmpty, wordField } from '../fields.ts';
import { date, hours, timezone } from '../values.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** One entry of `schedules`: a weekly window in a time zone. Days come out as numbers, 0 = Sunday. */
export const schedule = z.strictObject({
  timezone: field(timezone, { type: 'string', 'x-kind': 'IANA time zone' }).describe(
    'The zone that days and hours are meant in.',
  ),
  days: nonEmpty(wordField(DAYS).transform((day) => DAYS.indexOf(day)))
    .prefault([...DAYS])
    .describe('Days of the week.'),
  hours: field(hours, { type: 'string', pattern: '^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$', 'x-kind': 'hours' })
    .prefault('00:00-24:00')
    .describe('From, inclusive, to, exclusive. In quotes.'),
  except_dates: z
    .array(field(date, { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', 'x-kind': 'date' }))
    .prefault([])
    .describe('Days on which the window stays closed.'),
});

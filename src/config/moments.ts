import { err, ok } from '../core/result.ts';
import type { Instant } from '../core/time.ts';
import { type Read, show } from './values.ts';

/** A moment with its zone: `"2026-11-23T10:00+09:00"`. */
export const moment: Read<Instant> = (value) => {
  const isZoned =
    typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/.test(value);
  const instant = isZoned ? Date.parse(value) : Number.NaN;
  return Number.isNaN(instant) ? err({ finding: 'bad-moment', values: { found: show(value) } }) : ok(instant);
};

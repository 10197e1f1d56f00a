import type { Instant } from '../core/time.ts';

/** A moment as data and tables show it: ISO 8601, UTC, whole seconds. */
export const moment = (at: Instant): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');

import type SqliteDatabase from 'better-sqlite3';
import type { AuditEvent, AuditKind } from '../core/audit.ts';
import { HOUR } from '../core/time.ts';
import type { StatRow } from '../ports.ts';

/** Kinds that are decisions about a person, and what was decided. */
const RESULTS: Partial<Record<AuditKind, StatRow['result']>> = {
  'signin.accepted': 'accepted',
  'signin.rejected': 'rejected',
  'signin.locked': 'locked',
  'stepup.accepted': 'accepted',
  'verification.accepted': 'accepted',
  'verification.rejected': 'rejected',
  'verification.locked': 'locked',
  'verification.challenged': 'challenged',
};

/** What a decision counts as; undefined for any other event. An event that names no channel came from the web. */
export function statOf(event: AuditEvent): Omit<StatRow, 'count'> | undefined {
  const result = RESULTS[event.kind];
  if (result === undefined) return undefined;
  const { method, channel } = event.detail;
  return {
    hour: Math.floor(event.at / HOUR) * HOUR,
    app: event.route,
    method: typeof method === 'string' ? method : '',
    channel: typeof channel === 'string' ? channel : 'web',
    result,
    reason: event.reason,
  };
}

/** Counts events on the writing connection, in whatever transaction is under way there. */
export function prepareCount(writer: SqliteDatabase.Database): (event: AuditEvent) => void {
  const hourly = writer.prepare(`
    INSERT INTO stat_hour (hour, app, method, channel, result, reason, count)
    VALUES (:hour, :app, :method, :channel, :result, :reason, 1)
    ON CONFLICT DO UPDATE SET count = count + 1`);
  const overall = writer.prepare(`
    INSERT INTO stat_total (app, method, channel, result, reason, count)
    VALUES (:app, :method, :channel, :result, :reason, 1)
    ON CONFLICT DO UPDATE SET count = count + 1`);
  return (event) => {
    const stat = statOf(event);
    if (stat === undefined) return;
    hourly.run(stat);
    const { hour: _, ...rest } = stat;
    overall.run(rest);
  };
}

import { pino } from 'pino';
import type { Policy } from '../core/policy.ts';
import type { Log } from '../ports.ts';

type LogSettings = Pick<Policy['log'], 'level' | 'format'>;

/** Characters that could end a line, colour a terminal or turn text around, wherever a log is read. */
const DANGEROUS = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Longest text of one field. What is longer is cut and marked, so that nobody fills a disk with one request. */
const MAX_FIELD = 16 * 1024;

/** Where lines go. */
export type LogSink = { write(line: string): unknown };

/**
 * A structured log: one event, one line, whatever is in its fields. `json` writes one object a line with time, level,
 * event and fields; `text` writes the same for people. Control, line-separator and bidirectional characters are escaped.
 */
export function createLog(
  settings: LogSettings,
  sink: LogSink,
  always: Readonly<Record<string, string | number>> = {},
): Log {
  const destination = {
    write: (line: string) => sink.write(settings.format === 'json' ? escapeLine(line) : textLine(line)),
  };
  const logger = pino(
    {
      level: settings.level,
      base: Object.keys(always).length === 0 ? null : { ...always },
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      logger[level](bounded(fields), event);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const bounded = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, boundedValue(value)]));

function boundedValue(value: unknown): unknown {
  if (value instanceof Error) return boundedValue(`${value.name}: ${value.message}`);
  if (typeof value !== 'string' || value.length <= MAX_FIELD) return value;
  return `${value.slice(0, MAX_FIELD)}… (${value.length} characters)`;
}

const escapeLine = (line: string): string =>
  line.replace(DANGEROUS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

function textLine(line: string): string {
  const { time, level, event, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `${escapeLine([String(time).slice(11, 19), String(level).padEnd(5), String(event), ...pairs].join(' '))}\n`;
}

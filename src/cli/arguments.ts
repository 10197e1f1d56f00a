import { InvalidArgumentError } from 'commander';

/** A TCP port; 0 stands for any free one. */
export function readPort(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65535) return Number(value);
  throw new InvalidArgumentError('0–65535');
}

/** A whole number greater than zero. */
export function readCount(value: string): number {
  if (/^[1-9]\d{0,6}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('1–9999999');
}

/** A moment in ISO 8601 with a time zone, in milliseconds. */
export function readMoment(value: string): number {
  const moment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new InvalidArgumentError('2026-11-23T10:00+09:00');
}

/** Collects a repeatable flag in the order it was given. */
export const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** Collects `key=value` pairs. */
export function collectPairs(
  value: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('key=value');
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

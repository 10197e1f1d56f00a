import type { Language } from '../core/policy.ts';
import { type Instant, MINUTE } from '../core/time.ts';

const LOCALES: Readonly<Record<Language, string>> = { ko: 'ko-KR', en: 'en-US', ja: 'ja-JP' };

/** Zones whose usual short name the runtime does not know. */
const ZONE_NAMES: ReadonlyMap<string, string> = new Map([
  ['Asia/Seoul', 'KST'],
  ['Asia/Tokyo', 'JST'],
  ['UTC', 'UTC'],
]);

/** A clock time in the reader's words: `오후 2:35`, `2:35 PM`, `14:35`. */
export const clockTime = (at: Instant, language: Language, zone: string): string =>
  write(at, language, { hour: 'numeric', minute: '2-digit', timeZone: zone });

/**
 * The clock time from which something is possible: rounded up to the whole minute, so that nobody comes too early, with
 * the zone: `오후 2:35 (KST)`.
 */
export const clockTimeFrom = (at: Instant, language: Language, zone: string): string =>
  `${roundedClockTime(at, language, zone)} (${zoneName(at, zone)})`;

/** The same without the zone, for a sentence beside it. */
export const roundedClockTime = (at: Instant, language: Language, zone: string): string =>
  clockTime(Math.ceil(at / MINUTE) * MINUTE, language, zone);

/** Day and time with the zone: `11월 23일 14:02 (KST)`. */
export const dayAndTime = (at: Instant, language: Language, zone: string): string =>
  `${write(at, language, { month: language === 'en' ? 'short' : 'long', day: 'numeric', timeZone: zone })} ${write(at, language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone })} (${zoneName(at, zone)})`;

/** A size in the units people know: `15 B`, `1.2 KB`, `50 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'KB'] : [bytes / (1024 * 1024), 'MB'];
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${unit}`;
}

function zoneName(at: Instant, zone: string): string {
  const known = ZONE_NAMES.get(zone);
  if (known !== undefined) return known;
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(at);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/** The runtime puts a narrow no-break space before PM; an ordinary space breaks more kindly and reads the same. */
const write = (at: Instant, language: Language, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(LOCALES[language], options).format(at).replaceAll('\u202f', ' ');

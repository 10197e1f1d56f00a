import { err, ok, type Result } from '../result.ts';
import { legacyReadings } from './legacy-path.ts';
import type { Tolerance } from './route.ts';

/** Why a path or query was refused. One word each, for the log, the page and the tests. */
export type PathFault =
  | 'path-character'
  | 'query-character'
  | 'percent-encoding'
  | 'encoded-delimiter'
  | 'encoded-control'
  | 'not-utf-8'
  | 'dot-segment'
  | 'segment-end'
  | 'path-too-long';

/** Every way an application may read a path, and what a route must tolerate for it to be let through at all. */
export type PathReadings = {
  /** The percent-decoded path first; then the path without `;parameters`, and the readings of tolerated oddities. */
  readonly readings: readonly string[];
  readonly needs: readonly Tolerance[];
};

const MAX_LENGTH = 8 * 1024;

/** Printable ASCII without the characters that RFC 3986 keeps out of a path and that servers read differently. */
const PATH_CHARACTERS = /^[\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7e%]*$/;

/**
 * Reads a raw path in every way an application behind us may read it.
 * Refused: a character outside printable ASCII or one of `# \ " < > ^ ` { | } ?`, broken percent-encoding, encoded NUL,
 * control, `\`, `#` and `?`, bytes that are not UTF-8, dot segments in any spelling (encoded, with parameters, in
 * full-width or other compatibility characters), and segments that end in a dot or a space.
 * An encoded slash, `//`, double encoding and encoded bytes of an older character set are not refused here: they are
 * named in `needs`, and only a route that tolerates them may match (RFC 3986 §6.2 lists why these have more than one
 * reading).
 */
export function readPath(path: string): Result<PathReadings, PathFault> {
  if (path.length > MAX_LENGTH) return err('path-too-long');
  if (isPlain(path)) return ok({ readings: [path], needs: NOTHING });
  if (!PATH_CHARACTERS.test(path)) return err('path-character');

  const needs = new Set<Tolerance>();
  if (path.includes('//')) needs.add('double_slash');
  const readings = new Set<string>();
  const decoded = decodeInTurn(path, needs);
  if (!decoded.ok) return decoded;
  for (const reading of decoded.value) readings.add(reading);
  if (/%2f/i.test(path)) needs.add('encoded_slash');
  for (const reading of [...readings]) readings.add(withoutParameters(reading));
  if ([...readings].some((reading) => reading.includes('//'))) needs.add('double_slash');
  for (const reading of [...readings]) readings.add(reading.replace(/\/{2,}/g, '/'));
  for (const reading of readings) {
    const fault = segmentFault(reading);
    if (fault !== undefined) return err(fault);
  }
  return ok({ readings: [...readings], needs: [...needs] });
}

const NOTHING: readonly Tolerance[] = [];

/** The common case, decided without decoding: only letters, digits, `/`, `-`, `_`, and dots inside a segment. */
const isPlain = (path: string): boolean => /^(?:\/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*\/?$/.test(path);

/** What a path says decoded once, decoded twice where that says something else, and in older character sets. */
function decodeInTurn(path: string, needs: Set<Tolerance>): Result<readonly string[], PathFault> {
  const first = decodeOnce(path);
  if (!first.ok && first.error === 'not-utf-8') return decodeLegacy(path, needs);
  if (!first.ok) return first;
  if (!/%[0-9a-f]{2}/i.test(first.value)) return ok([first.value]);
  needs.add('double_encoding');
  const second = decodeOnce(first.value);
  return second.ok ? ok([first.value, second.value]) : second;
}

/** The readings of a path that is not UTF-8. One that could be decoded twice besides has too many of them. */
function decodeLegacy(path: string, needs: Set<Tolerance>): Result<readonly string[], PathFault> {
  const readings = legacyReadings(path);
  if (readings === undefined) return err('not-utf-8');
  for (const reading of readings) {
    if (/%[0-9a-f]{2}/i.test(reading)) return err('not-utf-8');
    if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(reading)) return err('encoded-control');
    if (/[\\#?]/.test(reading)) return err('encoded-delimiter');
    if (count(reading, '/') !== count(readings[0] ?? '', '/')) return err('not-utf-8');
  }
  needs.add('legacy_encoding');
  return ok(readings);
}

/** Percent-decodes once as UTF-8, refusing what no path may hold. */
function decodeOnce(path: string): Result<string, PathFault> {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return err('percent-encoding');
  if (/%(?:[01][0-9a-f]|7f)/i.test(path)) return err('encoded-control');
  if (/%(?:5c|23|3f)/i.test(path)) return err('encoded-delimiter');
  try {
    const decoded = decodeURIComponent(path);
    return /[\u0080-\u009f\u2028\u2029]/.test(decoded) ? err('encoded-control') : ok(decoded);
  } catch {
    return err('not-utf-8');
  }
}

/** The path as servers see it that cut `;parameters` off every segment. */
const withoutParameters = (path: string): string =>
  path
    .split('/')
    .map((segment) => segment.split(';')[0] ?? '')
    .join('/');

function segmentFault(path: string): PathFault | undefined {
  const folded = /^[\x20-\x7e]*$/.test(path) ? path : path.normalize('NFKC');
  if (folded !== path && (count(folded, '/') !== count(path, '/') || folded.includes('\\'))) return 'dot-segment';
  for (const segment of folded.split('/')) {
    if (segment === '.' || segment === '..') return 'dot-segment';
    if (segment.endsWith('.') || segment.endsWith(' ')) return 'segment-end';
  }
  return undefined;
}

const count = (text: string, character: string): number => text.split(character).length - 1;

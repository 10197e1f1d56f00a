import { z } from 'zod';
import type { LocalText } from '../core/access/route.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Complaint, FindingArguments } from './finding.ts';
import { nearestTo } from './nearest.ts';
import { duration, name, type Read, show, size, wholeNumber } from './values.ts';

/** What JSON Schema can say about a value that only our own reader checks fully. */
type JsonShape = Readonly<Record<string, unknown>>;

/** A schema whose check and result are those of a reader; `shape` describes it to editors and in the reference. */
export const field = <T>(read: Read<T>, shape: JsonShape) =>
  z
    .unknown()
    .transform((value, context): T => {
      const result: Result<T, Complaint> = value === undefined ? err({ finding: 'missing-key' }) : read(value);
      if (result.ok) return result.value;
      context.issues.push({ code: 'custom', params: { complaint: result.error }, message: '', input: value });
      return z.NEVER;
    })
    .meta(shape);

/** The complaint inside a custom issue, if one of our readers raised it. */
export function complaintOf(params: unknown): Complaint | undefined {
  const complaint = (params as { complaint?: Complaint } | undefined)?.complaint; // only `field` writes this
  return complaint?.finding === undefined ? undefined : complaint;
}

/** A duration as text, within bounds. */
export const durationField = (min: string, max: string) =>
  field(duration(min, max), {
    type: 'string',
    pattern: '^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$',
    'x-kind': `duration, ${min} to ${max}`,
  });

/** A size as text, within bounds. */
export const sizeField = (min: string, max: string) =>
  field(size(min, max), {
    anyOf: [{ type: 'string', pattern: '^(0|[1-9][0-9]{0,8})([kKMGT]i?B|B)$' }, { const: 0 }],
    'x-kind': `size, ${min} to ${max}`,
  });

/** A whole number within bounds. */
export const numberField = (min: number, max: number) =>
  field(wholeNumber(min, max), { type: 'integer', minimum: min, maximum: max });

/** One of a few words. A near miss is answered with the word that was probably meant. */
export function wordField<const W extends string>(words: readonly W[], later: readonly string[] = []) {
  const read: Read<W> = (value) => {
    const word = words.find((each) => each === value);
    if (word !== undefined) return ok(word);
    if (typeof value === 'string' && later.includes(value))
      return err({ finding: 'not-in-this-version', values: { found: show(value) } });
    const suggestion = typeof value === 'string' ? nearestTo(value, words) : undefined;
    const found = typeof value === 'string' ? value : show(value);
    const values: FindingArguments = { found, known: words.join(', '), expected: words.join(' | ') };
    return err({ finding: 'not-one-of', values: suggestion === undefined ? values : { ...values, suggestion } });
  };
  return field(read, { enum: words });
}

/** A name given or referred to. */
export const nameField = () =>
  field(name, { type: 'string', pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N}_.-]{0,63}$', 'x-kind': 'name' });

/** A text of bounded length without control characters. */
export const textField = (max: number) =>
  field(
    (value) =>
      typeof value === 'string' && value !== '' && value.length <= max && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)
        ? ok(value)
        : err({ finding: 'bad-text', values: { found: show(value), max: String(max) } }),
    { type: 'string', minLength: 1, maxLength: max },
  );

/** A list with at least one entry, or one entry alone. */
export const oneOrMore = <T extends z.ZodType>(item: T) => {
  const list = nonEmpty(item);
  return z.union([item, list]).transform((value): z.output<T>[] => (Array.isArray(value) ? value : [value]));
};

/** A list, or one entry alone. */
export const anyNumber = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item)]).transform((value): z.output<T>[] => (Array.isArray(value) ? value : [value]));

/** A list that must not be written empty. */
export const nonEmpty = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .check((context) => {
      if (context.value.length > 0) return;
      context.issues.push({
        code: 'custom',
        params: { complaint: { finding: 'empty-list' } },
        message: '',
        input: context.value,
      });
    })
    .meta({ minItems: 1 });

/** A text for people: one for all languages, or one for each of some languages. */
export const localTextField = (max: number) =>
  z
    .union([
      textField(max),
      z.strictObject({ ko: textField(max).optional(), en: textField(max).optional(), ja: textField(max).optional() }),
    ])
    .transform((value): LocalText => {
      if (typeof value === 'string') return { ko: value, en: value, ja: value };
      return Object.fromEntries(Object.entries(value).filter(([, text]) => text !== undefined));
    });

/**
 * A key of a later version. Leaving it out, null, and its documented default are accepted because they ask for nothing;
 * anything else is refused, never ignored.
 */
export const later = (documented: unknown, description: string) =>
  field<undefined>(
    (value) =>
      asksForNothing(value, documented)
        ? ok(undefined)
        : err({ finding: 'not-in-this-version', values: { found: outline(value) } }),
    { 'x-later': true, default: documented, ...shapeOfNothing(documented) },
  )
    .optional()
    .describe(`${description} Not available in this version: leave it out.`);

/** What an editor may let pass: null and the default. Partial mappings are for our own reader to judge. */
function shapeOfNothing(documented: unknown): JsonShape {
  if (Array.isArray(documented)) return { type: ['array', 'null'] };
  return typeof documented === 'object' && documented !== null
    ? { type: ['object', 'null'] }
    : { enum: [...new Set([documented, null])] };
}

/** Lists and mappings are not shown: they may hold secrets. */
const outline = (value: unknown): string =>
  Array.isArray(value) ? '[…]' : typeof value === 'object' ? '{…}' : show(value);

function asksForNothing(value: unknown, documented: unknown): boolean {
  if (value === null || value === documented) return true;
  if (Array.isArray(value) || Array.isArray(documented)) {
    const isSameList = Array.isArray(value) && Array.isArray(documented) && value.length === documented.length;
    return (
      (Array.isArray(value) && value.length === 0) ||
      (isSameList && value.every((item, at) => asksForNothing(item, documented[at])))
    );
  }
  if (typeof value !== 'object' || typeof documented !== 'object' || documented === null) return false;
  const defaults = documented as Readonly<Record<string, unknown>>; // an object that is not null or a list
  return Object.entries(value).every(
    ([key, item]) => Object.hasOwn(defaults, key) && asksForNothing(item, defaults[key]),
  );
}

import { z } from 'zod';
import { foldLogin } from '../../core/identity/account.ts';
import { MINUTE } from '../../core/time.ts';
import type { Problem } from '../operation.ts';
import { problem } from '../problems.ts';

/** Longest list a page may have. */
const MAX_PAGE = 200;

/** How long the answer of a change is kept for its Idempotency-Key. */
export const KEPT = 10 * MINUTE;

/** Query fields of every list. */
export const pageQuery = {
  cursor: z
    .string()
    .max(2048)
    .optional()
    .meta({ description: 'Where the list goes on: `next_cursor` of the page before' }),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, 'a whole number from 1 to 200')
    .transform(Number)
    .refine((count) => count <= MAX_PAGE, 'a whole number from 1 to 200')
    .default(50)
    .meta({
      description: 'Most items of a page',
      // A number to the caller, a text in the query.
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: 1, maximum: MAX_PAGE });
      },
    }),
};

/** Schema of a page of these items. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: 'Hand in as `cursor` for the next page; null at the end' }),
  });

/** A login name in any spelling. */
export const login = z
  .string()
  .min(1)
  .max(128)
  .refine((text) => foldLogin(text) !== undefined, 'not a login name');

/** One line of text: no control character, no line or paragraph separator. */
export const line = z
  .string()
  .max(512)
  .refine((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), 'one line of text');

/** A moment in a query: RFC 3339 with an offset, or Unix seconds. Milliseconds inside. */
export const momentText = z
  .string()
  .max(40)
  .transform((text, context) => {
    const at = /^\d{1,11}$/.test(text) ? Number(text) * 1000 : readMoment(text);
    if (Number.isFinite(at)) return at;
    context.addIssue({ code: 'custom', message: 'a time such as 2026-11-23T09:00:00+09:00, or Unix seconds' });
    return z.NEVER;
  })
  .meta({ description: 'RFC 3339 with an offset, or Unix seconds' });

const readMoment = (text: string): number =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;

/** 404, in the same words for what never was, what is gone and what belongs to somebody else. */
export const notFound = (what: string): Problem => problem('not_found', `there is no such ${what}`);

/** A record without what was left out of it. */
export const given = <T extends object>(record: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  }; // the same keys, less those that hold nothing

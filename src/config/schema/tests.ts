import { z } from 'zod';
import { readAddress } from '../../core/access/cidr.ts';
import { FACTORS, type Factor, isFactor } from '../../core/identity/factors.ts';
import { err, ok } from '../../core/result.ts';
import { field, textField } from '../fields.ts';
import { moment } from '../moments.ts';
import { login, type Read, show } from '../values.ts';

export const TEST_METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const;

/** What a test expects to happen. */
export type Expectation =
  | { readonly kind: 'allow' | 'deny' | 'redirect' | 'respond' }
  | { readonly kind: 'need'; readonly factors: readonly Factor[] }
  | { readonly kind: 'refuse'; readonly status: 400 | 404 | 421 };

const expectation: Read<Expectation> = (value) => {
  if (value === 'allow' || value === 'deny' || value === 'redirect' || value === 'respond') return ok({ kind: value });
  const status = ([400, 404, 421] as const).find((each) => each === value || String(each) === value);
  if (status !== undefined) return ok({ kind: 'refuse', status });
  const factors = typeof value === 'string' && value.startsWith('need ') ? value.slice('need '.length).split('+') : [];
  if (factors.length > 0 && factors.every(isFactor)) return ok({ kind: 'need', factors });
  return err({ finding: 'bad-expectation', values: { found: show(value) } });
};

const url: Read<string> = (value) => {
  const isWhole = typeof value === 'string' && /^https?:\/\/[^/\s]+/.test(value) && value.length <= 8192;
  return isWhole ? ok(value) : err({ finding: 'bad-test-url', values: { found: show(value) } });
};

const address: Read<string> = (value) =>
  typeof value === 'string' && readAddress(value) !== undefined
    ? ok(value)
    : err({ finding: 'bad-cidr', values: { found: show(value), hint: '10.1.2.3, "fd00::1"' } });

const KNOWN = Object.keys(FACTORS).join(', ');

const have: Read<readonly Factor[]> = (value) => {
  const words: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(/[,+]/)
      : [value];
  if (words.every((word): word is Factor => typeof word === 'string' && isFactor(word))) return ok(words);
  return err({
    finding: 'not-one-of',
    values: { found: show(value), known: KNOWN, expected: KNOWN },
  });
};

const urlField = () =>
  field(url, { type: 'string', pattern: '^https?://', 'x-kind': 'URL' })
    .optional()
    .describe('The URL asked for with this method. A test has exactly one.');

/** One entry of `tests`. */
export const configTest = z.strictObject({
  user: field(login, { type: 'string', 'x-kind': 'login' })
    .optional()
    .describe('Who asks. Left out = nobody who is signed in.'),
  groups: z.array(textField(128)).prefault([]).describe('Groups of that person.'),
  get: urlField(),
  post: urlField(),
  put: urlField(),
  patch: urlField(),
  delete: urlField(),
  head: urlField(),
  options: urlField(),
  from: field(address, { type: 'string', 'x-kind': 'IP address' })
    .prefault('192.0.2.1')
    .describe('Address of the client.'),
  at: field(moment, { type: 'string', 'x-kind': 'moment' }).optional().describe('When, with a zone. Left out = now.'),
  have: field(have, {
    anyOf: [{ type: 'string' }, { type: 'array', items: { enum: Object.keys(FACTORS) } }],
    'x-kind': 'factors',
  })
    .prefault([])
    .describe('What that person has just proved.'),
  expect: field(expectation, {
    anyOf: [{ enum: ['allow', 'deny', 'redirect', 'respond', 404, 421, 400] }, { type: 'string', pattern: '^need ' }],
    'x-kind': 'outcome',
  }).describe('`allow`, `deny`, `redirect`, `respond`, `404`, `421`, `400`, or `need pw+otp`.'),
});

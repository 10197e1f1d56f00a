import { err, ok } from '../core/result.ts';
import { field } from './fields.ts';
import { type Read, show } from './values.ts';

/** Where a secret is kept. A literal is admitted here and judged where it is known whether this is a demo. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: string };

/** Reads `{ file: PATH }`, `{ env: NAME }` or a literal. Nothing of the value is ever shown. */
const secretSource: Read<SecretSource> = (value) => {
  if (typeof value === 'string' && value !== '') return ok({ kind: 'literal', value });
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [[key, place] = []] = entries;
  const isPlace = entries.length === 1 && typeof place === 'string' && place !== '' && !place.includes('\0');
  if (!isPlace) return err({ finding: 'bad-secret' });
  if (key === 'file') return ok({ kind: 'file', path: place });
  if (key === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(place)) return ok({ kind: 'env', name: place });
  return err({ finding: 'bad-secret' });
};

const FILE_SHAPE = {
  type: 'object',
  properties: { file: { type: 'string' } },
  required: ['file'],
  additionalProperties: false,
};
const ENV_SHAPE = {
  type: 'object',
  properties: { env: { type: 'string' } },
  required: ['env'],
  additionalProperties: false,
};

/** A secret, by where it is kept. */
export const secretField = () =>
  field(secretSource, { anyOf: [FILE_SHAPE, ENV_SHAPE], 'x-kind': '{ file: PATH } or { env: NAME }' });

/** A secret that has to be a file because the program writes it. */
export const secretFileField = () =>
  field<string>(
    (value) => {
      const read = secretSource(value);
      if (!read.ok) return read;
      return read.value.kind === 'file' ? ok(read.value.path) : err({ finding: 'bad-secret' });
    },
    { ...FILE_SHAPE, 'x-kind': '{ file: PATH }' },
  );

/** The path of a file or folder, relative to the folder of the configuration file. */
export const filePathField = () =>
  field<string>(
    (value) =>
      typeof value === 'string' && value !== '' && !value.includes('\0')
        ? ok(value)
        : err({ finding: 'wrong-type', values: { expected: 'a-text', found: show(value) } }),
    { type: 'string', minLength: 1, 'x-kind': 'path' },
  );

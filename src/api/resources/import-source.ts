import { z } from 'zod';
import { badRequest } from '../input.ts';

/** Most bytes of a body that brings a file. */
export const LARGEST_IMPORT = 8 * 1024 * 1024;

/** Longest file taken, as it is before it is put into JSON. */
const MAX_BYTES = 5 * 1024 * 1024;

/** How a file comes in a body. */
export const sourceFields = {
  content: z
    .string()
    .min(1)
    .max(7 * 1024 * 1024)
    .meta({ description: 'The file', writeOnly: true }),
  encoding: z.enum(['text', 'base64']).default('text'),
  dry_run: z.boolean().default(false).meta({ description: 'Only says what would become of it' }),
};

/** Bytes of a file that came in a body. Throws 400 for what is no base64 or too large. */
export function readContent({ content, encoding }: { readonly content: string; readonly encoding: 'text' | 'base64' }) {
  const bytes = Buffer.from(content, encoding === 'text' ? 'utf8' : 'base64');
  // Node drops what it cannot read: what comes back has to be what was sent.
  const isWhole = encoding === 'text' || bytes.toString('base64') === content.replace(/\s/g, '');
  if (!isWhole) throw badRequest({ path: 'content', message: 'not base64 (RFC 4648 §4)' });
  if (bytes.length > MAX_BYTES) throw badRequest({ path: 'content', message: 'larger than 5 MiB' });
  return Uint8Array.from(bytes);
}

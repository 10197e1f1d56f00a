import type { IncomingMessage } from 'node:http';
import type { Result } from '../core/result.ts';
import { err, ok } from '../core/result.ts';

/** A form's fields, each at most once. */
export type Form<Field extends string> = { readonly [F in Field]?: string };

export type FormFault = 'too-large' | 'media-type' | 'malformed';

/** No form of ours comes near this. */
export const LARGEST_FORM = 64 * 1024;

/**
 * Reads a form of ours: `application/x-www-form-urlencoded` in UTF-8, at most 64 KiB, without content coding, with the
 * known fields only once each (others are ignored). A body that breaks off is malformed.
 */
export async function readForm<Field extends string>(
  request: IncomingMessage,
  known: readonly Field[],
): Promise<Result<Form<Field>, FormFault>> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type)) return err('media-type');
  if (request.headers['content-encoding'] !== undefined) return err('media-type');
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_FORM) return err('too-large');
  const body = await readBody(request);
  return body.ok ? readFields(body.value, known) : body;
}

async function readBody(request: IncomingMessage): Promise<Result<string, FormFault>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = chunk;
      size += bytes.length;
      if (size > LARGEST_FORM) return err('too-large');
      chunks.push(bytes);
    }
  } catch {
    return err('malformed');
  }
  return ok(Buffer.concat(chunks).toString('utf8'));
}

function readFields<Field extends string>(body: string, known: readonly Field[]): Result<Form<Field>, FormFault> {
  const form: { [F in Field]?: string } = {};
  for (const [name, value] of new URLSearchParams(body)) {
    const field = known.find((one) => one === name);
    if (field === undefined) continue;
    if (form[field] !== undefined) return err('malformed');
    form[field] = value;
  }
  return ok(form);
}

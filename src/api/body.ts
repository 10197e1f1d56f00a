import type { IncomingMessage } from 'node:http';
import { problem } from './problems.ts';

/** Octets of a request body. */
export const LARGEST_BODY = 64 * 1024;

/**
 * Reads a body of at most so many octets, {@link LARGEST_BODY} unless told. Throws a problem where it is larger, or has a content coding.
 * Nothing is read where the length that is announced is too large.
 */
export async function readBody(request: IncomingMessage, most = LARGEST_BODY): Promise<Uint8Array> {
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') {
    throw problem('unsupported_media_type', 'send the body without Content-Encoding');
  }
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw tooLarge(most);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The media type of a request, in lower case and without parameters; the empty string where none is named. */
export const mediaTypeOf = (request: IncomingMessage): string =>
  (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** True unless the content type names a character set other than UTF-8. */
export function isUtf8(request: IncomingMessage): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

const tooLarge = (most: number) => problem('too_large', `a body holds ${most} octets at most`);

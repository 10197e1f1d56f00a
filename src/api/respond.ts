import type { IncomingMessage, ServerResponse } from 'node:http';
import { SECOND } from '../core/time.ts';
import type { Answer } from './operation.ts';
import { Problem } from './operation.ts';
import { problemDocument } from './problems.ts';

/** Headers of every answer of the API: nothing may keep it, nothing in it is a page. */
export const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};

/** Silence after which a comment is sent, so that nothing between closes a stream of events. */
const BEAT = 15 * SECOND;

/** Sends an answer: JSON, or a stream of events (WHATWG HTML, server-sent events) until it ends or the caller goes. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  answer: Answer,
): Promise<void> {
  if ('events' in answer) return sendEvents(request, response, requestId, answer.events);
  const body =
    answer.body === undefined ? '' : typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body)}\n`;
  response.writeHead(answer.status, {
    ...ALWAYS,
    'x-request-id': requestId,
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
    ...(answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? '' : body);
}

/** Sends a refusal as a problem document (RFC 9457). */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  visit: { readonly id: string; readonly number: string },
  refusal: Problem,
): void {
  const text = `${JSON.stringify(problemDocument(refusal, visit.number))}\n`;
  const { retry_after: retryAfter, allow } = refusal.more;
  response.writeHead(refusal.status, {
    ...ALWAYS,
    'x-request-id': visit.id,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(text),
    ...(refusal.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(typeof retryAfter === 'number' ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) } : {}),
    ...(Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
    // What is left of a body that was refused is not read.
    ...(refusal.status === 413 ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? '' : text);
}

async function sendEvents(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  events: Extract<Answer, { readonly events: unknown }>['events'],
): Promise<void> {
  response.writeHead(200, {
    ...ALWAYS,
    'x-request-id': requestId,
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  const beat = setInterval(() => response.write(': \n\n'), BEAT).unref();
  try {
    for await (const { event, data } of events) {
      if (response.destroyed) break;
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  } finally {
    clearInterval(beat);
    response.end();
  }
}

/** The problem that an exception is to the caller. Only a `Problem` says more than that nothing was decided. */
export function problemOf(breakage: unknown): Problem {
  if (breakage instanceof Problem) return breakage;
  const name = breakage instanceof Error ? breakage.name : '';
  const code = breakage instanceof Error && 'code' in breakage ? String(breakage.code) : '';
  const again = (kind: string, seconds: number, detail: string) =>
    new Problem(503, kind, detail, { retry_after: seconds });
  if (name === 'Busy') return again('busy', 1, 'too much is asked at once');
  if (name === 'ClockWentBack') return again('clock_unsafe', 5, 'the clock lies behind the records');
  if (code.startsWith('SQLITE_')) return again('db_unavailable', 2, 'the database does not answer');
  return new Problem(500, 'internal', 'something broke; the log has the request number');
}

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Page } from '../ports.ts';
import { stateOf } from './connection-state.ts';
import { fieldOf } from './read-fields.ts';
import { logVisit, recordVisit } from './record.ts';
import type { Visit } from './visit.ts';

/** A body that nobody reads is taken off the wire up to here; beyond, the connection is closed. */
export const DRAIN_MAX = 64 * 1024;

/** While a connection closes, its peer is given this long, and this many bytes, to stop sending and read the answer. */
const LINGER_TIME = 1000;
const LINGER_BYTES = 4 * 1024 * 1024;

/** On every answer of ours; pages bring stricter ones of their own. */
const PLAIN_HEADERS = [
  ...['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ...['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'no-referrer'],
];

/** True if an earlier answer on this connection said that it ends. */
export const isClosing = (socket: Socket): boolean => stateOf(socket).closing;

/** Notes that the connection ends; false if that was known. */
export function markClosing(socket: Socket): boolean {
  const state = stateOf(socket);
  if (state.closing) return false;
  state.closing = true;
  return true;
}

/** Remembers the response that the next bytes of a connection may spoil. */
export function noteResponse(socket: Socket, res: ServerResponse): void {
  stateOf(socket).latest = res;
}

/** True for a connection on which no request has come yet. */
export const isUnused = (socket: Socket): boolean => stateOf(socket).latest === undefined;

/** True if bytes may be written to the connection past its response object: none has begun, and none waits in line. */
export function canAnswerRaw(socket: Socket): boolean {
  const last = stateOf(socket).latest;
  return last === undefined || last.writableFinished || (last.socket === socket && !last.headersSent);
}

export type AnswerOptions = {
  /** The tag and reason of the decision, for the log. */
  readonly outcome: string;
  /** Further header names and values, alternating. */
  readonly headers?: readonly string[];
  /** The connection ends with this answer. */
  readonly close?: boolean;
};

/** Answers with a page of ours, or with the problem document that says the same (RFC 9457). */
export function respondPage(visit: Visit, status: number, page: Page, options: AnswerOptions): void {
  const { gate, target, req, fields } = visit;
  const context = {
    requestId: visit.id,
    host: target?.host ?? '',
    path: target?.path ?? '/',
    query: target?.query ?? '',
    acceptLanguage: fieldOf(req.rawHeaders, 'accept-language'),
    cookie: fields.cookie,
    now: visit.now,
  };
  const rendered = isForPeople(visit)
    ? gate.pages.html(page, status, context)
    : gate.pages.problem(page, status, context);
  gate.counters.refused += 1;
  const headers = [...Object.entries(rendered.headers).flat(), ...(options.headers ?? [])];
  respond(visit, status, headers, Buffer.from(rendered.body), options);
}

/** Sends the browser elsewhere: 303, so that a POST becomes a GET there. */
export function respondSeeOther(visit: Visit, location: string, options: AnswerOptions): void {
  respond(visit, 303, [...PLAIN_HEADERS, 'Location', location, ...(options.headers ?? [])], EMPTY, options);
}

/**
 * Every answer of ours goes out here: with its number, never cached, and with a body of the request that nobody will
 * read either drained or the connection closed, so that it is never taken for another request.
 */
export function respond(visit: Visit, status: number, headers: string[], body: Buffer, options: AnswerOptions): void {
  const { req, res, gate } = visit;
  if (res.headersSent || res.destroyed) return;
  recordVisit(visit, status, options.outcome);
  logVisit(visit, status, options.outcome);
  const unread = unreadBytes(visit);
  const close = options.close === true || gate.draining || unread > DRAIN_MAX || (unread > 0 && visit.expectsContinue);
  const own = ['X-Request-Id', visit.id, 'Content-Length', String(body.length)];
  if (!headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'cache-control')) {
    own.push('Cache-Control', 'no-store');
  }
  if (close) {
    own.push('Connection', 'close');
    markClosing(req.socket);
  }
  res.writeHead(status, STATUS_CODES[status] ?? '', [...headers, ...own]);
  if (unread > DRAIN_MAX) {
    endLater(visit, body);
    return;
  }
  if (unread > 0) req.resume();
  res.end(body);
}

/** The one end of every exception: logged with the number of the request, and nobody gets in. */
export function failVisit(visit: Visit, breakage: unknown): void {
  const { gate, id, res } = visit;
  gate.counters.failed += 1;
  gate.house.log.error('request.failed', { request: id, error: describe(breakage) });
  if (res.headersSent) res.destroy();
  else respondPage(visit, 503, { kind: 'unavailable' }, { outcome: 'failed', close: true });
}

const describe = (breakage: unknown): string =>
  breakage instanceof Error ? (breakage.stack ?? breakage.message) : String(breakage);

/** Ends a response whose request is still arriving: the peer reads the answer before the connection goes. */
export function endLater({ req, res }: Visit, body: Buffer): void {
  let left = LINGER_BYTES;
  const end = (): void => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, LINGER_TIME);
  res.once('close', () => clearTimeout(timer));
  req.removeAllListeners('data');
  req.on('data', (bytes: Buffer) => {
    left -= bytes.length;
    if (left < 0) end();
  });
  req.once('end', end);
  req.resume();
  if (body.length > 0) res.write(body);
  else res.flushHeaders();
}

/** How much of the request's body is still to come, as far as is known; a chunked one has no known end. */
export function unreadBytes({ req, framing }: Visit): number {
  if (req.complete || framing.kind === 'none') return 0;
  return framing.kind === 'length' ? framing.bytes : Number.POSITIVE_INFINITY;
}

/** True for a request that a person waits for: a page is of use to it, and a sign-in can come of it. */
export function isForPeople(visit: Visit): boolean {
  const { rawHeaders } = visit.req;
  const mode = fieldOf(rawHeaders, 'sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  if (fieldOf(rawHeaders, 'x-requested-with') !== undefined) return false;
  return /\btext\/html\b/i.test(fieldOf(rawHeaders, 'accept') ?? '');
}

const EMPTY = Buffer.alloc(0);

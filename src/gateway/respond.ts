import { STATUS_CODES } from 'node:http';
import type { Page } from '../ports.ts';
import { fieldOf } from './read-fields.ts';
import { logVisit, recordVisit } from './record.ts';
import { isFieldContent } from './upstream/request-head.ts';
import type { Visit } from './visit.ts';

/** A body that nobody reads is taken off the wire up to here; beyond, the connection is closed. */
export const DRAIN_MAX = 64 * 1024;

/** On every answer of ours; pages bring stricter ones of their own. */
const PLAIN_HEADERS = [
  ...['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ...['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'no-referrer'],
];

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
 * read either drained by the front or the connection closed, so that it is never taken for another request.
 */
export function respond(visit: Visit, status: number, headers: string[], body: Buffer, options: AnswerOptions): void {
  const { res, gate, req } = visit;
  if (res.headersSent || res.destroyed) return;
  recordVisit(visit, status, options.outcome);
  logVisit(visit, status, options.outcome);
  const unread = unreadBytes(visit);
  const close = options.close === true || gate.draining || unread > DRAIN_MAX || (unread > 0 && req.expectsContinue);
  const own = ['X-Request-Id', visit.id, 'Content-Length', String(body.length), ...onlyHttps(visit)];
  if (!headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'cache-control')) {
    own.push('Cache-Control', 'no-store');
  }
  if (close) res.keepAlive = false;
  const all = [...headers, ...own];
  // Written as latin1, a value of other characters could end its line early.
  if (!all.every(isFieldContent)) throw new Error('a header of an answer cannot be sent');
  res.writeHead(status, STATUS_CODES[status] ?? '', all);
  res.end(body);
}

/**
 * Asks browsers to come by https alone from now on, where the plain address only redirects: elsewhere something else of
 * this host may still be served in clear (RFC 6797).
 */
export const onlyHttps = ({ client, running }: Visit): readonly string[] =>
  client.scheme === 'https' && running.policy.server.redirectFrom.length > 0
    ? ['Strict-Transport-Security', 'max-age=31536000']
    : [];

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

/** How much of the request's body is still to come, as far as is known; a chunked one has no known end. */
export function unreadBytes({ req, framing }: Visit): number {
  if (req.complete || framing.kind === 'none') return 0;
  return framing.kind === 'length' ? framing.bytes : Number.POSITIVE_INFINITY;
}

/** True for a request that a person waits for: a page is of use to it, and a sign-in can come of it. */
export function isForPeople(visit: { readonly req: { readonly rawHeaders: readonly string[] } }): boolean {
  const { rawHeaders } = visit.req;
  const mode = fieldOf(rawHeaders, 'sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  if (fieldOf(rawHeaders, 'x-requested-with') !== undefined) return false;
  return /\btext\/html\b/i.test(fieldOf(rawHeaders, 'accept') ?? '');
}

const EMPTY = Buffer.alloc(0);

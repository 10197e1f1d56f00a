import type { ServerResponse } from 'node:http';
import type { Language } from '../core/policy.ts';
import { cookieLine } from '../core/session/cookies.ts';
import { DAY, SECOND } from '../core/time.ts';
import { answerHeaders } from '../http/headers.ts';
import { type Notice, plain, toStart } from '../http/notices.ts';
import type { PortalPage } from '../http/portal-pages.ts';
import type { Reader } from '../http/reader.ts';
import type { Visit } from './visit.ts';

/** What is sent back. Written by one function, so that no answer of the portal lacks its number or its headers. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly cookies?: readonly string[];
  /** The outcome in a word, for whoever looks the request up by its number; never the inner reason of a refusal. */
  readonly outcome?: string;
};

/** A page of the portal in the reader's language. */
export function showPage(
  visit: Visit,
  status: number,
  page: PortalPage,
  cookies: readonly string[] = [],
  language?: string,
): Answer {
  return { status, ...visit.parts.pages.portal(page, visit.page, language), cookies };
}

/** A notice as a page for people and as a problem document for programs. */
export function showNotice(visit: Visit, status: number, notice: (reader: Reader) => Notice): Answer {
  return wantsPage(visit) ? showPage(visit, status, { kind: 'notice', notice }) : problem(visit, status, notice);
}

/** A notice as a problem document, whoever asks. */
export const problem = (visit: Visit, status: number, notice: (reader: Reader) => Notice): Answer => ({
  status,
  ...visit.parts.pages.portalProblem({ kind: 'notice', notice }, status, visit.page),
});

/** A page of ours that nobody put there. */
export const notFound = (visit: Visit): Answer =>
  showNotice(visit, 404, (reader) => ({ ...plain(reader, 'not_found', 'notFound'), actions: [toStart(reader)] }));

/**
 * 303: the browser asks for `location` next, with GET. Only paths of this host are ever given; between the portal and the
 * host that waits for it, addresses of those two.
 */
export const goTo = (location: string, cookies: readonly string[] = []): Answer => ({
  status: 303,
  headers: { ...answerHeaders(), location },
  body: '',
  cookies,
});

/** A JSON document. */
export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { ...answerHeaders(), 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

/** True if the caller can read a page: it does not say that it is a script, and takes HTML. */
export function wantsPage({ request }: Pick<Visit, 'request'>): boolean {
  const mode = request.headers['sec-fetch-mode'];
  if (mode !== undefined && mode !== 'navigate') return false;
  if (request.headers['x-requested-with'] !== undefined) return false;
  return (request.headers.accept ?? 'text/html').includes('text/html');
}

/** How long a browser is known, and a chosen language remembered. */
const KNOWN_FOR = (180 * DAY) / SECOND;

/** Sets the cookie that marks this browser. */
export const browserCookie = ({ names, context }: Visit, secret: string): string =>
  cookieLine(names.browser, secret, { scheme: context.scheme, sameSite: 'lax', maxAge: KNOWN_FOR });

/** Remembers a language, if it is one of those on offer. */
export function languageCookie({ names, context, policy }: Visit, chosen: string | undefined): readonly string[] {
  const language: Language | undefined = policy.pages.languages.find((one) => one === chosen);
  if (language === undefined) return [];
  return [cookieLine(names.language, language, { scheme: context.scheme, sameSite: 'lax', maxAge: KNOWN_FOR })];
}

/** Writes an answer. */
export function send(response: ServerResponse, requestId: string, answer: Answer): void {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.setHeader('x-request-id', requestId);
  if (answer.cookies !== undefined && answer.cookies.length > 0) response.setHeader('set-cookie', [...answer.cookies]);
  response.setHeader('content-length', Buffer.byteLength(answer.body));
  response.end(answer.body);
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { foldLogin } from '../core/identity/account.ts';
import { plain } from '../http/notices.ts';
import { Busy } from '../ports.ts';
import { type Answer, languageCookie, notFound, send, showNotice } from './answer.ts';
import { showApps } from './apps.ts';
import { showHandOver } from './hand-over.ts';
import { showLogin, submitLogin } from './login.ts';
import { showLogout, submitLogout } from './logout.ts';
import { showResume, submitResume } from './resume.ts';
import { showKeys, showSession } from './session.ts';
import { onlyParameter, type PortalContext, type PortalParts, readVisit, type Visit } from './visit.ts';

export type PortalHandler = (request: IncomingMessage, response: ServerResponse, context: PortalContext) => void;

type Handler = (visit: Visit) => Promise<Answer> | Answer;

/**
 * The pages of the reserved path. The gateway hands over every request below it, with what it found out about the
 * client; nothing of that is read from headers again.
 */
export function createPortal(parts: PortalParts): PortalHandler {
  const contexts = new WeakMap<IncomingMessage, PortalContext>();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');

  const serve =
    (handler: Handler): express.RequestHandler =>
    async (request, response) => {
      const context = contexts.get(request);
      if (context === undefined) throw new Error('a request reached the pages without passing the gateway');
      const answer = await answerTo(handler, request, parts, context);
      if (!response.headersSent && !response.destroyed) send(response, context.requestId, answer);
    };

  app.get('/', serve(showApps));
  app.get('/login', serve(showLogin)).post('/login', serve(submitLogin));
  app.get('/logout', serve(showLogout)).post('/logout', serve(submitLogout));
  app.head('/handover', serve(refusedMethod('GET'))).get('/handover', serve(showHandOver));
  app.get('/resume', serve(showResume)).post('/resume', serve(submitResume));
  app.get('/session', serve(showSession));
  app.get('/jwks.json', serve(showKeys));
  app.all(['/login', '/logout', '/resume'], serve(refusedMethod('GET, HEAD, POST')));
  app.all('/handover', serve(refusedMethod('GET')));
  app.all(['/', '/session', '/jwks.json'], serve(refusedMethod('GET, HEAD')));
  app.use(serve(notFound));

  return (request, response, context) => {
    contexts.set(request, context);
    request.url = below(parts.policy().server.reservedPath, request.url ?? '/');
    app(request, response);
  };
}

/**
 * One request, one answer. Whatever breaks becomes 503 without a word about the cause; the log has it under the
 * request's number, and nobody is let in.
 */
async function answerTo(
  handler: Handler,
  request: IncomingMessage,
  parts: PortalParts,
  context: PortalContext,
): Promise<Answer> {
  let visit: Visit | undefined;
  try {
    visit = await readVisit(request, parts, context);
    const answer = withLanguage(visit, await handler(visit));
    recordAnswer(visit, answer);
    return answer;
  } catch (breakage) {
    const level = breakage instanceof Busy ? 'warn' : 'error';
    parts.house.log[level]('portal.failed', { request: context.requestId, error: describe(breakage) });
    return unavailable(request, parts, context, visit);
  }
}

/** Keeps a request that ended in a refusal, so that the number on its page can be looked up. */
function recordAnswer({ parts, context, request, policy, page, session, now }: Visit, answer: Answer): void {
  if (answer.status < 400) return;
  parts.house.requests.record({
    id: context.requestId,
    at: now,
    method: (request.method ?? '').slice(0, 32),
    url: `${context.scheme}://${context.host}${policy.server.reservedPath}${page.path.slice(0, 256)}`,
    address: context.address.text,
    login: session === undefined ? '' : (foldLogin(session.account.login) ?? ''),
    have: session?.proofs ?? {},
    status: answer.status,
    outcome: answer.outcome ?? 'portal',
  });
}

/** A language asked for in the address is remembered. */
function withLanguage(visit: Visit, answer: Answer): Answer {
  const language = languageCookie(visit, onlyParameter(visit.query, 'lang'));
  return language.length === 0 ? answer : { ...answer, cookies: [...(answer.cookies ?? []), ...language] };
}

function unavailable(
  request: IncomingMessage,
  { pages, house }: PortalParts,
  context: PortalContext,
  visit: Visit | undefined,
): Answer {
  const page = visit?.page ?? {
    requestId: context.requestId,
    host: context.host,
    path: '/',
    query: '',
    acceptLanguage: request.headers['accept-language'],
    cookie: undefined,
    now: house.clock.now(),
  };
  return { status: 503, ...pages.html({ kind: 'unavailable' }, 503, page) };
}

const describe = (breakage: unknown): string =>
  breakage instanceof Error ? (breakage.stack ?? breakage.message) : String(breakage);

const refusedMethod =
  (allow: string): Handler =>
  (visit) => {
    const answer = showNotice(visit, 405, (reader) => plain(reader, 'method_refused', 'method'));
    return { ...answer, headers: { ...answer.headers, allow } };
  };

/** The path below the prefix; the prefix itself, with or without its slash, is `/`. */
function below(prefix: string, url: string): string {
  const rest = url.startsWith(prefix) ? url.slice(prefix.length) : url;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

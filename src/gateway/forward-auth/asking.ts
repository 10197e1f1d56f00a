import type { Route } from '../../core/access/route.ts';
import type { Target } from '../../core/access/target.ts';
import type { Page } from '../../ports.ts';
import { fieldOf } from '../read-fields.ts';
import { auditVisit, logVisit, type Recorded, recordVisit } from '../record.ts';
import { isForPeople } from '../respond.ts';
import type { Visit } from '../visit.ts';
import { type Document, passesAnswersOn, type Verdict } from './answer.ts';
import type { Asker, SubRequest } from './question.ts';

/** A request of another proxy's on its way to a verdict: `req` is the request that is asked about. */
export type Asking = { -readonly [K in keyof Recorded]: Recorded[K] } & {
  readonly fields: Visit['fields'];
  asker: Asker;
  req: SubRequest;
  /** The Host field of the request, as the browser sent it. */
  host: string;
  /** Headers in our name that the browser sent. */
  spoofed: readonly string[];
};

/** One whose route is known. */
export type AskingOnRoute = Asking & { target: Target; route: Route };

/** Refuses what has no reading or more than one, and what no route covers. Noted like a request of our own. */
export function refuse(asking: Asking, code: string): Verdict {
  const page = pageOf(code);
  if (page.kind === 'bad-request') auditVisit(asking, 'request.refused', code);
  return refuseWith(asking, 403, page, page.kind === 'bad-request' ? `fault ${code}` : code);
}

function pageOf(code: string): Page {
  switch (code) {
    case 'unknown-host':
      return { kind: code };
    case 'no-route':
      return { kind: code, session: undefined };
    default:
      return { kind: 'bad-request', code };
  }
}

/** Refuses with a page, or the problem document that says the same. */
export function refuseWith(asking: Asking, status: 403 | 429 | 503, page: Page, outcome: string): Verdict {
  asking.gate.counters.refused += 1;
  note(asking, status, outcome);
  return { kind: 'refuse', status, document: documentOf(asking, status, page) };
}

/** The one end of every exception: logged with the number of the request, and nobody gets in. */
export function unavailable(asking: Asking, breakage: unknown): Verdict {
  asking.gate.counters.failed += 1;
  const error = breakage instanceof Error ? (breakage.stack ?? breakage.message) : String(breakage);
  asking.gate.house.log.error('request.failed', { request: asking.id, error });
  return refuseWith(asking, 503, { kind: 'unavailable' }, 'failed');
}

/** Keeps and logs a request that did not simply pass. */
export function note(asking: Asking, status: number, outcome: string): void {
  recordVisit(asking, status, outcome);
  logVisit(asking, status, outcome);
}

/** The page or document for whoever waits; none where the asker has no use for it. */
export function documentOf(asking: Asking, status: number, page: Page): Document | undefined {
  if (!passesAnswersOn(asking.asker)) return undefined;
  const { gate, target, req, fields } = asking;
  const context = {
    requestId: asking.id,
    host: target?.host ?? '',
    path: target?.path ?? '/',
    query: target?.query ?? '',
    acceptLanguage: fieldOf(req.rawHeaders, 'accept-language'),
    cookie: fields.cookie,
    now: asking.now,
  };
  return isForPeople(asking) ? gate.pages.html(page, status, context) : gate.pages.problem(page, status, context);
}

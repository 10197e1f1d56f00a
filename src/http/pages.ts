import { type Policy, titleOf } from '../core/policy.ts';
import { requestNumber } from '../core/request-number.ts';
import type { PageContext, Pages } from '../ports.ts';
import { sentences } from '../texts/page-texts.ts';
import { answerHeaders, pageHeaders } from './headers.ts';
import { type Notice, noticeOf } from './notices.ts';
import { type PortalPage, portalView } from './portal-pages.ts';
import { frameOf, type Reader, readerOf } from './reader.ts';
import { createViews, type Views } from './views.ts';

/** A page or document ready to be sent. */
export type Rendered = { readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** All pages of ours: those of the gateway, and those of the portal with the same frame and voice. */
export type SitePages = Pages & {
  /** `language` is a choice made in the submitted form; it wins over the address. */
  portal(page: PortalPage, context: PageContext, language?: string): Rendered;
  /** The problem document of a portal's page, for callers that are not a browser. */
  portalProblem(page: Extract<PortalPage, { kind: 'notice' }>, status: number, context: PageContext): Rendered;
};

/**
 * Renders pages and problem documents under the policy in force. Templates are compiled here, once. Times are written
 * in `zone`.
 */
export function createPages(policy: () => Policy, zone = 'Asia/Seoul'): SitePages {
  const views = createViews();
  const reader = (context: PageContext, language?: string): Reader => readerOf(policy(), context, zone, language);
  return {
    html: (page, _status, context) => noticePage(views, noticeOf(page, reader(context)), reader(context)),
    problem: (page, status, context) => problemOf(noticeOf(page, reader(context)), status, reader(context)),
    portal: (page, context, language) => {
      const one = reader(context, language);
      if (page.kind === 'notice') return noticePage(views, page.notice(one), one);
      const view = portalView(page, one);
      return {
        headers: { ...headersFor(views, one, view.onward), ...view.headers },
        body: documentOf(views, one, view.template, view.model),
      };
    },
    portalProblem: (page, status, context) => problemOf(page.notice(reader(context)), status, reader(context)),
  };
}

function noticePage(views: Views, notice: Notice, reader: Reader): Rendered {
  const frame = frameOf(reader, {
    heading: notice.heading,
    app: notice.destination?.title,
    languages: notice.languages,
  });
  const model = {
    ...frame,
    ...notice,
    lead: notice.lead.flatMap(sentences),
    languages: frame['languages'],
    ...stationsOf(notice, reader),
  };
  const template = notice.upstream === undefined ? 'notice' : 'gateway/upstream';
  const headers = { ...headersFor(views, reader), ...retryAfter(notice, reader) };
  return { headers, body: documentOf(views, reader, template, model) };
}

const documentOf = (views: Views, reader: Reader, template: string, model: Readonly<Record<string, unknown>>): string =>
  views.document(template, { ...model, css: views.style(reader.policy.pages.brand.accent).css });

const headersFor = (views: Views, reader: Reader, onward = false): Record<string, string> =>
  pageHeaders(views.style(reader.policy.pages.brand.accent).source, reader.language, onward);

/** A problem document (RFC 9457) that says what the page says. */
function problemOf(notice: Notice, status: number, reader: Reader): Rendered {
  const { context, policy } = reader;
  const document = {
    type: `${policy.server.reservedPath}/errors#${notice.code}`,
    title: notice.heading,
    status,
    detail: notice.lead.join(' '),
    code: notice.code,
    request: requestNumber(context.requestId),
    ...(notice.retryAt === undefined ? {} : { retry_after: secondsUntil(notice.retryAt, context.now) }),
    ...(notice.login === undefined ? {} : { login: notice.login }),
  };
  const headers = {
    ...answerHeaders(),
    'content-type': 'application/problem+json',
    'content-language': reader.language,
    ...retryAfter(notice, reader),
  };
  return { headers, body: JSON.stringify(document) };
}

const retryAfter = (notice: Notice, { context }: Reader): Record<string, string> =>
  notice.retryAt === undefined ? {} : { 'retry-after': String(secondsUntil(notice.retryAt, context.now)) };

/** Whole seconds of a Retry-After field, rounded up so that nobody comes back too early. */
export const secondsUntil = (at: number, now: number): number => Math.max(1, Math.ceil((at - now) / 1000));

/** The three stations of a failed request: two that work, and the one that does not. */
function stationsOf(notice: Notice, { t, language, context }: Reader): Record<string, unknown> {
  if (notice.upstream === undefined) return {};
  const { route, cause, retry } = notice.upstream;
  const state = t(({ unreachable: 'fault.noAnswer', timeout: 'fault.late', broken: 'fault.garbled' } as const)[cause]);
  return {
    stations: [
      { name: t('fault.browser'), state: t('fault.ok'), fine: true },
      { name: t('fault.gate'), state: t('fault.ok'), fine: true },
      { name: titleOf(route, language), state, fine: false },
    ],
    // A query alone stays on this very address, whatever its path looks like.
    retry: retry === 'link' ? context.query || '?' : undefined,
  };
}

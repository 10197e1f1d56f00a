import type { DenyReason } from '../core/access/decide.ts';
import type { Route } from '../core/access/route.ts';
import { textIn, titleOf } from '../core/policy.ts';
import type { Session } from '../core/session/session.ts';
import { MINUTE, type Milliseconds } from '../core/time.ts';
import type { Page } from '../ports.ts';
import type { PageText } from '../texts/pages/ko.ts';
import { clockTimeFrom, dayAndTime, sizeText } from '../texts/time.ts';
import type { Reader } from './reader.ts';

/** A page in words: what the template `notice` shows and what a problem document says. */
export type Notice = {
  /** Stable name for programs. */
  readonly code: string;
  readonly heading: string;
  /** Sentences. */
  readonly lead: readonly string[];
  readonly fix?: string | undefined;
  readonly destination?: { readonly title: string; readonly place: string };
  readonly actions: readonly { readonly text: string; readonly href: string; readonly main?: boolean }[];
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly languages: 'links' | 'none';
  readonly retryAt?: number;
  readonly login?: string;
  readonly upstream?: Extract<Page, { kind: 'upstream' }>;
};

/** What each page of the gateway says to this reader. */
export function noticeOf(page: Page, reader: Reader): Notice {
  const { t, language, zone } = reader;
  switch (page.kind) {
    case 'denied':
      return denied(page.route, page.reason, page.session, reader);
    case 'no-route':
      return { ...plain(reader, 'no_route', 'noRoute'), languages: 'links', facts: whoAndWhen(page.session, reader) };
    case 'unknown-host':
      return { ...plain(reader, 'host_not_served', 'unknownHost'), languages: 'links' };
    case 'bad-request':
      return plain(reader, page.code.replaceAll('-', '_'), 'badRequest');
    case 'method-refused':
      return plain(reader, 'method_refused', 'method');
    case 'too-large':
      return {
        ...plain(reader, 'body_too_large', 'tooLarge'),
        lead: [t('tooLarge.lead', { size: sizeText(page.max) })],
      };
    case 'too-many': {
      const lead = [t('tooMany.lead', { time: clockTimeFrom(page.retryAt, language, zone) })];
      return { ...plain(reader, 'too_many_requests', 'tooMany'), lead, retryAt: page.retryAt };
    }
    case 'foreign-origin':
      return { ...plain(reader, 'foreign_origin', 'foreign'), actions: [toStart(reader)] };
    case 'upstream':
      return upstream(page, reader);
    case 'post-not-kept': {
      const actions = [{ text: t('login.title'), href: page.loginUrl, main: true }];
      const shown = { code: 'post_not_kept', heading: t('notKept.title'), lead: [t(`notKept.${page.why}`)] };
      return { ...shown, actions, facts: [], languages: 'none', login: page.loginUrl };
    }
    case 'sign-in-required': {
      const lead = [t(page.code === 'step_up_required' ? 'stepUpNeeded.lead' : 'signInNeeded.lead')];
      const heading = t(page.code === 'step_up_required' ? 'stepUpNeeded.title' : 'signInNeeded.title');
      const actions = [{ text: t('login.title'), href: page.loginUrl, main: true }];
      return { code: page.code, heading, lead, actions, facts: [], languages: 'none', login: page.loginUrl };
    }
    case 'maintenance':
      return maintenance(page, reader);
    case 'unavailable': {
      const lead = [t('fault.unavailableLead'), t('fault.sorry'), t('fault.later')];
      const heading = t('fault.unavailable');
      return {
        code: 'unavailable',
        heading,
        lead,
        actions: [],
        facts: [],
        languages: 'none',
        retryAt: reader.context.now + 5000,
      };
    }
  }
}

/** How soon somebody should look again where nobody said when it is over. */
const LOOK_AGAIN: Milliseconds = 2 * MINUTE;

function maintenance(page: Extract<Page, { kind: 'maintenance' }>, reader: Reader): Notice {
  const { t, language, zone, context } = reader;
  const app = titleOf(page.route, language);
  const isAhead = page.until !== undefined && page.until > context.now;
  const over = isAhead
    ? t('maintenance.until', { time: dayAndTime(page.until ?? 0, language, zone) })
    : t('maintenance.open');
  const own = textIn(page.text, language);
  return {
    code: 'maintenance',
    heading: t('maintenance.title', { app }),
    lead: [...(own === undefined ? [] : [own]), over, t('maintenance.others')],
    destination: { title: app, place: placeOf(context.host, context.path) },
    // A query alone stays on this very address, whatever its path looks like.
    actions: [{ text: t('page.retry'), href: context.query || '?', main: true }, toStart(reader)],
    facts: [],
    languages: 'links',
    retryAt: isAhead ? page.until : context.now + LOOK_AGAIN,
  };
}

/** Sentences that need values: whoever says them fills them in. */
const WITH_VALUES: ReadonlySet<NoticeKey> = new Set(['tooLarge', 'tooMany', 'tooManySessions', 'tooManyTexts']);

/** A notice with a heading and one sentence, `<key>.title` and `<key>.lead`; no sentence where it needs values. */
export function plain(reader: Reader, code: string, key: NoticeKey): Notice {
  const { t } = reader;
  const lead = WITH_VALUES.has(key) ? [] : [t(`${key}.lead`)];
  return { code, heading: t(`${key}.title`), lead, actions: [], facts: [], languages: 'none' };
}

type NoticeKey =
  Extract<PageText, `${string}.lead`> extends infer Lead
    ? Lead extends `${infer Key}.lead`
      ? `${Key}.title` extends PageText
        ? Key
        : never
      : never
    : never;

/** The way to the list of applications. */
export const toStart = ({ t, policy }: Reader): Notice['actions'][number] => ({
  text: t('page.back'),
  href: `${policy.server.reservedPath}/`,
});

function denied(route: Route, reason: DenyReason, session: Session | undefined, reader: Reader): Notice {
  const { t, language, policy, context } = reader;
  const other = { text: t('page.signInAsOther'), href: `${policy.server.reservedPath}/logout?again=1`, main: true };
  return {
    code: 'access_denied',
    heading: t('denied.title'),
    lead: [textIn(route.explain, language) ?? t(REASONS[reason])],
    fix: textIn(route.fix, language),
    destination: { title: titleOf(route, language), place: placeOf(context.host, context.path) },
    actions: session === undefined ? [] : [other],
    facts: whoAndWhen(session, reader),
    languages: 'links',
  };
}

const REASONS: Readonly<Record<DenyReason, PageText>> = {
  'rule-denies': 'denied.closed',
  'user-not-allowed': 'denied.group',
  'user-excepted': 'denied.group',
  'group-not-allowed': 'denied.group',
  'group-excepted': 'denied.group',
  'network-not-allowed': 'denied.network',
  'outside-schedule': 'denied.schedule',
};

function whoAndWhen(session: Session | undefined, { t, context, language, zone }: Reader): Notice['facts'] {
  const when = { name: t('denied.when'), value: dayAndTime(context.now, language, zone) };
  return session === undefined ? [when] : [{ name: t('denied.who'), value: session.account.login }, when];
}

/** Host and path, cut where it would fill the page. */
const placeOf = (host: string, path: string): string => {
  const place = path === '/' ? host : `${host}${path}`;
  return place.length > 80 ? `${place.slice(0, 79)}…` : place;
};

function upstream(page: Extract<Page, { kind: 'upstream' }>, reader: Reader): Notice {
  const { t, language, context } = reader;
  const app = titleOf(page.route, language);
  const lead = [
    ...(page.signedIn ? [t('fault.signedIn')] : []),
    t('fault.sorry'),
    page.retry === 'link' ? t('fault.later') : t('fault.resubmit'),
  ];
  return {
    code: `upstream_${page.cause}`,
    heading: t(`fault.${page.cause}`, { app }),
    lead,
    destination: { title: app, place: context.host },
    actions: [],
    facts: [],
    languages: page.retry === 'link' ? 'links' : 'none',
    upstream: page,
  };
}

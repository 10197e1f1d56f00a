import type { Route } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import { titleOf } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import { clockTime, clockTimeFrom, roundedClockTime, sizeText } from '../texts/time.ts';
import type { Notice } from './notices.ts';
import { frameOf, type Reader } from './reader.ts';
import { factorWords, type SignInPage, signInView } from './sign-in-view.ts';
import { type StepPage, stepView } from './step-view.ts';

/** One entry in the list of what a person may open. */
export type App = { readonly route: Route; readonly href: string; readonly need: 'open' | readonly Factor[] };

/** What a page of the portal says. */
export type PortalPage =
  | SignInPage
  | StepPage
  | {
      readonly kind: 'locked';
      readonly route: Route | undefined;
      readonly host: string;
      readonly transaction: string;
      readonly until: Instant;
    }
  | { readonly kind: 'apps'; readonly login: string; readonly apps: readonly App[] }
  | { readonly kind: 'sign-out'; readonly login: string; readonly csrf: string; readonly again: boolean }
  | {
      readonly kind: 'resume';
      readonly id: string;
      readonly csrf: string;
      readonly route: Route | undefined;
      /** Host and path the post goes to. */
      readonly place: string;
      /** Names and sizes; values are never shown. */
      readonly fields: readonly { readonly name: string; readonly size: number }[];
      readonly size: number;
      readonly expiresAt: Instant;
    }
  | { readonly kind: 'notice'; readonly notice: (reader: Reader) => Notice };

export type View = {
  readonly template: string;
  readonly model: Record<string, unknown>;
  readonly headers: Record<string, string>;
  /** True if submitting the page leads into an application. */
  readonly onward: boolean;
};

/** Template and model of a page of the portal. */
export function portalView(page: Exclude<PortalPage, { kind: 'notice' }>, reader: Reader): View {
  switch (page.kind) {
    case 'sign-in':
      return { ...view('portal/login', signInView(page, reader)), onward: true };
    case 'step':
      return { ...view('portal/step', stepView(page, reader), waitOf(page, reader)), onward: true };
    case 'locked':
      return locked(page, reader);
    case 'apps':
      return apps(page, reader);
    case 'sign-out':
      return signOut(page, reader);
    case 'resume':
      return resume(page, reader);
  }
}

const view = (template: string, model: Record<string, unknown>, headers: Record<string, string> = {}): View => ({
  template,
  model,
  headers,
  onward: false,
});

const waitOf = ({ resent }: StepPage, { context }: Reader): Record<string, string> =>
  resent === undefined || resent === 'queued' ? {} : { 'retry-after': secondsFrom(context.now, resent.until) };

const secondsFrom = (now: Instant, until: Instant): string => String(Math.max(1, Math.ceil((until - now) / 1000)));

function locked(page: Extract<PortalPage, { kind: 'locked' }>, reader: Reader): View {
  const { t, language, zone, policy, context } = reader;
  const title = page.route === undefined ? policy.pages.brand.name : titleOf(page.route, language);
  return view(
    'portal/locked',
    {
      ...frameOf(reader, { heading: t('locked.title'), app: page.route && title, languages: 'none' }),
      destination: { title, place: page.host },
      from: roundedClockTime(page.until, language, zone),
      clock: clockTimeFrom(page.until, language, zone),
      until: new Date(page.until).toISOString(),
      again: `${policy.server.reservedPath}/login?t=${page.transaction}`,
    },
    { 'retry-after': secondsFrom(context.now, page.until) },
  );
}

function apps(page: Extract<PortalPage, { kind: 'apps' }>, reader: Reader): View {
  const { t, language, policy } = reader;
  const needOf = (need: App['need']): string => {
    if (need === 'open') return t('apps.open');
    return need.length === 0 ? t('apps.ready') : t('apps.need', { factors: factorWords(need, reader) });
  };
  return view('portal/apps', {
    ...frameOf(reader, { heading: t('apps.title'), languages: 'links' }),
    signedInAs: page.login,
    apps: page.apps.map((app) => ({ href: app.href, title: titleOf(app.route, language), need: needOf(app.need) })),
    signOut: `${policy.server.reservedPath}/logout`,
  });
}

function signOut(page: Extract<PortalPage, { kind: 'sign-out' }>, reader: Reader): View {
  const { t, policy } = reader;
  const base = policy.server.reservedPath;
  return view('portal/sign-out', {
    ...frameOf(reader, { heading: t('signOut.title'), languages: 'links' }),
    signedInAs: page.login,
    csrf: page.csrf,
    again: page.again,
    action: `${base}/logout`,
    stay: `${base}/`,
  });
}

/**
 * Sending a kept post again ends in a request to the application. With a referrer within this origin the browser names
 * its origin in that request; without one it would send `Origin: null`, like a stranger's form.
 */
export const RESENDING = { 'referrer-policy': 'same-origin' } as const;

function resume(page: Extract<PortalPage, { kind: 'resume' }>, reader: Reader): View {
  const { t, language, zone, policy } = reader;
  const model = {
    ...frameOf(reader, { heading: t('resume.title'), languages: 'links' }),
    destination: {
      title: page.route === undefined ? policy.pages.brand.name : titleOf(page.route, language),
      place: page.place,
    },
    count: t('resume.count', { count: page.fields.length }),
    total: t('resume.total', { size: sizeText(page.size) }),
    fields: page.fields.map(({ name, size }) => ({ name, size: sizeText(size) })),
    action: `${policy.server.reservedPath}/resume`,
    id: page.id,
    csrf: page.csrf,
    until: t('resume.until', { time: clockTime(page.expiresAt, language, zone) }),
  };
  return { ...view('portal/resume', model, RESENDING), onward: true };
}

import { plain } from '../../src/http/notices.ts';
import type { Rendered } from '../../src/http/pages.ts';
import { createPages } from '../../src/http/pages.ts';
import type { PortalPage } from '../../src/http/portal-pages.ts';
import type { SignInPage } from '../../src/http/sign-in-view.ts';
import type { StepPage } from '../../src/http/step-view.ts';
import type { LoginTransaction, Page, PageContext } from '../../src/ports.ts';
import { policyOf } from '../portal/policy.ts';
import { MONDAY, route, session } from '../support/policies.ts';

/** Routes with everything a page can say about them. */
export const PAYROLL = route({
  name: 'hr-payroll',
  title: { ko: '인사 시스템', en: 'HR', ja: '人事システム' },
  explain: {
    ko: '인사팀만 들어갈 수 있는 곳이에요.',
    en: 'Only the HR team can open this.',
    ja: '人事部のみが開けます。',
  },
  fix: {
    ko: '팀장에게 ‘인사 시스템 조회’ 권한을 요청해 주세요.',
    en: 'Ask your manager for access.',
    ja: '上長に権限を依頼してください。',
  },
});

export const POLICY = policyOf([PAYROLL, { name: 'wiki', title: { ko: '사내 위키' } }]);

export const CONTEXT: PageContext = {
  requestId: '01K0000000000000007QK7QF2M',
  host: 'hr.acme.test',
  path: '/payroll/',
  query: '',
  acceptLanguage: 'ko',
  cookie: undefined,
  now: MONDAY,
};

const TRANSACTION: LoginTransaction = {
  id: 'tttttttttttttttttttttt',
  browserHash: 'b',
  host: 'hr.acme.test',
  route: 'hr-payroll',
  returnTo: '/payroll/',
  need: ['otp', 'pin'],
  riseFrom: undefined,
  keptPost: undefined,
  createdAt: MONDAY,
  expiresAt: MONDAY + 600_000,
};

export const signIn = (
  changes: Partial<SignInPage> = {},
  need: LoginTransaction['need'] = ['otp', 'pin'],
): SignInPage => ({
  kind: 'sign-in',
  transaction: { ...TRANSACTION, need },
  route: PAYROLL,
  csrf: 'c'.repeat(43),
  login: '',
  ...changes,
});

/** The second step of a sign-in: a code by SMS that has just been sent, unless told otherwise. */
export const step = (changes: Partial<StepPage> = {}): StepPage => ({
  kind: 'step',
  field: 'sms',
  transaction: { ...TRANSACTION, need: ['pw', 'sms'] },
  pending: 'tx_pppppppppppppppppppppp',
  route: PAYROLL,
  csrf: 'c'.repeat(43),
  target: undefined,
  expiresAt: MONDAY + 180_000,
  resendAfter: MONDAY + 30_000,
  ...changes,
});

const KIM = session({ otp: MONDAY }, MONDAY, { host: 'hr.acme.test' });

/** Every page of the portal in every state, by a name. */
export const PORTAL: Readonly<Record<string, PortalPage>> = {
  'login-id-otp': signIn({}, ['otp']),
  'login-id-otp-pin': signIn(),
  'login-id-pw-otp': signIn({}, ['pw', 'otp']),
  'login-id-pin-pw-otp': signIn({}, ['pin', 'pw', 'otp']),
  'login-e1': signIn({ login: 'kim.minji', error: 'E1' }),
  'login-e1-password': signIn({ login: 'kim.minji', error: 'E1' }, ['pw', 'otp']),
  'login-e2': signIn({ login: 'kim.minji', error: 'E2' }),
  'login-e3': signIn({ login: 'kim.minji', error: 'E3' }),
  'login-e4': signIn({ login: 'kim.minji', error: 'E4' }),
  'login-faults': signIn(
    {
      login: '김민지',
      faults: [
        { field: 'login', fault: 'hangul', length: 3 },
        { field: 'password', fault: 'empty', length: 0 },
        { field: 'otp', fault: 'wrong-length', length: 5 },
      ],
    },
    ['pw', 'otp'],
  ),
  'login-expired': signIn({ login: 'kim.minji', notice: 'expired' }),
  'login-ended-with-post': signIn({
    notice: 'ended',
    kept: {
      id: 'k',
      browserHash: 'b',
      accountId: undefined,
      host: 'hr.acme.test',
      target: '/payroll/save',
      contentType: 'application/x-www-form-urlencoded',
      sealedBody: new Uint8Array(),
      size: 1234,
      expiresAt: MONDAY + 600_000,
    },
  }),
  'login-id-sms': signIn({}, ['sms']),
  'login-id-pw-sms': signIn({}, ['pw', 'sms']),
  'login-text-instead': signIn({ texts: 'instead', spare: 'offered' }, ['pw', 'otp']),
  'login-outage': signIn({ texts: 'outage' }, ['pw', 'otp']),
  'login-spare': signIn({ spare: 'asked' }, ['otp']),
  'login-sms-over': signIn({ login: 'kim.minji', error: 'E8' }, ['pw', 'sms']),
  'step-sms': step(),
  'step-sms-target': step({ target: '010-****-5678' }),
  'step-sms-wrong': step({ target: '010-****-5678', error: 'E2', resendAfter: MONDAY - 1 }),
  'step-sms-fault': step({ faults: [{ field: 'sms', fault: 'wrong-length', length: 5 }] }),
  'step-sms-resent': step({ target: '010-****-5678', resent: 'queued' }),
  'step-sms-too-soon': step({ resent: { until: MONDAY + 12_000 }, resendAfter: MONDAY + 12_000 }),
  'step-sms-full': step({ resent: { until: MONDAY + 600_000 } }),
  'step-otp': step({ field: 'otp', textInstead: true }),
  'step-otp-e1': step({ field: 'otp', error: 'E1' }),
  'step-otp-e2': step({ field: 'otp', error: 'E2', signedInAs: 'kim.minji' }),
  'step-up': signIn(
    { rise: { login: 'kim.minji', because: { ko: '급여 변경', en: 'Changing payroll', ja: '給与の変更' } } },
    ['otp'],
  ),
  'step-up-plain': signIn({ rise: { login: 'kim.minji', because: {} } }, ['pin', 'otp']),
  locked: { kind: 'locked', route: PAYROLL, host: 'hr.acme.test', transaction: 't', until: MONDAY + 252_000 },
  apps: {
    kind: 'apps',
    login: 'kim.minji',
    apps: [
      { route: PAYROLL, href: 'http://hr.acme.test/', need: [] },
      {
        route: route({ name: 'wiki', title: { ko: '사내 위키', en: 'Wiki', ja: '社内Wiki' } }),
        href: 'http://wiki.acme.test/',
        need: ['pw', 'otp'],
      },
      {
        route: route({ name: 'menu', title: { ko: '식단표', en: 'Lunch menu', ja: '献立表' } }),
        href: 'http://menu.acme.test/',
        need: 'open',
      },
    ],
  },
  'apps-empty': { kind: 'apps', login: 'kim.minji', apps: [] },
  'sign-out': { kind: 'sign-out', login: 'kim.minji', csrf: 'c', again: false },
  'sign-out-again': { kind: 'sign-out', login: 'kim.minji', csrf: 'c', again: true },
  resume: {
    kind: 'resume',
    id: 'k',
    csrf: 'c',
    route: PAYROLL,
    place: 'hr.acme.test/approval/comment',
    fields: [
      { name: '결재 의견', size: 1130 },
      { name: 'document_no', size: 15 },
      { name: 'decision', size: 6 },
    ],
    size: 1234,
    expiresAt: MONDAY + 600_000,
  },
  'signed-out': { kind: 'notice', notice: (reader) => plain(reader, 'signed_out', 'signedOut') },
  'cookies-blocked': { kind: 'notice', notice: (reader) => plain(reader, 'cookies_blocked', 'cookies') },
  'not-found': { kind: 'notice', notice: (reader) => plain(reader, 'not_found', 'notFound') },
  'resume-gone': { kind: 'notice', notice: (reader) => plain(reader, 'post_gone', 'resumeGone') },
};

/** Every page of the gateway with the status it comes with. */
export const GATEWAY: Readonly<Record<string, { readonly page: Page; readonly status: number }>> = {
  denied: { page: { kind: 'denied', route: PAYROLL, reason: 'group-not-allowed', session: KIM }, status: 403 },
  'denied-network': {
    page: { kind: 'denied', route: route({ title: { ko: 'HR' } }), reason: 'network-not-allowed', session: undefined },
    status: 403,
  },
  'denied-schedule': {
    page: { kind: 'denied', route: route(), reason: 'outside-schedule', session: KIM },
    status: 403,
  },
  'no-route': { page: { kind: 'no-route', session: KIM }, status: 404 },
  'unknown-host': { page: { kind: 'unknown-host' }, status: 421 },
  'bad-request': { page: { kind: 'bad-request', code: 'encoded-slash' }, status: 400 },
  'method-refused': { page: { kind: 'method-refused' }, status: 405 },
  'too-large': { page: { kind: 'too-large', max: 50 * 1024 * 1024 }, status: 413 },
  'too-many': { page: { kind: 'too-many', retryAt: MONDAY + 30_000 }, status: 429 },
  'foreign-origin': { page: { kind: 'foreign-origin' }, status: 403 },
  'upstream-502': {
    page: { kind: 'upstream', route: PAYROLL, cause: 'unreachable', signedIn: true, retry: 'link' },
    status: 502,
  },
  'upstream-504': {
    page: { kind: 'upstream', route: PAYROLL, cause: 'timeout', signedIn: false, retry: 'resubmit' },
    status: 504,
  },
  'upstream-broken': {
    page: { kind: 'upstream', route: PAYROLL, cause: 'broken', signedIn: true, retry: 'link' },
    status: 502,
  },
  'post-not-kept': { page: { kind: 'post-not-kept', why: 'too-large', loginUrl: '/_sumun/login?t=x' }, status: 403 },
  'sign-in-required': {
    page: { kind: 'sign-in-required', code: 'sign_in_required', loginUrl: '/_sumun/login?t=x' },
    status: 401,
  },
  unavailable: { page: { kind: 'unavailable' }, status: 503 },
  maintenance: {
    page: {
      kind: 'maintenance',
      route: PAYROLL,
      text: {
        ko: '급여 계산이 끝나야 열려요. 급한 일은 인사정보팀 02-555-0100 으로 알려 주세요.',
        en: 'Payroll is being calculated. Urgent: HR IT, 02-555-0100.',
      },
      until: MONDAY + 3 * 3_600_000,
    },
    status: 503,
  },
};

const pages = createPages(() => POLICY);

/** Every page in a language, by name. */
export const renderAll = (language: string): ReadonlyMap<string, Rendered> =>
  new Map([
    ...Object.entries(PORTAL).map(
      ([name, page]) => [name, pages.portal(page, { ...CONTEXT, acceptLanguage: language })] as const,
    ),
    ...Object.entries(GATEWAY).map(
      ([name, { page, status }]) => [name, pages.html(page, status, { ...CONTEXT, acceptLanguage: language })] as const,
    ),
  ]);

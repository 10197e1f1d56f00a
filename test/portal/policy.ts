import type { Route } from '../../src/core/access/route.ts';
import type { Policy } from '../../src/core/policy.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { table } from '../support/policies.ts';

/** What a code by SMS is, with the defaults of the configuration reference. */
export const SMS_CODE: Policy['sms']['code'] = {
  digits: 6,
  ttl: 3 * MINUTE,
  tries: 5,
  resend: 30 * SECOND,
  perNumber: { count: 5, per: 10 * MINUTE },
  perUser: { count: 10, per: 10 * MINUTE },
  perAddress: { count: 30, per: 10 * MINUTE },
  perDay: 20,
  budget: 10_000,
  prefixes: [],
};

/** A policy with the defaults of the configuration reference, these routes, and what a test changes. */
export const policyOf = (routes: readonly Partial<Route>[], changes: Partial<Policy> = {}): Policy => ({
  file: '/etc/sumun/config.yaml',
  digest: 'd'.repeat(64),
  demo: false,
  server: {
    listen: [{ host: '127.0.0.1', port: 0 }],
    portal: undefined,
    tls: [],
    redirectFrom: [],
    workers: 1,
    proxyProtocol: 'none',
    reservedPath: '/_sumun',
    trustedProxies: [],
    limits: {
      headerBytes: 32_768,
      headerTime: 10 * SECOND,
      body: 0,
      idle: 75 * SECOND,
      connections: 20_000,
      perAddress: 256,
    },
    drain: 30 * SECOND,
  },
  upstreams: new Map(),
  forwardAuth: { listen: undefined, clients: [] },
  routes: table(...routes),
  users: { password: { minLength: 10 }, pin: { minLength: 4, maxLength: 8, forbid: [] } },
  otp: {
    totp: { algorithm: 'SHA1', digits: 6, period: 30, window: 1 },
    foreignApps: { algorithm: 'SHA1', digits: 6, period: 30 },
    hotp: { digits: 6, lookAhead: 10 },
    server: { digits: 6, ttl: MINUTE },
    policies: [],
    sealing: 'aes-256-gcm',
    lockout: { failures: 5, lockFor: [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR] },
    clock: { warn: SECOND, refuse: 15 * SECOND },
  },
  sessions: {
    idle: 30 * MINUTE,
    max: 10 * HOUR,
    cookieName: 'sumun',
    sameSite: 'lax',
    // biome-ignore lint/suspicious/noThenProperty: the configuration's own word; no promise is near
    concurrent: { max: 5, then: 'end_oldest' },
    bindTo: [],
  },
  identity: {
    issuer: undefined,
    signing: { algorithm: 'ES256', rotateEvery: 90 * DAY, overlap: 7 * DAY },
    profiles: new Map(),
    remove: [],
  },
  sms: { providers: [], code: SMS_CODE },
  radius: { listen: [], tcp: [], tls: undefined, accounting: false, clients: [] },
  apiCompat: undefined,
  defaultRequirement: undefined,
  console: { listen: { host: '127.0.0.1', port: 0 }, networks: [] },
  storage: { path: ':memory:' },
  keys: { masterFile: '', signingFolder: '' },
  log: { level: 'error', format: 'json', access: false },
  pages: {
    brand: { name: '에이콤', logo: undefined, accent: undefined },
    languages: ['ko', 'en', 'ja'],
    help: { text: { ko: '02-1234-5678', en: '02-1234-5678', ja: '02-1234-5678' }, url: undefined },
    idHint: { ko: '사번 또는 회사 메일 앞부분', en: 'Employee number or the first part of your mail', ja: '社員番号' },
  },
  ...changes,
});

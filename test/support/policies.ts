import type { Address } from '../../src/core/access/cidr.ts';
import { readAddress } from '../../src/core/access/cidr.ts';
import type { Allow, Route } from '../../src/core/access/route.ts';
import { compileRoutes, type RouteTable } from '../../src/core/access/routes.ts';
import { canonicalise, type Target } from '../../src/core/access/target.ts';
import type { Account } from '../../src/core/identity/account.ts';
import type { Proofs } from '../../src/core/identity/factors.ts';
import type { Session } from '../../src/core/session/session.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';

/** Monday 23 November 2026, 11:00 in Seoul. */
export const MONDAY = Date.parse('2026-11-23T02:00:00Z');

export const NO_ALLOW: Allow = {
  users: [],
  groups: [],
  networks: [],
  schedules: [],
  exceptUsers: [],
  exceptGroups: [],
};

/** A route with the defaults of the configuration reference and whatever a test changes. */
export const route = (changes: Partial<Route> = {}): Route => ({
  index: 0,
  name: 'app',
  title: {},
  place: { file: 'config.yaml', line: 5 },
  hosts: [],
  paths: [],
  methods: [],
  auth: { kind: 'sign-in', requirement: { factors: ['otp'] } },
  allow: NO_ALLOW,
  stepUp: [],
  otp: 'any',
  otpRules: [],
  smsFallback: undefined,
  action: { kind: 'proxy', upstream: 'app' },
  session: { idle: 30 * MINUTE, max: 10 * HOUR },
  explain: {},
  fix: {},
  enforce: 'full',
  rewrite: {
    host: 'keep',
    stripPrefix: '',
    addPrefix: '',
    location: 'auto',
    names: [],
    cookies: { domain: 'auto', path: 'auto', add: [], sameSite: 'keep' },
  },
  identity: 'standard',
  websocket: { allow: true, idle: 10 * MINUTE },
  limits: { body: 0 },
  tolerate: [],
  appLogout: undefined,
  breakGlass: true,
  ...changes,
});

/** A table of routes in this order, numbered and named by their place unless they have a name. */
export const table = (...routes: readonly Partial<Route>[]): RouteTable =>
  compileRoutes(routes.map((changes, index) => route({ name: `route-${index}`, ...changes, index })));

export const account = (changes: Partial<Account> = {}): Account => ({
  id: '01J00000000000000000000KIM',
  login: 'kim',
  name: '김민지',
  email: 'kim@corp.example',
  phone: '',
  groups: ['staff'],
  attributes: {},
  status: 'active',
  createdAt: MONDAY,
  ...changes,
});

/** A session of kim with these proofs, begun and last seen at `now`. */
export const session = (proofs: Proofs, now: number = MONDAY, changes: Partial<Session> = {}): Session => ({
  id: 's1',
  account: account(),
  proofs,
  startedAt: now,
  authTime: now,
  lastSeen: now,
  host: 'app.test',
  ...changes,
});

/** An address that is known to be one. */
export function address(text: string): Address {
  const read = readAddress(text);
  if (read === undefined) throw new Error(`${text} is no address`);
  return read;
}

/** The canonical target of a GET that is known to be acceptable. */
export function target(path: string, host = 'app.test'): Target {
  const read = canonicalise({ method: 'GET', target: path, hosts: [host], scheme: 'http' });
  if (!read.ok) throw new Error(`${path} was refused: ${read.error.code}`);
  return read.value;
}

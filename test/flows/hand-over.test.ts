import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAddress } from '../../src/core/access/cidr.ts';
import type { Policy, PortalHost } from '../../src/core/policy.ts';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import { demandAt } from '../../src/flows/begin-sign-in.ts';
import { findAim, type PortalWelcome, receiveAtPortal } from '../../src/flows/hand-over.ts';
import { NO_ALLOW, table } from '../support/policies.ts';
import { addPerson, policy as base, HOST, type Opened, openHouse, signIn } from './house.ts';

const PORTAL: PortalHost = { origin: `https://${HOST}`, scheme: 'https', host: HOST, port: 443 };
const APP = 'app.corp.example';
const exact = (host: string) => [{ kind: 'exact', host } as const];
const high = { auth: { kind: 'sign-in', requirement: { factors: ['otp', 'pin'] } } } as const;
const stepUp = [
  { methods: ['POST'], paths: [], requirement: { factors: ['pin'] }, reason: {}, place: { file: '', line: 1 } },
] as const;

const policy = {
  ...base,
  server: { portal: PORTAL, reservedPath: '/_sumun' },
  routes: table(
    { name: 'app', hosts: exact(APP), stepUp },
    { name: 'high', hosts: exact('high.example'), ...high },
    { name: 'short', hosts: exact('short.example'), session: { idle: MINUTE, max: DAY } },
    { name: 'club', hosts: exact('club.example'), allow: { ...NO_ALLOW, groups: ['club'] } },
    { name: 'wild', hosts: [{ kind: 'suffix', suffix: '.wild.example' }] },
    { name: 'any' },
  ),
} as unknown as Policy; // flows read nothing else of it

const address = readAddress('192.0.2.7');

let opened: Opened;
let cookie: string;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  cookie = await signIn(opened.house);
  opened.time.now += SECOND;
});
afterEach(() => opened.remove());

type Demand = { readonly route?: string; readonly host?: string; readonly origin?: string; readonly method?: string };

/** A host demands a sign-in; answers the transaction of its page on the portal. */
async function demand({ route = 'app', host = APP, origin = `https://${host}`, method }: Demand = {}): Promise<string> {
  const start = { browserSecret: undefined, host, origin, route, returnTo: '/x?y=1', need: ['otp'], method } as const;
  const { location } = await demandAt(opened.house, policy.server, start);
  return new URL(location, PORTAL.origin).searchParams.get('t') ?? '';
}

/** The browser arrives at the portal, signed in there or not. */
async function arrive(transaction: string, signedIn = true): Promise<PortalWelcome> {
  if (address === undefined) throw new Error('no address');
  const at = { host: HOST, scheme: 'https', browserSecret: undefined } as const;
  const session = signedIn ? await opened.live.find(cookie, HOST, opened.time.now) : undefined;
  return receiveAtPortal(opened.house, policy, { ...at, transaction, session, address });
}

/** What is asked for: nothing but a hand-over, factors, or factors and the ID. */
async function askedFor(demanded: Demand, signedIn = true): Promise<string> {
  const welcome = await arrive(await demand(demanded), signedIn);
  if (welcome.kind !== 'ask') return welcome.kind;
  return `${welcome.transaction.riseFrom === undefined ? 'id+' : ''}${welcome.transaction.need.join('+')}`;
}

describe('a sign-in that a host demands', () => {
  test('has its page on the portal, or on the host where there is none or it is the portal', async () => {
    const start = {
      browserSecret: undefined,
      host: APP,
      origin: `https://${APP}`,
      route: 'app',
      returnTo: '/',
      need: [],
    };
    const at = async (server: Pick<Policy['server'], 'portal' | 'reservedPath'>, host = APP) =>
      (await demandAt(opened.house, server, { ...start, host })).location.replace(/=.*/, '');
    expect(await at(policy.server)).toBe(`https://${HOST}/_sumun/login?t`);
    expect(await at(policy.server, HOST)).toBe('/_sumun/login?t');
    expect(await at({ portal: undefined, reservedPath: '/gate' })).toBe('/gate/login?t');
  });

  test('is on the portal where it began, for a day', async () => {
    const id = await demand();
    expect(await findAim(opened.house, id)).toMatchObject({
      id,
      host: APP,
      origin: `https://${APP}`,
      returnTo: '/x?y=1',
    });
    const welcome = await arrive(id, false);
    const own = welcome.kind === 'ask' ? welcome.transaction : undefined;
    expect(own).toMatchObject({ host: HOST, onBehalfOf: id, returnTo: `/_sumun/login?t=${id}`, origin: undefined });
    expect(await findAim(opened.house, own?.id ?? '')).toMatchObject({ id });
    opened.time.now += DAY + 11 * MINUTE;
    expect(await findAim(opened.house, id)).toBeUndefined();
    expect((await arrive(id)).kind).toBe('none');
  });
});

describe('what the portal asks for', () => {
  test.each<readonly [string, Demand, boolean, string]>([
    ['everything of somebody unknown', {}, false, 'id+otp'],
    ['nothing that is proved', {}, true, 'hand-over'],
    [
      'all of the route, not what a session elsewhere lacked',
      { route: 'high', host: 'high.example' },
      false,
      'id+otp+pin',
    ],
    ['what is missing', { route: 'high', host: 'high.example' }, true, 'pin'],
    ['what the act needs that waits', { method: 'POST' }, true, 'pin'],
    ['nothing where the gateway will refuse', { route: 'club', host: 'club.example' }, true, 'hand-over'],
    ['nothing below a wildcard', { route: 'wild', host: 'a.wild.example' }, true, 'hand-over'],
    ['all of it for a host that no route names', { route: 'any', host: 'rebound.example' }, true, 'otp'],
    ['all of it for http where the portal has https', { origin: `http://${APP}` }, true, 'otp'],
    ['nothing for a list of applications', { route: '' }, true, 'hand-over'],
    ['nothing for a route that is gone', { route: 'removed' }, true, 'hand-over'],
  ])('%s', async (_, demanded, signedIn, expected) => {
    expect(await askedFor(demanded, signedIn)).toBe(expected);
  });

  test('everything again, as a new sign-in, where the time of the route is over', async () => {
    opened.time.now += 60 * SECOND;
    expect(await askedFor({ route: 'short', host: 'short.example' })).toBe('id+otp');
    expect(await askedFor({})).toBe('hand-over');
  });

  test('nothing of a transaction of its own, or of none', async () => {
    expect((await arrive('')).kind).toBe('none');
    expect((await arrive(await demand({ host: HOST }))).kind).toBe('none');
  });
});

test('a hand-over leads to the origin that asked, with a code of 256 bits that is kept only as its hash', async () => {
  const welcome = await arrive(await demand({ origin: `https://${APP}:8443` }));
  const location = welcome.kind === 'hand-over' ? welcome.location : '';
  expect(location).toMatch(/^https:\/\/app\.corp\.example:8443\/_sumun\/handover\?c=[\w-]{43}$/);
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readAddress } from '../../src/core/access/cidr.ts';
import type { Route } from '../../src/core/access/route.ts';
import type { Factor } from '../../src/core/identity/factors.ts';
import type { Policy } from '../../src/core/policy.ts';
import { encodeUlid } from '../../src/core/request-number.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { beginSignIn } from '../../src/flows/begin-sign-in.ts';
import { LiveSessions } from '../../src/flows/live-sessions.ts';
import { createPages } from '../../src/http/pages.ts';
import { createPortal } from '../../src/portal/app.ts';
import type { House } from '../../src/ports.ts';
import { openFixture } from '../stores/fixture.ts';
import { route } from '../support/policies.ts';
import { Visitor } from '../support/visitor.ts';
import { policyOf } from './policy.ts';

export const HOST = 'hr.corp.example';

const needs = (...factors: readonly Factor[]): Partial<Route> => ({
  auth: { kind: 'sign-in', requirement: { factors } },
});

/** One application for each classic form of sign-in, one for a group, one open to all, one elsewhere. */
const ROUTES: readonly Partial<Route>[] = [
  {
    name: 'notice',
    title: { ko: '공지', en: 'Notices' },
    paths: [{ kind: 'prefix', path: '/notice/' }],
    ...needs('otp'),
  },
  {
    name: 'approval',
    title: { ko: '결재', en: 'Approval' },
    paths: [{ kind: 'prefix', path: '/approval/' }],
    ...needs('otp', 'pin'),
  },
  {
    name: 'payroll',
    title: { ko: '급여', en: 'Payroll' },
    paths: [{ kind: 'prefix', path: '/payroll/' }],
    ...needs('pw', 'otp'),
  },
  {
    name: 'menu',
    title: { ko: '식단', en: 'Menu' },
    paths: [{ kind: 'prefix', path: '/menu/' }],
    auth: { kind: 'bypass' },
  },
  {
    name: 'board',
    title: { ko: '이사회', en: 'Board' },
    paths: [{ kind: 'prefix', path: '/board/' }],
    allow: { ...route().allow, groups: ['board'] },
  },
];

export type PortalFixture = {
  readonly port: number;
  readonly policy: { current: Policy };
  readonly house: House;
  readonly live: LiveSessions;
  readonly time: { now: number };
  visitor(): Visitor;
  /** Begins a sign-in as the gateway does, and opens its form. */
  open(
    visitor: Visitor,
    to: string,
    need: readonly Factor[],
    more?: { keptPost?: string },
  ): Promise<Record<string, string>>;
  close(): Promise<void>;
};

/** The portal on a loopback port, over real stores and crypto, with a clock set by hand. */
export async function openPortal(): Promise<PortalFixture> {
  const fixture = await openFixture();
  const policy = { current: policyOf(ROUTES) };
  const digests = createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom);
  const folder = join(fixture.folder, 'data', 'signing');
  const signer = openSigner({ folder, algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 }, fixture.time.now);
  const { clock, log } = fixture.options;
  const hasher = createHasher(systemRandom);
  const house: House = { ...fixture.stores, clock, log, random: systemRandom, digests, hasher, signer };
  const live = new LiveSessions(house, () => policy.current);
  const pages = createPages(() => policy.current);
  const portal = createPortal({ policy: () => policy.current, house, live, pages });
  const address = readAddress('192.0.2.7');
  if (address === undefined) throw new Error('no address');
  const server = createServer((request, response) => {
    const requestId = encodeUlid(fixture.time.now, systemRandom.bytes(10));
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    portal(request, response, { requestId, host, scheme: 'http', address, peerTrusted: false });
  });
  const port = await listen(server);
  return {
    port,
    policy,
    house,
    live,
    time: fixture.time,
    visitor: () => new Visitor(port, HOST),
    open: async (visitor, to, need, more = {}) => {
      const { transaction, browser } = await beginSignIn(house, {
        browserSecret: visitor.cookies.get('sumun-browser'),
        host: HOST,
        route: to.split('/')[1] ?? '',
        returnTo: to,
        need,
        ...more,
      });
      visitor.cookies.set('sumun-browser', browser.secret);
      const page = await visitor.send('GET', `/_sumun/login?t=${transaction.id}`);
      return hidden(page.text);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await live.close();
      await fixture.remove();
    },
  };
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** Values of the hidden fields of a page. */
export function hidden(html: string): Record<string, string> {
  const fields = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]));
}

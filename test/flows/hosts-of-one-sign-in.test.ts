import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeBase64Url } from '../../src/core/session/handle.ts';
import { SECOND } from '../../src/core/time.ts';
import { beginSignIn } from '../../src/flows/begin-sign-in.ts';
import { redeemHandOver } from '../../src/flows/redeem-hand-over.ts';
import { signOut } from '../../src/flows/sign-out.ts';
import { addPerson, HOST, type Opened, openHouse, signIn } from './house.ts';

const APP = 'app.corp.example';

let opened: Opened;
let portal: string;
let app: string;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  portal = await signIn(opened.house);
  app = await handOver(APP);
});
afterEach(() => opened.remove());

/** Carries the sign-in over to a host; answers the cookie there. */
async function handOver(host: string): Promise<string> {
  const { house } = opened;
  const now = house.clock.now();
  const session = await house.sessions.find(house.digests.hash(portal));
  const start = { browserSecret: undefined, host, origin: `http://${host}`, route: 'hr', returnTo: '/', need: [] };
  const { transaction, browser } = await beginSignIn(house, start);
  const code = encodeBase64Url(house.random.bytes(32));
  const handed = {
    transaction: transaction.id,
    signIn: session?.id ?? '',
    createdAt: now,
    expiresAt: now + 60 * SECOND,
  };
  await house.sessions.addHandOver({ hash: house.digests.hash(code), ...handed });
  const back = { code, browserSecret: browser.secret, scheme: 'http', host, session: undefined } as const;
  const returned = await redeemHandOver(house, { ...back, address: '192.0.2.7', request: 'K7QF-2M9D' });
  if (returned.kind !== 'entered') throw new Error('the code was refused');
  return returned.cookie;
}

const watcher = () => ({ place: 0, watched: undefined, onSessionEnd: vi.fn() });
const at = (cookie: string, host: string) => opened.live.find(cookie, host, opened.time.now);

describe('the cookies of one sign-in on two hosts', () => {
  test('open the same session, each on its own host only', async () => {
    const [here, there] = [await at(portal, HOST), await at(app, APP)];
    expect(there?.id).toBe(here?.id);
    expect(app).not.toBe(portal);
    expect([await at(portal, APP), await at(app, HOST)]).toEqual([undefined, undefined]);
  });

  test('a cookie that is gone from one host cuts nothing that is open on the other', async () => {
    const there = await at(app, APP);
    await at(portal, HOST);
    const { house, live, time } = opened;
    await house.sessions.revoke({ id: 'another' }, { ...EVENT, at: time.now });
    const find = vi.spyOn(house.sessions, 'find').mockResolvedValueOnce(undefined);
    expect(await at(portal, HOST)).toBeUndefined();
    find.mockRestore();
    const open = watcher();
    live.watch(there?.id ?? '', open);
    await new Promise((resolve) => setImmediate(resolve));
    expect(open.onSessionEnd).not.toHaveBeenCalled();
  });

  test('use of one keeps the other from timing out', async () => {
    const there = await at(app, APP);
    if (there === undefined) throw new Error('no session');
    for (let minutes = 0; minutes < 60; minutes += 10) {
      opened.time.now += 600 * SECOND;
      const session = await at(app, APP);
      if (session !== undefined) opened.live.touch(session, opened.time.now);
    }
    expect(await at(portal, HOST)).toBeDefined();
  });

  test('signing out on one ends what is open on both', async () => {
    const [here, there] = [await at(portal, HOST), await at(app, APP)];
    if (here === undefined || there === undefined) throw new Error('no session');
    const open = [watcher(), watcher()];
    for (const each of open) opened.live.watch(here.id, each);
    await signOut(opened.house, there, { address: '', request: '' });
    await vi.waitFor(() => expect(open.every(({ onSessionEnd }) => onSessionEnd.mock.calls.length === 1)).toBe(true));
    expect([await at(portal, HOST), await at(app, APP)]).toEqual([undefined, undefined]);
  });
});

const EVENT = {
  kind: 'session.revoked',
  login: '',
  actor: 'cli',
  address: '',
  route: '',
  request: '',
  reason: '',
  detail: {},
} as const;

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeBase64Url } from '../../src/core/session/handle.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { LiveSessions } from '../../src/flows/live-sessions.ts';
import { endSignIns, signOut } from '../../src/flows/sign-out.ts';
import { deleteUser, setUser, suspendUser } from '../../src/flows/users.ts';
import { addPerson, BY, HOST, type Opened, openHouse, policy, signIn, withSessions } from './house.ts';

let opened: Opened;
let cookie: string;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  cookie = await signIn(opened.house);
});
afterEach(() => opened.remove());

const find = (now = opened.time.now) => opened.live.find(cookie, HOST, now);

async function held() {
  const session = await find();
  if (session === undefined) throw new Error('no session');
  return session;
}

/** Becomes true within a second or the test fails. */
async function within(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 1000, interval: 10 });
}

describe('looking up', () => {
  test('the store is asked once, then the answer is there without waiting', async () => {
    expect(opened.live.peek(cookie, HOST, opened.time.now)).toBe('unknown');
    const session = await held();
    expect(opened.live.peek(cookie, HOST, opened.time.now)).toBe(session);
    const read = vi.spyOn(opened.house.sessions, 'find');
    for (let again = 0; again < 5; again++) await find();
    expect(read).not.toHaveBeenCalled();
  });

  test('a cookie is worth nothing on another host', async () => {
    expect(await opened.live.find(cookie, 'other.example', opened.time.now)).toBeUndefined();
    expect(opened.live.peek(cookie, 'other.example', opened.time.now)).toBeUndefined();
  });

  test.each(['', 'x', 'a'.repeat(43), encodeBase64Url(new Uint8Array(32))])('%j opens nothing', async (value) => {
    expect(await opened.live.find(value, HOST, opened.time.now)).toBeUndefined();
  });

  test('what cannot be a cookie of ours does not reach the store', () => {
    expect(opened.live.peek('not ours', HOST, opened.time.now)).toBeUndefined();
  });

  test('extras stay with a session while nothing about it changes', async () => {
    const session = await held();
    opened.live.extras(session).set('headers', 1);
    opened.time.now += 40 * SECOND; // read anew
    expect(opened.live.extras(await held()).get('headers')).toBe(1);
    await setUser(opened.house, policy.users, 'kim', { groups: ['staff', 'hr'] }, BY);
    const changed = await held();
    expect(changed.account.groups).toEqual(['hr', 'staff']);
    expect(opened.live.extras(changed).size).toBe(0);
  });

  test('the cache stays bounded and loses nobody', async () => {
    const small = new LiveSessions(opened.house, () => policy, { capacity: 10 });
    const cookies = [cookie];
    for (let index = 0; index < 25; index++) {
      await addPerson(opened.house, `u${index}`);
      cookies.push(await signIn(opened.house, { login: `u${index}` }));
    }
    for (const one of cookies) expect(await small.find(one, HOST, opened.time.now)).toBeDefined();
    const cached = cookies.filter((one) => small.peek(one, HOST, opened.time.now) !== 'unknown');
    expect(cached.length).toBeGreaterThan(0);
    expect(cached.length).toBeLessThanOrEqual(10);
    await small.close();
  }, 20_000);
});

describe('time', () => {
  test('only use that was noted lengthens a session', async () => {
    const session = await held();
    opened.time.now += 20 * MINUTE;
    opened.live.touch(session, opened.time.now);
    opened.time.now += 29 * MINUTE;
    expect(await find()).toBeDefined();
    opened.time.now += MINUTE;
    expect(await find()).toBeUndefined();
  });

  test('the overall time ends a session that is in use', async () => {
    const session = await held();
    for (let at = 0; at < 10 * HOUR; at += 20 * MINUTE) opened.live.touch(session, opened.time.now + at);
    expect(await find(opened.time.now + 10 * HOUR - 1)).toBeDefined();
    expect(await find(opened.time.now + 10 * HOUR)).toBeUndefined();
  });

  test('a clock that goes back neither lengthens nor revives a session (SESS-4, CLOCK-1)', async () => {
    const start = opened.time.now;
    expect(await find(start + 30 * MINUTE)).toBeUndefined();
    expect(await find(start)).toBeUndefined();
  });

  test('last use survives a restart', async () => {
    const session = await held();
    opened.time.now += 29 * MINUTE;
    opened.live.touch(session, opened.time.now);
    await opened.live.flush();
    const restarted = new LiveSessions(opened.house, () => policy);
    opened.time.now += 29 * MINUTE;
    expect(await restarted.find(cookie, HOST, opened.time.now)).toMatchObject({ id: session.id });
    await restarted.close();
  });

  test('a failed write of last use is tried again', async () => {
    opened.live.touch(await held(), opened.time.now + 5);
    const write = vi.spyOn(opened.house.sessions, 'touch').mockRejectedValueOnce(new Error('disk full'));
    await expect(opened.live.flush()).rejects.toThrow('disk full');
    await opened.live.flush();
    expect(write).toHaveBeenCalledTimes(2);
    expect([...(write.mock.calls[1]?.[0].values() ?? [])]).toEqual([opened.time.now + 5]);
  });
});

/** An open connection that counts how often it was closed. */
class Closings {
  place = -1;
  watched = undefined;
  count = 0;
  onSessionEnd(): void {
    this.count++;
  }
}

describe('ending', () => {
  const ends = [
    ['sign-out', async () => signOut(opened.house, await held(), { address: '', request: '' })],
    ['an administrator', async () => endSignIns(opened.house, { login: 'kim' }, BY)],
    ['suspending', async () => suspendUser(opened.house, 'kim', BY)],
    ['deleting', async () => deleteUser(opened.house, 'kim', BY)],
    ['a new PIN', async () => setUser(opened.house, policy.users, 'kim', { pin: '8264' }, BY)],
  ] as const;

  test.each(ends)('%s refuses the next request and closes open connections', async (_, end) => {
    const session = await held();
    const closed = new Closings();
    opened.live.watch(session.id, closed);
    await end();
    expect(await find()).toBeUndefined();
    await within(() => closed.count === 1);
  });

  test('a change by another process is followed within a second', async () => {
    const session = await held();
    const closed = new Closings();
    opened.live.watch(session.id, closed);
    const other = await opened.reopen();
    await suspendUser({ ...opened.house, ...other }, 'kim', BY);
    await within(() => closed.count === 1);
    expect(opened.live.peek(cookie, HOST, opened.time.now)).toBe('unknown');
    expect(await find()).toBeUndefined();
  });

  test('a change of groups closes what was opened with the old ones; the session stays', async () => {
    const session = await held();
    const closed = new Closings();
    opened.live.watch(session.id, closed);
    await setUser(opened.house, policy.users, 'kim', { groups: [] }, BY);
    await within(() => closed.count === 1);
    expect(await find()).toMatchObject({ id: session.id, account: { groups: [] } });
  });

  test('a change of somebody else closes nothing, and a watch can be taken back', async () => {
    await addPerson(opened.house, 'park');
    const session = await held();
    const [stays, left] = [new Closings(), new Closings()];
    opened.live.watch(session.id, left);
    opened.live.watch(session.id, stays);
    await suspendUser(opened.house, 'park', BY);
    await new Promise((done) => setTimeout(done, 500));
    expect([stays.count, left.count]).toEqual([0, 0]);
    opened.live.unwatch(left);
    await suspendUser(opened.house, 'kim', BY);
    await within(() => stays.count === 1);
    expect(left.count).toBe(0);
  });

  test('a connection of a session that is not there is closed', async () => {
    const closed = new Closings();
    opened.live.watch('none', closed);
    await within(() => closed.count === 1);
  });

  test('a connection does not outlive the overall time', async () => {
    const session = await held();
    const closed = new Closings();
    opened.live.watch(session.id, closed);
    opened.time.now += 10 * HOUR;
    await vi.waitFor(() => expect(closed.count).toBe(1), { timeout: 1500, interval: 10 });
  });
});

describe('binding (sessions.bind_to)', () => {
  test.each([
    ['address', { address: '192.0.2.7', userAgent: 'Other' }, { address: '192.0.2.8', userAgent: 'Browser/1' }],
    ['browser', { address: '192.0.2.8', userAgent: 'Browser/1' }, { address: '192.0.2.7', userAgent: 'Other' }],
  ] as const)(
    'a session bound to the %s is refused from another, and where it is not said',
    async (bond, same, other) => {
      const bound = new LiveSessions(opened.house, () => withSessions({ bindTo: [bond] }));
      expect(await bound.find(cookie, HOST, opened.time.now, same)).toBeDefined();
      expect(await bound.find(cookie, HOST, opened.time.now, other)).toBeUndefined();
      expect(await bound.find(cookie, HOST, opened.time.now)).toBeUndefined();
      expect(bound.peek(cookie, HOST, opened.time.now, same)).toMatchObject({ account: { login: 'kim' } });
      await bound.close();
    },
  );
});

test('a look-up that a change overtook is not kept', async () => {
  const { house, live, time } = opened;
  const stored = await house.sessions.find(house.digests.hash(cookie));
  const slow = vi.spyOn(house.sessions, 'find').mockImplementationOnce(async () => {
    await signOut(house, stored as NonNullable<typeof stored>, { address: '', request: '' });
    return stored;
  });
  await live.find(cookie, HOST, time.now);
  slow.mockRestore();
  expect(live.peek(cookie, HOST, time.now)).toBe('unknown');
  expect(await live.find(cookie, HOST, time.now)).toBeUndefined();
});

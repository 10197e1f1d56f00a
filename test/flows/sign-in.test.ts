import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../src/core/policy.ts';
import { encodeBase64Url } from '../../src/core/session/handle.ts';
import { MINUTE } from '../../src/core/time.ts';
import { beginSignIn, openSignIn, TRANSACTION_LIFE } from '../../src/flows/begin-sign-in.ts';
import { submitSignIn } from '../../src/flows/sign-in.ts';
import { suspendUser } from '../../src/flows/users.ts';
import { Busy } from '../../src/ports.ts';
import {
  addPerson,
  attempt,
  BY,
  codeOf,
  HOST,
  hotp,
  type Opened,
  oneThen,
  openHouse,
  policy,
  signIn,
  withSessions,
} from './house.ts';

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
});
afterEach(() => opened.remove());

const browser = (letter: string) => encodeBase64Url(new Uint8Array(32).fill(letter.charCodeAt(0)));
const reasons = async () =>
  (await opened.house.audit.read({ limit: 200 })).map(({ kind, reason }) => `${kind} ${reason}`.trim());

describe('a complete sign-in', () => {
  test.each([[['otp']], [['otp', 'pin']], [['pw', 'otp']]] as const)(
    'with %j opens a session and returns where it began',
    async (need) => {
      const { house, live, time } = opened;
      await addPerson(house);
      const result = await attempt(house, { need, login: ' KIM ' });
      expect(result).toMatchObject({ kind: 'accepted', returnTo: '/salary?m=11' });
      const cookie = result.kind === 'accepted' ? result.cookie : '';
      expect(cookie).toMatch(/^[A-Za-z0-9_-]{43}$/);
      const session = await live.find(cookie, HOST, time.now);
      expect(session).toMatchObject({ account: { login: 'kim' }, host: HOST, startedAt: time.now });
      expect(session?.proofs).toEqual({
        ...Object.fromEntries(need.map((factor) => [factor, time.now])),
        totp: time.now,
      });
      expect(await reasons()).toContain('signin.accepted');
    },
  );

  test('rejects a second use of an accepted time step (RFC 6238 §5.2) and does not count it as a guess', async () => {
    const { house, time } = opened;
    await addPerson(house);
    await signIn(house);
    for (let again = 0; again < 12; again++)
      expect(await attempt(house, {})).toMatchObject({ kind: 'rejected', error: 'E1' });
    expect((await reasons()).filter((reason) => reason.endsWith('otp-replayed'))).toHaveLength(12);
    time.now += 30_000;
    expect((await attempt(house, {})).kind).toBe('accepted');
  });

  test('an event code moves the counter; the codes it skipped are spent (RFC 4226 §7.4)', async () => {
    const { house } = opened;
    await addPerson(house, 'kim', 'hotp');
    expect((await attempt(house, { otp: hotp(4) })).kind).toBe('accepted');
    expect((await attempt(house, { otp: hotp(4) })).kind).toBe('rejected');
    expect((await attempt(house, { otp: hotp(2) })).kind).toBe('rejected');
    expect((await attempt(house, { otp: hotp(5) })).kind).toBe('accepted');
  });

  test('a route that takes time-based codes only refuses an event code and leaves it unspent', async () => {
    const { house } = opened;
    await addPerson(house, 'kim', 'hotp');
    expect((await attempt(house, { otp: hotp(0), route: 'clock-only' })).kind).toBe('rejected');
    expect(await reasons()).toContain('signin.rejected kind-not-accepted');
    expect((await attempt(house, { otp: hotp(0) })).kind).toBe('accepted');
  });

  test('of many submissions of one code exactly one is accepted (RACE-1)', async () => {
    const { house } = opened;
    await addPerson(house);
    const results = await Promise.all(Array.from({ length: 16 }, () => attempt(house, {}, generous)));
    expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'rejected')).toHaveLength(15);
  });

  test('a login transaction is spent once', async () => {
    const { house } = opened;
    await addPerson(house, 'kim');
    await addPerson(house, 'park');
    const { transaction, browser: own } = await beginSignIn(house, start(undefined));
    const submit = (login: string) => submitSignIn(house, policy, submission(transaction.id, own.secret, login));
    expect((await submit('kim')).kind).toBe('accepted');
    expect(await submit('park')).toEqual({ kind: 'gone', returnTo: undefined });
  });
});

const generous: Policy = { ...policy, otp: { ...policy.otp, lockout: { failures: 50, lockFor: [MINUTE] } } };
const start = (browserSecret: string | undefined) => ({
  browserSecret,
  host: HOST,
  route: 'hr',
  returnTo: '/salary?m=11',
  need: ['otp'] as const,
});
const submission = (transaction: string, browserSecret: string | undefined, login = 'kim', host = HOST) => ({
  transaction,
  browserSecret,
  host,
  session: undefined,
  fields: { login, password: '', pin: '', otp: codeOf(opened.time.now), sms: '' },
  address: '192.0.2.7',
  userAgent: 'Browser/1',
  request: '',
});

describe('what the claimant hears (ENUM-1)', () => {
  test.each([
    ['unknown user', { login: 'nobody' }, 'E1'],
    ['wrong password', { password: 'wrong wrong wrong' }, 'E1'],
    ['wrong code', { otp: '000000' }, 'E2'],
    ['eight digits for a six-digit authenticator', { otp: '00000000' }, 'E2'],
    ['code from ten minutes ahead', { otp: 20 }, 'E3'],
    ['suspended', { login: 'susi' }, 'E1'],
    ['no authenticator', { login: 'bare' }, 'E1'],
  ] as const)(
    '%s',
    async (_, { otp, ...fields }: { otp?: string | number; login?: string; password?: string }, error) => {
      const { house, time } = opened;
      await addPerson(house);
      await addPerson(house, 'bare', 'none');
      await addPerson(house, 'susi');
      await suspendUser(house, 'susi', BY);
      const typed =
        typeof otp === 'number' ? { ...fields, otp: codeOf(time.now, otp) } : { ...fields, ...(otp && { otp }) };
      expect(await attempt(house, { ...typed, need: ['pw', 'otp'] })).toMatchObject({ kind: 'rejected', error });
      expect(await attempt(house, { ...typed, need: ['otp'], otp: '000000' })).toMatchObject({
        kind: 'rejected',
        error: 'E1',
      });
    },
  );

  test('a spent code with the right password is named as such', async () => {
    await addPerson(opened.house);
    await signIn(opened.house);
    expect(await attempt(opened.house, { need: ['pw', 'otp'] })).toMatchObject({ kind: 'rejected', error: 'E4' });
    expect(await attempt(opened.house, { need: ['pw', 'otp'], password: 'not the right one' })).toMatchObject({
      error: 'E1',
    });
  });

  test('every rejection asks the ports the same questions in the same order', async () => {
    const { house } = opened;
    await addPerson(house);
    await addPerson(house, 'bare', 'none');
    await addPerson(house, 'susi');
    await suspendUser(house, 'susi', BY);
    const wrong = { otp: '000000', pin: '9513', password: 'wrong wrong wrong' };
    const cases = [
      { ...wrong, login: 'nobody' },
      { login: 'susi' },
      { login: 'bare' },
      { otp: '000000' },
      { pin: '9513' },
      { password: 'wrong wrong wrong' },
      wrong,
    ];
    const traces = [];
    for (const typed of cases) {
      const { ports, calls } = recording(house);
      expect((await attempt(ports, { ...typed, need: ['pw', 'pin', 'otp'] })).kind).toBe('rejected');
      traces.push(calls.join('\n'));
    }
    expect(new Set(traces).size).toBe(1);
    expect(traces[0]).toContain('hasher.verify');
    expect(traces[0]).toContain('authenticators.decoy');
  });

  test('a fault of form is named precisely and costs no attempt', async () => {
    const { house } = opened;
    await addPerson(house);
    for (let again = 0; again < 10; again++) {
      expect(await attempt(house, { otp: '12345' })).toMatchObject({
        kind: 'malformed',
        faults: [{ field: 'otp', fault: 'wrong-length', length: 5 }],
      });
    }
    expect((await attempt(house, {})).kind).toBe('accepted');
  });
});

/** The same house with every call of a port written down, without what was said. */
function recording(house: Opened['house']) {
  const calls: string[] = [];
  const wrap = (name: string, port: object) =>
    new Proxy(port, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          calls.push(`${name}.${String(key)}`);
          return Reflect.apply(member, target, given);
        };
      },
    });
  const seen = ['hasher', 'accounts', 'authenticators', 'attempts', 'sessions', 'browsers', 'audit'] as const;
  const ports = { ...house, ...Object.fromEntries(seen.map((name) => [name, wrap(name, house[name])])) };
  return { ports, calls };
}

describe('throttling (RFC 4226 §7.3, NIST SP 800-63B §3.2.2)', () => {
  test.each(['kim', 'nobody'])(
    'the failure that reaches the limit is still a rejection, the next is locked: %s',
    async (login) => {
      const { house, time } = opened;
      await addPerson(house);
      const kinds = [];
      for (let index = 0; index < 6; index++) kinds.push((await attempt(house, { login, otp: '000000' })).kind);
      expect(kinds).toEqual(['rejected', 'rejected', 'rejected', 'rejected', 'rejected', 'locked']);
      expect(await attempt(house, { login })).toMatchObject({ kind: 'locked', until: time.now + MINUTE });
      time.now += MINUTE;
      expect((await attempt(house, { login })).kind).toBe(login === 'kim' ? 'accepted' : 'rejected');
    },
  );

  test('of 500 parallel guesses no more than the limit are evaluated', async () => {
    const { house } = opened;
    await addPerson(house);
    const { ports, calls } = recording(house);
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, n) => attempt(ports, { otp: String(100_000 + n) })),
    );
    expect(calls.filter((call) => call === 'authenticators.bind').length).toBe(5);
    expect(results.filter(({ kind }) => kind === 'locked')).toHaveLength(495);
  });

  test('a right factor does not reset the count, a complete sign-in does', async () => {
    const { house } = opened;
    await addPerson(house);
    for (let index = 0; index < 4; index++) await attempt(house, { need: ['pin', 'otp'], otp: '000000' });
    expect((await attempt(house, { need: ['pin', 'otp'] })).kind).toBe('accepted');
    for (let index = 0; index < 5; index++) {
      expect((await attempt(house, { need: ['pin', 'otp'], otp: '000000' })).kind).toBe('rejected');
    }
    expect((await attempt(house, {})).kind).toBe('locked');
  });

  test('whoever holds the token cannot clear the count of PIN guesses with an OTP-only sign-in', async () => {
    const { house, time } = opened;
    await addPerson(house);
    const outcomes = [];
    for (let round = 0; round < 3; round++) {
      for (let guess = 0; guess < 2; guess++) {
        outcomes.push((await attempt(house, { need: ['pin', 'otp'], pin: '9513', otp: '000000' })).kind);
      }
      expect((await attempt(house, {})).kind).toBe('accepted');
      time.now += 30_000;
    }
    expect(outcomes).toEqual(['rejected', 'rejected', 'rejected', 'rejected', 'rejected', 'locked']);
    time.now += MINUTE;
    expect((await attempt(house, { need: ['pin', 'otp'] })).kind).toBe('accepted');
    expect((await attempt(house, { need: ['pin', 'otp'], pin: '9513' })).kind).toBe('rejected');
  });

  test('a wrong PIN with a spent code is a guess: replays cannot be used to try PINs for nothing', async () => {
    const { house } = opened;
    await addPerson(house);
    await signIn(house);
    for (let index = 0; index < 5; index++) await attempt(house, { need: ['pin', 'otp'], pin: '9513' });
    expect((await attempt(house, { need: ['pin', 'otp'], pin: '9513' })).kind).toBe('locked');
  });

  test('a right code beside a wrong PIN is not spent', async () => {
    const { house } = opened;
    await addPerson(house);
    expect((await attempt(house, { need: ['pin', 'otp'], pin: '9513' })).kind).toBe('rejected');
    expect((await attempt(house, { need: ['pin', 'otp'] })).kind).toBe('accepted');
  });

  test('strangers cannot lock out the owner: a known browser has its own count (BRUTE-4)', async () => {
    const { house, time } = opened;
    await addPerson(house);
    await signIn(house, { browser: browser('k') });
    time.now += 30_000;
    for (let index = 0; index < 8; index++) await attempt(house, { otp: '000000', browser: browser('x') });
    expect((await attempt(house, { browser: browser('x') })).kind).toBe('locked');
    expect((await attempt(house, { browser: browser('k') })).kind).toBe('accepted');
  });

  test('when passwords cannot be hashed in time nothing was attempted', async () => {
    const { house } = opened;
    await addPerson(house);
    const busy = { ...house, hasher: { ...house.hasher, verify: () => Promise.reject(new Busy()) } };
    for (let index = 0; index < 9; index++)
      await expect(attempt(busy, { need: ['pw', 'otp'] })).rejects.toBeInstanceOf(Busy);
    expect((await attempt(house, { need: ['pw', 'otp'] })).kind).toBe('accepted');
  });
});

describe('step-up', () => {
  async function risen() {
    const { house, live, time } = opened;
    await addPerson(house);
    await addPerson(house, 'park');
    const cookie = await signIn(house);
    const session = await live.find(cookie, HOST, time.now);
    if (session === undefined) throw new Error('no session');
    return { cookie, session };
  }

  test('asks for what is missing, keeps the sign-in and replaces the cookie', async () => {
    const { house, live, time } = opened;
    const { cookie, session } = await risen();
    const result = await attempt(house, { need: ['pin'], login: '', submission: { session } });
    if (result.kind !== 'accepted') throw new Error(result.kind);
    expect(result.cookie).not.toBe(cookie);
    expect(live.peek(cookie, HOST, time.now)).toBe('unknown');
    expect(await live.find(cookie, HOST, time.now)).toBeUndefined();
    const after = await live.find(result.cookie, HOST, time.now);
    expect(after).toMatchObject({ id: session.id, account: { login: 'kim' } });
    expect(Object.keys(after?.proofs ?? {}).sort()).toEqual(['otp', 'pin', 'totp']);
    expect(await reasons()).toContain('stepup.accepted');
  });

  test('takes the person from the session, whatever the form says', async () => {
    const { session } = await risen();
    await attempt(opened.house, { need: ['pin'], login: 'park', pin: '9513', submission: { session } });
    const last = await opened.house.audit.read({ limit: 1, newestFirst: true });
    expect(last[0]).toMatchObject({ login: 'kim', reason: 'wrong-pin' });
  });

  test('does not reset the count of attempts', async () => {
    const { session } = await risen();
    const { house } = opened;
    for (let index = 0; index < 4; index++) await attempt(house, { otp: '000000' });
    expect((await attempt(house, { need: ['pin'], submission: { session } })).kind).toBe('accepted');
    await attempt(house, { otp: '000000' });
    expect((await attempt(house, { otp: '000000' })).kind).toBe('locked');
  });

  test('without the session that has to rise it is begun anew', async () => {
    const { session } = await risen();
    const result = await attempt(opened.house, { need: ['pin'], submission: { session } });
    expect(result.kind).toBe('accepted');
    const { transaction, browser: own } = await beginSignIn(opened.house, {
      ...start(undefined),
      need: ['pin'],
      rise: session,
    });
    expect(await submitSignIn(opened.house, policy, submission(transaction.id, own.secret))).toEqual({
      kind: 'gone',
      returnTo: '/salary?m=11',
    });
  });

  test('a session that was ended meanwhile does not rise', async () => {
    const { session } = await risen();
    await opened.house.sessions.revoke('all', {
      at: 0,
      kind: 'session.revoked',
      login: '',
      route: '',
      reason: '',
      detail: {},
      ...BY,
    });
    expect((await attempt(opened.house, { need: ['pin'], submission: { session } })).kind).toBe('rejected');
  });
});

describe('the login transaction', () => {
  test('belongs to the browser that began it (CSRF, G001)', async () => {
    const { house } = opened;
    await addPerson(house);
    const { transaction } = await beginSignIn(house, start(browser('a')));
    expect(await submitSignIn(house, policy, submission(transaction.id, browser('b')))).toEqual({
      kind: 'foreign-browser',
    });
    expect(await submitSignIn(house, policy, submission(transaction.id, undefined))).toEqual({
      kind: 'foreign-browser',
    });
    expect((await submitSignIn(house, policy, submission(transaction.id, browser('a')))).kind).toBe('accepted');
  });

  test('is worth nothing on another host', async () => {
    const { transaction, browser: own } = await beginSignIn(opened.house, start(undefined));
    const other = submission(transaction.id, own.secret, 'kim', 'other.corp.example');
    expect((await submitSignIn(opened.house, policy, other)).kind).toBe('gone');
  });

  test('expires after ten minutes and is renewed to the same destination', async () => {
    const { house, time } = opened;
    await addPerson(house);
    const { transaction, browser: own } = await beginSignIn(house, start(undefined));
    time.now += TRANSACTION_LIFE;
    const expired = await submitSignIn(house, policy, submission(transaction.id, own.secret));
    if (expired.kind !== 'expired') throw new Error(expired.kind);
    expect(expired.transaction).toMatchObject({
      returnTo: '/salary?m=11',
      need: ['otp'],
      route: 'hr',
      browserHash: transaction.browserHash,
    });
    expect(expired.transaction.id).not.toBe(transaction.id);
    expect((await submitSignIn(house, policy, submission(expired.transaction.id, own.secret))).kind).toBe('accepted');
  });

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', ''])(
    'never returns to %j',
    async (returnTo) => {
      const { transaction } = await beginSignIn(opened.house, { ...start(undefined), returnTo });
      expect(transaction.returnTo).toBe('/');
    },
  );

  test('a browser without a cookie of ours gets one of 256 bits', async () => {
    for (const presented of [undefined, '', 'short', 'x'.repeat(44)]) {
      const { browser: made } = await beginSignIn(opened.house, start(presented));
      expect(made).toMatchObject({ isNew: true, secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) });
    }
    expect((await beginSignIn(opened.house, start(browser('a')))).browser).toEqual({
      secret: browser('a'),
      isNew: false,
    });
  });

  test('can be looked at without being spent', async () => {
    const { transaction, browser: own } = await beginSignIn(opened.house, start(undefined));
    const opening = { transaction: transaction.id, browserSecret: own.secret, host: HOST, session: undefined };
    expect(await openSignIn(opened.house, opening)).toEqual({ kind: 'open', transaction });
    expect(await openSignIn(opened.house, { ...opening, transaction: 'none' })).toEqual({
      kind: 'gone',
      returnTo: undefined,
    });
  });
});

describe('concurrent sign-ins', () => {
  test('one too many is refused where the policy says so, and the code stays unspent', async () => {
    const { house, time } = opened;
    await addPerson(house);
    const one = withSessions({ concurrent: oneThen('refuse') });
    expect((await attempt(house, {}, one)).kind).toBe('accepted');
    time.now += 30_000;
    expect((await attempt(house, {}, one)).kind).toBe('too-many-sessions');
    expect((await attempt(house, {})).kind).toBe('accepted');
  });

  test('ending the oldest is seen by the cache at once', async () => {
    const { house, live, time } = opened;
    await addPerson(house);
    const one = withSessions({ concurrent: oneThen('end_oldest') });
    const first = await signIn(house);
    await live.find(first, HOST, time.now);
    time.now += 30_000;
    await attempt(house, {}, one);
    expect(await live.find(first, HOST, time.now)).toBeUndefined();
  });
});

import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { Account, Authenticator } from '../../src/core/identity/account.ts';
import type { Factor } from '../../src/core/identity/factors.ts';
import type { Policy } from '../../src/core/policy.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import type { TypedFields } from '../../src/core/verification/code.ts';
import { counterBytes, truncate } from '../../src/core/verification/hotp.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { beginSignIn } from '../../src/flows/begin-sign-in.ts';
import { LiveSessions } from '../../src/flows/live-sessions.ts';
import { type SignInPorts, type SignInResult, type SignInSubmission, submitSignIn } from '../../src/flows/sign-in.ts';
import { addUser } from '../../src/flows/users.ts';
import type { House } from '../../src/ports.ts';
import { openFixture, START } from '../stores/fixture.ts';
import { table } from '../support/policies.ts';

export { START };

export const HOST = 'hr.corp.example';
export const BY = { actor: 'cli', address: '', request: '' } as const;
export const PASSWORD = 'correct horse battery';
export const PIN = '7391';
export const SEED = Buffer.from('12345678901234567890', 'ascii');

/** One sign-in at a time, and what happens to the next. */
export function oneThen(what: 'end_oldest' | 'refuse'): Policy['sessions']['concurrent'] {
  // biome-ignore lint/suspicious/noThenProperty: the key of the configuration; it is never awaited.
  return { max: 1, then: what };
}

/** The policy with other session settings. */
export const withSessions = (changes: Partial<Policy['sessions']>): Policy => ({
  ...policy,
  sessions: { ...policy.sessions, ...changes },
});

/** The part of a policy that flows read, with the defaults of the configuration reference. */
export const policy = {
  routes: table({ name: 'hr' }, { name: 'clock-only', otp: 'time' }),
  radius: { listen: [], tcp: [], tls: undefined, accounting: false, clients: [] },
  defaultRequirement: undefined,
  sms: {
    providers: [{ type: 'file', name: 'file', path: '/nowhere' }],
    code: {
      digits: 6,
      ttl: 3 * MINUTE,
      tries: 5,
      resend: 30_000,
      perNumber: { count: 5, per: 10 * MINUTE },
      perUser: { count: 5, per: 10 * MINUTE },
      perAddress: { count: 20, per: 10 * MINUTE },
      perDay: 20,
      budget: 1000,
      prefixes: [],
    },
  },
  users: {
    password: { minLength: 10 },
    pin: { minLength: 4, maxLength: 8, forbid: ['repeats', 'sequences'] },
  },
  otp: {
    totp: { algorithm: 'SHA256', digits: 6, period: 30, window: 1 },
    foreignApps: { algorithm: 'SHA1', digits: 6, period: 30 },
    hotp: { digits: 6, lookAhead: 10 },
    server: { digits: 6, ttl: MINUTE },
    policies: [],
    sealing: 'aes-256-gcm',
    lockout: { failures: 5, lockFor: [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE] },
    clock: { warn: 1000, refuse: 15_000 },
  },
  sessions: {
    cookieName: 'sumun',
    sameSite: 'lax',
    idle: 30 * MINUTE,
    max: 10 * HOUR,
    concurrent: { ...oneThen('end_oldest'), max: 5 },
    bindTo: [],
  },
  pages: { brand: { name: 'Sumun', logo: undefined, accent: undefined } },
} as unknown as Policy; // flows read nothing else of it

/** Real stores and crypto on a database of their own, a clock set by hand, and the sessions of one process. */
export async function openHouse() {
  const fixture = await openFixture();
  const digests = createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom);
  const { clock, log } = fixture.options;
  const folder = join(fixture.folder, 'data', 'signing');
  const signer = openSigner({ folder, algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 }, START);
  const ports = {
    ...fixture.stores,
    signer,
    clock,
    log,
    random: systemRandom,
    digests,
    hasher: createHasher(systemRandom),
  };
  const live = new LiveSessions(ports, () => policy);
  const house: typeof ports & SignInPorts = { ...ports, live };
  return {
    house,
    live,
    time: fixture.time,
    reopen: fixture.reopen,
    remove: async () => {
      await live.close();
      await fixture.remove();
    },
  };
}

export type Opened = Awaited<ReturnType<typeof openHouse>>;

/** The code of a moving factor, by default the present time step's. */
export const codeOf = (now: number, offset = 0, seed: Uint8Array = SEED): string =>
  hotp(Math.floor(now / 30_000) + offset, seed);

/** The six-digit code of a counter. */
export const hotp = (counter: number, seed: Uint8Array = SEED): string =>
  truncate(createHmac('sha1', seed).update(counterBytes(counter)).digest(), 6);

/** A person with password and PIN, and an authenticator unless told otherwise. */
export async function addPerson(
  house: Pick<House, 'clock' | 'accounts' | 'attempts' | 'hasher' | 'authenticators'>,
  login = 'kim',
  kind: Authenticator['kind'] | 'none' = 'totp',
): Promise<Account> {
  const added = await addUser(house, policy.users, { login, password: PASSWORD, pin: PIN, groups: ['staff'] }, BY);
  if (added.kind !== 'added') throw new Error(JSON.stringify(added.faults));
  if (kind !== 'none') {
    const period = kind === 'totp' ? 30 : 0;
    const token = {
      accountId: added.account.id,
      kind,
      label: '',
      algorithm: 'SHA1',
      digits: 6,
      period,
      seed: SEED,
    } as const;
    await house.authenticators.add(token, {
      at: START,
      kind: 'token.enrolled',
      login,
      reason: '',
      route: '',
      detail: {},
      ...BY,
    });
  }
  return added.account;
}

export type Attempt = Partial<TypedFields> & {
  readonly need?: readonly Factor[];
  readonly browser?: string;
  readonly route?: string;
  readonly submission?: Partial<SignInSubmission>;
};

/** Opens the sign-in page in a browser and submits it once. */
export async function attempt(house: SignInPorts, typed: Attempt, settings: Policy = policy): Promise<SignInResult> {
  const { need = ['otp'], browser: browserSecret, submission = {}, route: name = 'hr', ...fields } = typed;
  const session = submission.session;
  const start = { browserSecret, host: HOST, route: name, returnTo: '/salary?m=11', need, rise: session };
  const { transaction, browser } = await beginSignIn(house, start);
  return submitSignIn(house, settings, {
    transaction: transaction.id,
    browserSecret: browser.secret,
    host: HOST,
    session: undefined,
    fields: { login: 'kim', password: PASSWORD, pin: PIN, otp: codeOf(house.clock.now()), sms: '', ...fields },
    address: '192.0.2.7',
    userAgent: 'Browser/1',
    request: 'K7QF-2M9D',
    ...submission,
  });
}

/** A sign-in that is known to succeed; answers the cookie. */
export async function signIn(house: SignInPorts, typed: Attempt = {}): Promise<string> {
  const result = await attempt(house, typed);
  if (result.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(result)}`);
  return result.cookie;
}

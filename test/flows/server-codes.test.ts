import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Authenticator } from '../../src/core/identity/account.ts';
import type { Policy } from '../../src/core/policy.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import type { LiveCode } from '../../src/core/verification/challenge.ts';
import { issueServerCode } from '../../src/flows/server-codes.ts';
import { addUser } from '../../src/flows/users.ts';
import { appCode, ask, challenged, enrol, PLACE, wrong } from './asking.ts';
import { addPerson, BY, type Opened, openHouse, policy } from './house.ts';

let opened: Opened;
let token: Authenticator;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house, 'kim', 'none');
  token = await enrol(opened.house, 'server');
});
afterEach(() => opened.remove());

const lenient: Policy = { ...policy, otp: { ...policy.otp, lockout: { failures: 1_000_000, lockFor: [1] } } };
async function issue(
  id = token.id,
  more: { readonly context?: string; readonly boundTo?: string } = {},
): Promise<LiveCode> {
  const issued = await issueServerCode(opened.house, policy, { authenticatorId: id, ...more }, BY);
  if (issued.kind !== 'issued') throw new Error(issued.kind);
  return issued.live;
}
const submit = (otp: string, login = 'kim') => ask(opened, { login, credentials: { otp } }, lenient);

describe('server-synchronised codes', () => {
  test('the code of the newest issue is accepted once', async () => {
    const live = await issue();
    expect(await submit(appCode(opened.house, token, live))).toMatchObject({
      kind: 'accepted',
      proofs: { otp: opened.time.now, server: opened.time.now },
    });
    expect((await submit(appCode(opened.house, token, live))).kind).toBe('rejected');
  });

  test('no code is right before one is issued, nor after its time', async () => {
    expect((await submit('000000')).kind).toBe('rejected');
    const live = await issue();
    opened.time.now += MINUTE - 1;
    const other = appCode(opened.house, token, live);
    opened.time.now += 1;
    expect((await submit(other)).kind).toBe('rejected');
  });

  test('five wrong tries end it', async () => {
    const live = await issue();
    const code = appCode(opened.house, token, live);
    for (let index = 0; index < 5; index++) expect((await submit(wrong(code))).kind).toBe('rejected');
    expect((await submit(code)).kind).toBe('rejected');
  });

  test('ten in a minute can be fetched', async () => {
    for (let index = 0; index < 10; index++) await issue();
    expect(await issueServerCode(opened.house, policy, { authenticatorId: token.id }, BY)).toEqual({ kind: 'limited' });
    opened.time.now += MINUTE;
    await issue();
  });

  test('there is none for another kind of authenticator, for a suspended one, or for none', async () => {
    const other = await enrol(opened.house, 'hotp');
    for (const id of [other.id, 'nothing']) {
      expect(await issueServerCode(opened.house, policy, { authenticatorId: id }, BY)).toEqual({ kind: 'missing' });
    }
  });

  test('a code with a context is another one, and the context is in its question', async () => {
    const live = await issue(token.id, { context: 'VPN from Seoul' });
    expect(live.contextHash).toMatch(/^[0-9a-f]{64}$/);
    expect((await submit(appCode(opened.house, token, { ...live, contextHash: '' }))).kind).toBe('rejected');
    expect((await submit(appCode(opened.house, token, live))).kind).toBe('accepted');
  });

  test('one that a verification asked for counts for that verification only', async () => {
    const begun = challenged(await ask(opened, { credentials: {}, wanted: 'server' }));
    expect(begun.need.map(({ method }) => method)).toEqual(['otp', 'server']);
    const [live] = await opened.house.liveCodes.current(token.accountId, opened.time.now);
    if (live === undefined) throw new Error('nothing was issued');
    const code = appCode(opened.house, token, live);
    expect((await submit(code)).kind).toBe('rejected');
    expect((await ask(opened, { pending: begun.transaction, credentials: { otp: code } })).kind).toBe('accepted');
  });

  test('where only time-based codes count it is refused and stays live', async () => {
    const code = appCode(opened.house, token, await issue());
    const place = { ...PLACE, otp: 'time' } as const;
    expect(await ask(opened, { place, credentials: { otp: code } })).toMatchObject({ reason: 'kind-not-accepted' });
    expect((await submit(code)).kind).toBe('accepted');
  });

  test('the server clock three days off changes nothing: no clock of the authenticator is looked at', async () => {
    opened.time.now += 3 * DAY;
    expect((await submit(appCode(opened.house, token, await issue()))).kind).toBe('accepted');
  });
});

/** What is promised, in a few lines: one live code a token, the newest only, once, five tries, a minute, ten a minute. */
class Reference {
  live: { code: string; tries: number; until: number } | undefined;
  issues: number[] = [];

  issue(now: number, code: string): boolean {
    this.issues = this.issues.filter((at) => now - at < MINUTE);
    if (this.issues.length >= 10) return false;
    this.issues.push(now);
    this.live = { code, tries: 0, until: now + MINUTE };
    return true;
  }

  isOpen(now: number): boolean {
    return this.live !== undefined && this.live.tries < 5 && now < this.live.until;
  }
}

/** A submission against both devices of a person: right for one spends its code, wrong is a try of every live one. */
function verifyBoth(models: readonly Reference[], code: string, now: number): boolean {
  const open = models.filter((model) => model.isOpen(now));
  const right = open.find(({ live }) => live?.code === code);
  if (right !== undefined) right.live = undefined;
  else for (const { live } of open) if (live !== undefined) live.tries++;
  return right !== undefined;
}

const PEOPLE = 50;
const RUNS = 20;
const ACTS = ['issue', 'issue', 'newest', 'newest', 'older', 'oldest', 'wrong'] as const;

/** One person with two devices, what was issued to each, and what should be. */
type Pair = {
  readonly login: string;
  readonly devices: readonly {
    readonly token: Authenticator;
    readonly seed: Uint8Array;
    codes: string[];
    model: Reference;
  }[];
};

async function pairOf(login: string): Promise<Pair> {
  await addUser(opened.house, policy.users, { login }, BY);
  const devices = [];
  for (const byte of [1, 2]) {
    const seed = Buffer.alloc(32, byte);
    const token = await enrol(opened.house, 'server', { login, seed });
    devices.push({ token, seed, codes: [], model: new Reference() });
  }
  return { login, devices };
}

async function act({ login, devices }: Pair, device: number, what: (typeof ACTS)[number]): Promise<boolean> {
  const { now } = opened.time;
  const own = devices[device];
  if (own === undefined) throw new Error('no device');
  if (what === 'issue') {
    const issued = await issueServerCode(opened.house, policy, { authenticatorId: own.token.id }, BY);
    const code = issued.kind === 'issued' ? appCode(opened.house, own.token, issued.live, own.seed) : '';
    expect(own.model.issue(now, code)).toBe(issued.kind === 'issued');
    if (issued.kind === 'issued') own.codes.push(code);
    return false;
  }
  const n = { newest: own.codes.length - 1, older: own.codes.length - 2, oldest: 0, wrong: -1 }[what];
  const code = own.codes[n] ?? 'none';
  const models = devices.map(({ model }) => model);
  const right = verifyBoth(models, code, now);
  expect((await submit(code, login)).kind).toBe(right ? 'accepted' : 'rejected');
  return right;
}

test('1,000 random interleavings from two devices do what twenty lines promise', { timeout: 60_000 }, async () => {
  const pairs = await Promise.all(Array.from({ length: PEOPLE }, (_, index) => pairOf(`p${index}`)));
  const step = fc.record({ device: fc.constantFrom(0, 1), what: fc.constantFrom(...ACTS) });
  const round = fc.record({
    steps: fc.array(step, { minLength: PEOPLE, maxLength: PEOPLE }),
    wait: fc.constantFrom(0, 0, 1000, 20_000, 59_999, 60_000),
  });
  let accepted = 0;
  const interleavings = fc.asyncProperty(fc.array(round, { minLength: 6, maxLength: 6 }), async (rounds) => {
    opened.time.now += 2 * MINUTE; // nothing of the run before is live
    for (const device of pairs.flatMap(({ devices }) => devices))
      Object.assign(device, { codes: [], model: new Reference() });
    for (const { steps, wait } of rounds) {
      const acts = pairs.map((pair, at) => act(pair, steps[at]?.device ?? 0, steps[at]?.what ?? 'wrong'));
      for (const right of await Promise.all(acts)) accepted += right ? 1 : 0;
      opened.time.now += wait;
    }
  });
  await fc.assert(interleavings, { numRuns: RUNS, endOnFailure: true });
  expect(accepted).toBeGreaterThan(200);
});

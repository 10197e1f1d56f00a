import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeBase32 } from '../../src/core/enrolment/base32.ts';
import { MINUTE } from '../../src/core/time.ts';
import { importUsers } from '../../src/flows/import-users.ts';
import { enrolToken, resyncToken, setTokenStatus, testToken } from '../../src/flows/tokens.ts';
import { addUser, deleteUser, findUser, resumeUser, setUser, suspendUser, unlockUser } from '../../src/flows/users.ts';
import { addPerson, attempt, BY, codeOf, hotp, type Opened, openHouse, PASSWORD, policy } from './house.ts';

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
});
afterEach(() => opened.remove());

const kinds = async () => (await opened.house.audit.read({ limit: 200 })).map(({ kind }) => kind);

describe('people', () => {
  test('are added whole or not at all, with everything that is wrong said at once', async () => {
    const { house } = opened;
    const refused = await addUser(
      house,
      policy.users,
      { login: '김민지', password: 'short', pin: '1111', email: 'a\nb', groups: ['a,b'] },
      BY,
    );
    expect(refused).toEqual({
      kind: 'refused',
      faults: [
        { field: 'login', fault: 'hangul' },
        { field: 'email', fault: 'unreadable' },
        { field: 'groups', fault: 'unreadable' },
        { field: 'password', fault: 'too-short' },
        { field: 'pin', fault: 'repeats' },
      ],
    });
    expect(await house.accounts.list()).toEqual([]);
  });

  test('have one account for every spelling of a login (NFKC, case, spaces)', async () => {
    const { house } = opened;
    expect(await addUser(house, policy.users, { login: ' Kim ' }, BY)).toMatchObject({
      kind: 'added',
      account: { login: 'Kim' },
    });
    expect(await addUser(house, policy.users, { login: 'ＫＩＭ' }, BY)).toMatchObject({
      faults: [{ field: 'login', fault: 'exists' }],
    });
    expect(await findUser(house, 'kIM')).toMatchObject({ login: 'Kim' });
  });

  test('are changed, suspended, resumed, unlocked and deleted, each in the audit trail', async () => {
    const { house, time } = opened;
    await addPerson(house);
    expect(await setUser(house, policy.users, 'kim', { name: '김민지', password: 'another good one' }, BY)).toEqual({
      kind: 'changed',
    });
    expect((await attempt(house, { need: ['pw', 'otp'], password: PASSWORD })).kind).toBe('rejected');
    expect((await suspendUser(house, 'kim', BY)).kind).toBe('done');
    expect((await attempt(house, { need: ['pw', 'otp'], password: 'another good one' })).kind).toBe('rejected');
    expect((await resumeUser(house, 'kim', BY)).kind).toBe('done');
    for (let index = 0; index < 9; index++) await attempt(house, { otp: '000000' });
    expect((await attempt(house, {})).kind).toBe('locked');
    expect((await unlockUser(house, 'kim', BY)).kind).toBe('done');
    expect((await attempt(house, { need: ['pw', 'otp'], password: 'another good one' })).kind).toBe('accepted');
    time.now += MINUTE;
    expect((await deleteUser(house, 'kim', BY)).kind).toBe('done');
    expect((await attempt(house, {})).kind).toBe('rejected');
    const seen = await kinds();
    for (const kind of [
      'user.added',
      'user.changed',
      'user.suspended',
      'user.resumed',
      'user.unlocked',
      'user.deleted',
    ])
      expect(seen).toContain(kind);
    expect((await house.audit.verify()).ok).toBe(true);
  });

  test.each([suspendUser, resumeUser, unlockUser, deleteUser])('%o says that there is nobody', async (act) => {
    expect(await act(opened.house, 'nobody', BY)).toEqual({ kind: 'missing' });
  });
});

describe('import', () => {
  const CSV = [
    'login,name,groups,password,attributes.dept',
    'kim,김민지,staff;hr,correct horse battery,HR',
    'park,박서준,staff,short,',
    'kim,again,,,',
    'lee,이하나,staff,,R&D',
  ].join('\r\n');

  test('gives each row a verdict, writes nothing in a dry run, and changes nothing the second time', async () => {
    const { house } = opened;
    const run = async (dryRun: boolean) => {
      const result = await importUsers(house, policy.users, CSV, { dryRun, by: BY });
      return result.ok ? result.value.map(({ line, verdict }) => `${line} ${verdict}`) : result.error;
    };
    const verdicts = ['2 added', '3 refused', '4 refused', '5 added'];
    expect(await run(true)).toEqual(verdicts);
    expect(await house.accounts.list()).toEqual([]);
    expect(await run(false)).toEqual(verdicts);
    expect(await findUser(house, 'kim')).toMatchObject({
      name: '김민지',
      groups: ['hr', 'staff'],
      attributes: { dept: 'HR' },
    });
    expect(await run(false)).toEqual(['2 changed', '3 refused', '4 refused', '5 unchanged']);
  });

  test.each([
    ['login,shoe size\nkim,44', { line: 1, problem: 'unknown-column', column: 'shoe size' }],
    ['name\nKim', { line: 1, problem: 'login-column-missing', column: 'login' }],
    ['login\n"kim', { line: 2, problem: 'open-quote' }],
  ])('%j is refused whole', async (csv, error) => {
    expect(await importUsers(opened.house, policy.users, csv, { dryRun: false, by: BY })).toEqual({ ok: false, error });
  });
});

describe('tokens', () => {
  test('the otpauth address holds the seed that verifies, with the settings for foreign apps', async () => {
    const { house, time } = opened;
    await addPerson(house, 'kim', 'none');
    const enrolled = await enrolToken(house, policy, { login: 'KIM', kind: 'totp' }, BY);
    if (enrolled.kind !== 'enrolled') throw new Error(enrolled.kind);
    const uri = new URL(enrolled.uri ?? '');
    expect(enrolled.uri).toMatch(
      /^otpauth:\/\/totp\/Sumun:kim\?secret=[A-Z2-7]{32}&issuer=Sumun&algorithm=SHA1&digits=6&period=30$/,
    );
    const seed = decodeBase32(uri.searchParams.get('secret') ?? '') ?? new Uint8Array();
    expect((await attempt(house, { otp: codeOf(time.now, 0, seed) })).kind).toBe('accepted');
    const written = JSON.stringify(await house.audit.read({ limit: 100 }));
    expect(written).not.toContain(uri.searchParams.get('secret'));
  });

  test('an imported seed is kept as it is; a short one and a missing person are refused', async () => {
    const { house } = opened;
    await addPerson(house, 'kim', 'none');
    const seed = Buffer.from('12345678901234567890');
    expect(await enrolToken(house, policy, { login: 'kim', kind: 'hotp', seed }, BY)).toMatchObject({
      kind: 'enrolled',
    });
    expect((await testToken(house, policy, 'kim', hotp(0), BY)).kind).toBe('accepted');
    expect(await enrolToken(house, policy, { login: 'kim', kind: 'totp', seed: seed.subarray(0, 15) }, BY)).toEqual({
      kind: 'seed-too-short',
      bytes: 15,
    });
    expect(await enrolToken(house, policy, { login: 'nobody', kind: 'totp' }, BY)).toEqual({ kind: 'missing' });
  });

  test('a tested code is spent; a wrong one counts', async () => {
    const { house, time } = opened;
    await addPerson(house);
    expect(await testToken(house, policy, 'kim', '12 345', BY)).toMatchObject({ kind: 'malformed' });
    expect((await testToken(house, policy, 'kim', codeOf(time.now), BY)).kind).toBe('accepted');
    expect(await testToken(house, policy, 'kim', codeOf(time.now), BY)).toMatchObject({ reason: 'otp-replayed' });
    expect((await attempt(house, {})).kind).toBe('rejected');
    expect(await testToken(house, policy, 'kim', codeOf(time.now, 5), BY)).toMatchObject({
      reason: 'otp-out-of-window',
      distance: 5,
    });
    for (let index = 0; index < 4; index++) await testToken(house, policy, 'kim', '000000', BY);
    expect((await testToken(house, policy, 'kim', '000000', BY)).kind).toBe('locked');
  });

  test('of many tests of one code exactly one is accepted', async () => {
    const { house, time } = opened;
    await addPerson(house);
    const code = codeOf(time.now);
    const results = await Promise.all(Array.from({ length: 5 }, () => testToken(house, policy, 'kim', code, BY)));
    expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
  });

  test('two codes in a row bring a clock back, spend both and are remembered as drift', async () => {
    const { house, time } = opened;
    await addPerson(house);
    const [token] = await house.authenticators.list((await findUser(house, 'kim'))?.id ?? '');
    const id = token?.id ?? '';
    expect((await attempt(house, { otp: codeOf(time.now, 6) })).kind).toBe('rejected');
    expect(await resyncToken(house, id, [codeOf(time.now, 6), codeOf(time.now, 7)], BY)).toMatchObject({
      kind: 'found',
      drift: 7,
    });
    expect((await attempt(house, { otp: codeOf(time.now, 7) })).kind).toBe('rejected');
    expect((await attempt(house, { otp: codeOf(time.now, 8) })).kind).toBe('accepted');
    expect(await resyncToken(house, id, [codeOf(time.now, 5), codeOf(time.now, 6)], BY)).toEqual({ kind: 'spent' });
    expect(await resyncToken(house, 'none', ['123456', '123457'], BY)).toEqual({ kind: 'missing' });
  });

  test('a suspended token answers nothing, a resumed one does, a revoked one never again', async () => {
    const { house, time } = opened;
    await addPerson(house);
    const [token] = await house.authenticators.list((await findUser(house, 'kim'))?.id ?? '');
    const id = token?.id ?? '';
    expect(await setTokenStatus(house, id, 'suspended', BY)).toBe('updated');
    expect(await testToken(house, policy, 'kim', codeOf(time.now), BY)).toMatchObject({ reason: 'no-authenticator' });
    expect(await setTokenStatus(house, id, 'active', BY)).toBe('updated');
    expect((await testToken(house, policy, 'kim', codeOf(time.now), BY)).kind).toBe('accepted');
    expect(await setTokenStatus(house, id, 'revoked', BY)).toBe('updated');
    expect(await setTokenStatus(house, id, 'active', BY)).toBe('revoked-before');
    expect(await setTokenStatus(house, 'none', 'active', BY)).toBe('missing');
    const last = await house.audit.read({ limit: 1, newestFirst: true, kind: 'token.revoked' });
    expect(last[0]).toMatchObject({ login: 'kim' });
  });
});

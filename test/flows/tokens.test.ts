import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../src/core/enrolment/base32.ts';
import { createTemporaryCode } from '../../src/flows/lookup-codes.ts';
import { declareOutage, isOutage } from '../../src/flows/outage.ts';
import { deleteToken, enrolToken, relabelToken, resyncToken, testToken } from '../../src/flows/tokens.ts';
import { ask } from './asking.ts';
import { addPerson, BY, codeOf, type Opened, openHouse, policy, SEED } from './house.ts';

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house, 'kim', 'none');
});
afterEach(() => opened.remove());

const last = async () => (await opened.house.audit.read({ limit: 1, newestFirst: true }))[0];

describe('tokens of every kind', () => {
  test.each([
    [{ kind: 'totp' }, { algorithm: 'SHA1', digits: 6, period: 30, suite: '' }, 20, true],
    [{ kind: 'hotp', digits: 8 }, { algorithm: 'SHA1', digits: 8, period: 0, suite: '' }, 20, true],
    [{ kind: 'server' }, { algorithm: 'SHA256', digits: 6, suite: 'OCRA-1:HOTP-SHA256-6:C-QH64' }, 32, false],
    [{ kind: 'ocra' }, { algorithm: 'SHA256', digits: 8, suite: 'OCRA-1:HOTP-SHA256-8:QH64-T30S' }, 32, false],
    [{ kind: 'ocra', suite: 'OCRA-1:HOTP-SHA1-6:QN08' }, { algorithm: 'SHA1', digits: 6 }, 20, false],
  ] as const)('%j', async (request, parameters, bytes, hasUri) => {
    const enrolled = await enrolToken(opened.house, policy, { login: 'kim', ...request }, BY);
    if (enrolled.kind !== 'enrolled') throw new Error(enrolled.kind);
    expect(enrolled.authenticator).toMatchObject({ kind: request.kind, status: 'active', ...parameters });
    expect(decodeBase32(enrolled.secret)).toHaveLength(bytes);
    expect(enrolled.uri?.includes(enrolled.secret) ?? false).toBe(hasUri);
    expect(JSON.stringify(await last())).not.toContain(enrolled.secret);
  });

  test.each(['', 'OCRA-1', 'OCRA-1:HOTP-SHA1-6:QN08-PSHA1', 'OCRA-1:HOTP-SHA1-6:QN08-S064', 'OCRA-1:HOTP-SHA1-7:QN08'])(
    'the suite %j cannot be used',
    async (suite) => {
      expect(await enrolToken(opened.house, policy, { login: 'kim', kind: 'ocra', suite }, BY)).toEqual({
        kind: 'bad-suite',
        suite,
      });
    },
  );

  test('one token of a serial number; a seed of at least 128 bits', async () => {
    const enrol = (more: object) => enrolToken(opened.house, policy, { login: 'kim', kind: 'hotp', ...more }, BY);
    expect((await enrol({ serial: 'OATH-1', seed: SEED })).kind).toBe('enrolled');
    expect(await enrol({ serial: 'OATH-1' })).toEqual({ kind: 'exists' });
    expect(await enrol({ seed: new Uint8Array(15) })).toEqual({ kind: 'seed-too-short', bytes: 15 });
    expect(await enrol({ login: 'nobody' })).toEqual({ kind: 'missing' });
  });

  test('a secret that is kept twice is spent in both, and goes on where the other one was (G112)', async () => {
    const { house } = opened;
    const enrol = async (kind: 'totp' | 'hotp') => {
      const enrolled = await enrolToken(house, policy, { login: 'kim', kind, seed: SEED }, BY);
      if (enrolled.kind !== 'enrolled') throw new Error(enrolled.kind);
      return enrolled.authenticator;
    };
    const movingFactors = async (ids: readonly string[]) =>
      Promise.all(ids.map(async (id) => (await house.authenticators.find(id))?.movingFactor));
    const [first, twin, other] = [await enrol('hotp'), await enrol('hotp'), await enrol('totp')];
    const use = (to: number) =>
      house.verifications.commit([{ kind: 'advance-moving-factor', authenticator: twin.id, to, drift: 0 }], {
        ...{ at: house.clock.now(), kind: 'token.tested', login: 'kim', reason: '', route: '', detail: {} },
        ...BY,
      });
    expect(await use(4)).toBe('committed');
    expect(await use(4)).toBe('conflict');
    expect(await movingFactors([first.id, twin.id, other.id])).toEqual([4, 4, -1]);
    expect((await enrol('hotp')).movingFactor).toBe(4);
  });

  test('is renamed and deleted; what is deleted proves nothing', async () => {
    const enrolled = await enrolToken(opened.house, policy, { login: 'kim', kind: 'totp', seed: SEED }, BY);
    if (enrolled.kind !== 'enrolled') throw new Error(enrolled.kind);
    expect(enrolled.secret).toBe(encodeBase32(SEED));
    const { id } = enrolled.authenticator;
    expect(await relabelToken(opened.house, id, '회사 폰', BY)).toBe('updated');
    expect(await opened.house.authenticators.find(id)).toMatchObject({ label: '회사 폰' });
    expect(await last()).toMatchObject({ kind: 'token.changed', login: 'kim', detail: { authenticator: id } });
    expect(await relabelToken(opened.house, id, 'two\nlines', BY)).toBe('unreadable');
    expect(await relabelToken(opened.house, 'none', 'x', BY)).toBe('missing');
    expect((await ask(opened)).kind).toBe('accepted');
    opened.time.now += 30_000;
    expect(await deleteToken(opened.house, id, BY)).toBe('deleted');
    expect(await deleteToken(opened.house, id, BY)).toBe('missing');
    expect(await ask(opened)).toMatchObject({ kind: 'rejected', reason: 'no-authenticator' });
  });

  test('what has no counter and no clock is not brought back in step', async () => {
    const enrolled = await enrolToken(opened.house, policy, { login: 'kim', kind: 'server' }, BY);
    if (enrolled.kind !== 'enrolled') throw new Error(enrolled.kind);
    const codes = [codeOf(opened.time.now), codeOf(opened.time.now, 1)] as const;
    expect(await resyncToken(opened.house, enrolled.authenticator.id, codes, BY)).toEqual({ kind: 'not-found' });
  });

  test('a code is tested as it would count, recovery codes too', async () => {
    await enrolToken(opened.house, policy, { login: 'kim', kind: 'totp', seed: SEED }, BY);
    const created = await createTemporaryCode(opened.house, 'kim', { validFor: 60_000 }, BY);
    const code = created.kind === 'created' ? created.code : '';
    expect((await testToken(opened.house, policy, 'kim', code, BY)).kind).toBe('accepted');
    expect((await testToken(opened.house, policy, 'kim', code, BY)).kind).toBe('rejected');
    expect((await testToken(opened.house, policy, 'kim', codeOf(opened.time.now), BY)).kind).toBe('accepted');
  });
});

test('an outage is declared for a time and ended', async () => {
  const { house, time } = opened;
  expect(await isOutage(house, time.now)).toBe(false);
  await declareOutage(house, time.now + 60_000, BY);
  expect(await last()).toMatchObject({ kind: 'outage.declared', actor: 'cli' });
  expect(await isOutage(house, time.now)).toBe(true);
  expect(await isOutage(house, time.now + 60_000)).toBe(false);
  await declareOutage(house, undefined, BY);
  expect(await isOutage(house, time.now)).toBe(false);
});

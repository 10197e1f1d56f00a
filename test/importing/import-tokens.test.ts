import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importTokens } from '../../src/flows/import-tokens.ts';
import { parseTokenFile } from '../../src/importing/parse-token-file.ts';
import { openFixture, START } from '../stores/fixture.ts';
import { K20 } from './files.ts';

const BY = { actor: 'cli', address: '', request: '' } as const;
const HEX = Buffer.from(K20).toString('hex');

let fixture: Awaited<ReturnType<typeof openFixture>>;
beforeAll(async () => {
  fixture = await openFixture();
  for (const login of ['kim', 'Lee', 'park']) {
    const person = { login, name: '', email: '', phone: '', groups: [], attributes: {} };
    await fixture.stores.accounts.add(person, {
      at: START,
      kind: 'user.added',
      login,
      route: '',
      reason: '',
      detail: {},
      ...BY,
    });
  }
});
afterAll(() => fixture.remove());

const house = () => ({ ...fixture.stores, clock: fixture.options.clock });
const rowsOf = (text: string) => {
  const parsed = parseTokenFile(Buffer.from(text));
  if (!parsed.ok) throw new Error(parsed.error.problem);
  return parsed.value;
};
const tokensOf = async (login: string) => {
  const account = await fixture.stores.accounts.findByLogin(login);
  return fixture.stores.authenticators.list(account?.id ?? '');
};

const TABLE = [
  'serial,key,type,digits,counter,login',
  `S1,${HEX},hotp,6,7,kim`,
  `S2,${HEX},totp,8,,LEE`,
  `S3,${HEX},totp,6,,nobody`,
  `S4,${HEX},totp,6,,`,
  `S5,${HEX},totp,7,,kim`,
].join('\n');

describe('importing tokens', () => {
  test('in a dry run says what would become of every row and writes nothing', async () => {
    const before = await fixture.stores.audit.read({ limit: 100 });
    const verdicts = await importTokens(house(), rowsOf(TABLE), { dryRun: true }, BY);
    expect(verdicts.map(({ line, serial, login, verdict, why }) => [line, serial, login, verdict, why])).toEqual([
      [2, 'S1', 'kim', 'would-add', undefined],
      [3, 'S2', 'LEE', 'would-add', undefined],
      [4, 'S3', 'nobody', 'no-such-user', undefined],
      [5, 'S4', '', 'refused', 'login-missing'],
      [6, 'S5', 'kim', 'refused', 'digits'],
    ]);
    expect(await tokensOf('kim')).toEqual([]);
    expect(await fixture.stores.audit.read({ limit: 100 })).toEqual(before);
  });

  test('adds what can be added, once, and names every token in the audit trail', async () => {
    const verdicts = await importTokens(house(), rowsOf(TABLE), { dryRun: false }, BY);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['added', 'added', 'no-such-user', 'refused', 'refused']);
    expect(JSON.stringify(verdicts)).not.toContain(HEX);
    expect(await tokensOf('kim')).toMatchObject([
      { serial: 'S1', kind: 'hotp', movingFactor: 7, digits: 6, period: 0, status: 'active' },
    ]);
    expect(await tokensOf('lee')).toMatchObject([
      { serial: 'S2', kind: 'totp', movingFactor: -1, digits: 8, period: 30 },
    ]);
    const trail = await fixture.stores.audit.read({ limit: 3, newestFirst: true });
    expect(trail.map(({ kind, login, detail }) => [kind, login, detail['serial'] ?? detail['added']])).toEqual([
      ['import.applied', '', 2],
      ['token.imported', 'lee', 'S2'],
      ['token.imported', 'kim', 'S1'],
    ]);
    expect(JSON.stringify(trail)).not.toContain(HEX);

    const again = await importTokens(house(), rowsOf(TABLE), { dryRun: false }, BY);
    expect(again.map(({ verdict }) => verdict)).toEqual(['exists', 'exists', 'no-such-user', 'refused', 'refused']);
    const dry = await importTokens(house(), rowsOf(TABLE), { dryRun: true }, BY);
    expect(dry.map(({ verdict }) => verdict)).toEqual(['exists', 'exists', 'no-such-user', 'refused', 'refused']);
  });

  test('the imported token answers with the codes of RFC 4226 Appendix D', async () => {
    const [token] = await tokensOf('kim');
    const bound = await fixture.stores.authenticators.bindOne(token?.id ?? '');
    expect([7, 8, 9].map((counter) => bound?.codeAt(counter))).toEqual(['162583', '399871', '520489']);
  });

  test('a serial number that somebody else has is there already', async () => {
    const taken = `S1,${'ab'.repeat(20)},hotp,6,0,,park`;
    for (const dryRun of [true, false]) {
      expect((await importTokens(house(), rowsOf(taken), { dryRun }, BY))[0]?.verdict).toBe('exists');
    }
    expect(await tokensOf('park')).toEqual([]);
  });

  test('REPLAY one person never holds one secret twice, so that no code is good twice', async () => {
    const uri = 'otpauth://totp/park?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const twice = rowsOf(`${uri}\n${uri}`);
    const dry = await importTokens(house(), twice, { dryRun: true }, BY);
    expect(dry.map(({ verdict }) => verdict)).toEqual(['would-add', 'exists']);
    const real = await importTokens(house(), twice, { dryRun: false }, BY);
    expect(real.map(({ verdict }) => verdict)).toEqual(['added', 'exists']);
    const later = await importTokens(house(), rowsOf(`${uri}\nX,Y`), { dryRun: false }, BY);
    expect(later.map(({ verdict, why }) => why ?? verdict)).toEqual(['exists', 'address']);
    expect(await tokensOf('park')).toHaveLength(1);
    const [held] = await tokensOf('park');
    await fixture.stores.authenticators.setStatus(held?.id ?? '', 'revoked', {
      at: START,
      kind: 'token.revoked',
      login: 'park',
      route: '',
      reason: '',
      detail: {},
      ...BY,
    });
    const renewed = await importTokens(house(), rowsOf(uri), { dryRun: false }, BY);
    expect(renewed.map(({ verdict }) => verdict)).toEqual(['added']);
  });

  test('can be given to other people than the file names', async () => {
    const rows = rowsOf(`T1,${'01'.repeat(20)},hotp\nT2,${'02'.repeat(20)},hotp,6,0,,kim`);
    const bySerial = new Map([['T1', 'lee']]);
    const verdicts = await importTokens(house(), rows, { dryRun: true, assign: { login: 'park', bySerial } }, BY);
    expect(verdicts.map(({ login, verdict }) => [login, verdict])).toEqual([
      ['lee', 'would-add'],
      ['park', 'would-add'],
    ]);
  });

  test('OCRA tokens keep suite and counter and answer', async () => {
    const row = `T9,${Buffer.from(K20.repeat(4)).subarray(0, 64).toString('hex')},ocra,OCRA-1:HOTP-SHA512-8:C-QN08,2,,park`;
    const [verdict] = await importTokens(house(), rowsOf(row), { dryRun: false }, BY);
    expect(verdict?.verdict).toBe('added');
    const token = await fixture.stores.authenticators.findBySerial('T9');
    expect(token).toMatchObject({ kind: 'ocra', suite: 'OCRA-1:HOTP-SHA512-8:C-QN08', movingFactor: 2, digits: 8 });
    const bound = await fixture.stores.authenticators.bindOne(token?.id ?? '');
    expect(bound?.respond({ question: '22222222', counter: 2 })).toBe('70123924');
  });
});

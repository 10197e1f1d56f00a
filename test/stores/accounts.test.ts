import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bindCode } from '../../src/crypto/otp.ts';
import { addAccount, addToken, begin, event, type Fixture, openFixture, START, totp, transaction } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

describe('accounts', () => {
  test('are found by their folded login and keep their spelling', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores, 'Kim', ['hr', 'staff', 'hr']);
    expect(kim).toMatchObject({ login: 'Kim', groups: ['hr', 'staff'], status: 'active', createdAt: START });
    expect(await stores.accounts.findByLogin('kim')).toEqual(kim);
    expect(await stores.accounts.findByLogin('Kim')).toBeUndefined();
  });

  test.each(['KIM', ' kim ', 'ｋｉｍ'])('refuse %s as a second spelling of the same login', async (login) => {
    const { stores } = fixture;
    await addAccount(stores, 'kim');
    const again = { login, name: '', email: '', phone: '', groups: [], attributes: {} };
    expect(await stores.accounts.add(again, event('user.added'))).toBe('exists');
    expect(await stores.audit.read({ limit: 10, kind: 'user.added' })).toHaveLength(1);
  });

  test('are listed by group and status', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores, 'kim', ['hr']);
    const lee = await addAccount(stores, 'lee', ['staff']);
    await stores.accounts.setStatus(lee.id, 'suspended', event('user.suspended'));
    expect((await stores.accounts.list()).map((each) => each.login)).toEqual(['kim', 'lee']);
    expect(await stores.accounts.list({ group: 'hr' })).toEqual([kim]);
    expect((await stores.accounts.list({ status: 'suspended' })).map((each) => each.login)).toEqual(['lee']);
  });

  test('change where told and nowhere else', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await addAccount(stores, 'lee');
    const changed = event('user.changed');
    expect(
      await stores.accounts.update(kim.id, { login: 'Kim2', groups: ['x'], attributes: { a: 'b' } }, changed),
    ).toBe('updated');
    expect(await stores.accounts.findByLogin('kim2')).toEqual({
      ...kim,
      login: 'Kim2',
      groups: ['x'],
      attributes: { a: 'b' },
    });
    expect(await stores.accounts.update(kim.id, { login: 'LEE' }, changed)).toBe('exists');
    expect(await stores.accounts.update('nobody', { name: 'x' }, changed)).toBe('missing');
    expect(await stores.accounts.update(kim.id, {}, changed)).toBe('updated');
    expect(await stores.audit.read({ limit: 10, kind: 'user.changed' })).toHaveLength(2);
  });

  test('lose everything but their audit trail when deleted', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await stores.accounts.setSecret(kim.id, 'pw', 'hash', event('user.changed'));
    const token = await addToken(stores, totp(kim.id));
    await begin(stores, kim.id, 'a');
    expect(await stores.accounts.delete(kim.id, event('user.deleted'))).toBe('deleted');
    expect(await stores.accounts.delete(kim.id, event('user.deleted'))).toBe('missing');
    expect(await stores.accounts.secretHash(kim.id, 'pw')).toBeUndefined();
    expect(await stores.authenticators.find(token.id)).toBeUndefined();
    expect(await stores.audit.read({ limit: 10, login: 'kim' })).toHaveLength(5);
  });

  test('keep one hash for each kind of secret', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await stores.accounts.setSecret(kim.id, 'pw', 'one', event('user.changed'));
    await stores.accounts.setSecret(kim.id, 'pin', 'two', event('user.changed'));
    await stores.accounts.setSecret(kim.id, 'pw', 'three', event('user.changed'));
    expect(await stores.accounts.secretHash(kim.id, 'pw')).toBe('three');
    expect(await stores.accounts.secretHash(kim.id, 'pin')).toBe('two');
  });
});

describe('authenticators', () => {
  test('answer with the codes of their seed', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const added = await addToken(stores, totp(kim.id, { digits: 8, algorithm: 'SHA256' }));
    expect(added).toMatchObject({ movingFactor: -1, drift: 0, status: 'active', lastUsedAt: undefined });
    const [bound] = await stores.authenticators.bind(kim.id);
    expect(bound?.codeAt(59)).toBe(bindCode(totp(kim.id).seed, { digits: 8, algorithm: 'SHA256' })(59));
    expect(JSON.stringify(bound)).not.toContain('seed');
    expect((await stores.authenticators.bindOne(added.id))?.codeAt(1)).toBe(bound?.codeAt(1));
    expect(await stores.authenticators.bindOne('none')).toBeUndefined();
  });

  test('begin with counter 0 when they are event-based (RFC 4226 §5.1)', async () => {
    const kim = await addAccount(fixture.stores);
    const hotp = totp(kim.id, { kind: 'hotp', period: 0 });
    expect(await addToken(fixture.stores, hotp)).toMatchObject({ movingFactor: 0 });
  });

  test('do not answer while suspended, and never again once revoked', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const { id } = await addToken(stores, totp(kim.id));
    await stores.authenticators.setStatus(id, 'suspended', event('token.suspended'));
    expect(await stores.authenticators.bind(kim.id)).toEqual([]);
    const change = { kind: 'advance-moving-factor', authenticator: id, to: 5, drift: 0 } as const;
    expect(await stores.verifications.commit([change], event('token.tested'))).toBe('conflict');
    expect(await stores.authenticators.setStatus(id, 'active', event('token.resumed'))).toBe('updated');
    expect(await stores.verifications.commit([change], event('token.tested'))).toBe('committed');
    expect(await stores.authenticators.setStatus(id, 'revoked', event('token.revoked'))).toBe('updated');
    expect(await stores.authenticators.setStatus(id, 'active', event('token.resumed'))).toBe('missing');
  });

  test('only ever move forward', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const { id } = await addToken(stores, totp(kim.id));
    const advance = (to: number) =>
      stores.verifications.commit(
        [{ kind: 'advance-moving-factor', authenticator: id, to, drift: 0 }],
        event('token.tested'),
      );
    expect(await advance(100)).toBe('committed');
    expect(await advance(100)).toBe('conflict');
    expect(await advance(99)).toBe('conflict');
    expect(await stores.authenticators.resynchronise(id, 100, 2, event('token.resynchronised'))).toBe('conflict');
    expect(await stores.authenticators.resynchronise(id, 102, 2, event('token.resynchronised'))).toBe('updated');
    const raw = new SqliteDatabase(fixture.path);
    expect(() => raw.exec('UPDATE authenticator SET moving_factor = 50')).toThrow('a moving factor never goes back');
    raw.close();
  });

  test('refuse to answer when a sealed seed was moved to another row', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const lee = await addAccount(stores, 'lee');
    const { id } = await addToken(stores, totp(kim.id));
    const other = await addToken(stores, totp(lee.id, { seed: Buffer.alloc(20, 7) }));
    const raw = new SqliteDatabase(fixture.path);
    raw
      .prepare('UPDATE authenticator SET seed = (SELECT seed FROM authenticator WHERE id = ?) WHERE id = ?')
      .run(other.id, id);
    raw.close();
    await expect(stores.authenticators.bind(kim.id)).rejects.toThrow();
    expect(await stores.authenticators.bind(lee.id)).toHaveLength(1);
  });

  test('the decoy belongs to nobody', () => {
    const decoy = fixture.stores.authenticators.decoy();
    expect(decoy).toMatchObject({ id: '', accountId: '', status: 'active' });
    expect(decoy.codeAt(1)).toMatch(/^\d{6}$/);
  });
});

describe('the state of a browser', () => {
  test('a login transaction is found until it ends, and not a moment longer', async () => {
    const { browsers } = fixture.stores;
    const made = transaction('t', START, { riseFrom: 'x', keptPost: 'y' });
    await browsers.addTransaction(made);
    expect(await browsers.findTransaction('t', START)).toEqual(made);
    expect(await browsers.findTransaction('t', made.expiresAt)).toBeUndefined();
    expect(await browsers.findTransaction('u', START)).toBeUndefined();
  });

  test('a kept post is spent by exactly one caller', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    const post = {
      id: 'p',
      browserHash: 'b',
      accountId: kim.id,
      host: 'a.example.com',
      target: '/form',
      contentType: 'text/plain',
      sealedBody: Buffer.from('sealed'),
      size: 6,
      expiresAt: START + 1000,
    };
    await stores.browsers.keep(post);
    expect(await stores.browsers.findKept('p', START)).toEqual(post);
    expect(await stores.browsers.findKept('p', START + 1000)).toBeUndefined();
    const spent = await Promise.all(Array.from({ length: 8 }, () => stores.browsers.spendKept('p', START)));
    expect(spent.filter((each) => each === 'spent')).toHaveLength(1);
    expect(await stores.browsers.findKept('p', START)).toBeUndefined();
  });

  test('a browser is known for the accounts it signed in, no others', async () => {
    const { stores } = fixture;
    const kim = await addAccount(stores);
    await stores.browsers.remember('b', kim.id, START);
    await stores.browsers.remember('b', kim.id, START + 1);
    expect(await stores.browsers.isKnown('b', kim.id)).toBe(true);
    expect(await stores.browsers.isKnown('c', kim.id)).toBe(false);
    expect(await stores.browsers.isKnown('b', 'lee')).toBe(false);
  });
});

describe('recorded requests', () => {
  const request = (id: string, at = START) => ({
    id,
    at,
    method: 'GET',
    url: 'https://a.example.com/x',
    address: '192.0.2.1',
    login: 'kim',
    have: { otp: START },
    status: 403,
    outcome: 'deny:group-not-allowed',
  });

  test('are found by their number, hyphen and case optional, the newest first', async () => {
    const { requests } = fixture.stores;
    requests.record(request('01ARZ3NDEKTSV4RRFFQ69G5FAV'));
    requests.record({ ...request('02ARZ3NDEKTSV4RRFFQ69G5FAV', START + 1), status: 404 });
    await requests.flush();
    expect(await requests.find('q69g5fav')).toMatchObject({ status: 404, have: { otp: START } });
    expect(await requests.find('Q69G-5FAV')).toMatchObject({ status: 404 });
    expect(await requests.find('Q69G-5FAW')).toBeUndefined();
    expect(await requests.find('no number')).toBeUndefined();
  });

  test('are dropped beyond a bounded queue and forgotten after thirty days', async () => {
    const { requests } = fixture.stores;
    const id = (n: number) => `01ARZ3NDEKTSV4RRFF${String(n).padStart(8, '0')}`;
    for (let n = 0; n < 1500; n++) requests.record(request(id(n)));
    await requests.flush();
    expect(await requests.find('0000-0999')).toBeDefined();
    expect(await requests.find('0000-1000')).toBeUndefined();
    expect(fixture.logged.map((each) => each.event)).toContain('requests.dropped');
    fixture.time.now = START + 31 * 86_400_000;
    requests.record(request(id(2000), fixture.time.now));
    await requests.flush();
    expect(await requests.find('0000-0999')).toBeUndefined();
    expect(await requests.find('0000-2000')).toBeDefined();
  });
});

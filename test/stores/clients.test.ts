import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCidr } from '../../src/core/access/cidr.ts';
import type { ApiClient } from '../../src/core/identity/api-client.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { event, type Fixture, openFixture, START } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const network = (text: string) => {
  const read = readCidr(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};

const client = (keyId: string, more: Partial<ApiClient> = {}): ApiClient => ({
  keyId,
  name: 'portal',
  app: 'mail',
  scopes: ['verify', 'users:read'],
  networks: [network('192.0.2.0/24'), network('2001:db8::/32')],
  status: 'active',
  createdAt: START,
  expiresAt: START + 90 * DAY,
  lastUsedAt: undefined,
  ...more,
});

describe('a key of the API', () => {
  test('is kept as it was made', async () => {
    const { clients } = fixture.stores;
    expect(await clients.add(client('k1'), 'mac', event('client.added'))).toBe('added');
    expect(await clients.findKey('k1')).toEqual({ client: client('k1'), secretMac: 'mac' });
    expect(await clients.findKey('k2')).toBeUndefined();
    const open = client('k3', { name: 'other', networks: [], scopes: [], expiresAt: undefined });
    await clients.add(open, 'mac', event('client.added'));
    expect(await clients.list()).toEqual([open, client('k1')]);
  });

  test('is the only active one of its name, whoever adds another at the same time', async () => {
    const other = await fixture.reopen();
    const added = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? other : fixture.stores).clients.add(client(`k${n}`), 'mac', event('client.added')),
      ),
    );
    expect(added.filter((each) => each === 'added')).toHaveLength(1);
    fixture.time.now = START + 90 * DAY;
    expect(await other.clients.add(client('later'), 'mac', event('client.added'))).toBe('added');
  });

  test('is followed by one with the same rights and life, and ends after the overlap', async () => {
    const { clients } = fixture.stores;
    await clients.add(client('k1'), 'one', event('client.added'));
    fixture.time.now = START + DAY;
    const next = { keyId: 'k2', secretMac: 'two' };
    const made = client('k2', { createdAt: START + DAY, expiresAt: START + 91 * DAY });
    expect(await clients.rotate('portal', next, HOUR, event('client.rotated'))).toEqual(made);
    expect(await clients.findKey('k2')).toEqual({ client: made, secretMac: 'two' });
    expect((await clients.findKey('k1'))?.client).toMatchObject({ status: 'active', expiresAt: START + DAY + HOUR });
    expect(await clients.rotate('nobody', next, HOUR, event('client.rotated'))).toBe('missing');
  });

  test('is revoked with every other one of its name, for good', async () => {
    const { clients } = fixture.stores;
    await clients.add(client('k1'), 'one', event('client.added'));
    await clients.rotate('portal', { keyId: 'k2', secretMac: 'two' }, HOUR, event('client.rotated'));
    expect(await clients.revoke('portal', event('client.revoked'))).toBe('revoked');
    expect((await clients.list()).map((each) => each.status)).toEqual(['revoked', 'revoked']);
    expect(await clients.revoke('portal', event('client.revoked'))).toBe('missing');
    expect(await clients.rotate('portal', { keyId: 'k3', secretMac: 'x' }, 0, event('client.rotated'))).toBe('missing');
    expect(await clients.add(client('k4'), 'four', event('client.added'))).toBe('added');
  });

  test('remembers when it was last used, and never an earlier moment', async () => {
    const { clients } = fixture.stores;
    await clients.add(client('k1'), 'one', event('client.added'));
    await clients.touch(new Map([['k1', START + 10]]));
    await clients.touch(new Map([['k1', START + 5]]));
    await clients.touch(new Map());
    expect((await clients.findKey('k1'))?.client.lastUsedAt).toBe(START + 10);
  });
});

describe('an idempotency key', () => {
  const begin = (at = START, body = 'body', stores = fixture.stores) =>
    stores.idempotency.begin('portal verify', 'key', body, at, 10 * MINUTE);

  test('is taken by one of many over two processes', async () => {
    const other = await fixture.reopen();
    const began = await Promise.all(
      Array.from({ length: 30 }, (_, n) => begin(START, 'body', n % 2 ? other : fixture.stores)),
    );
    expect(began.filter((each) => each.kind === 'new')).toHaveLength(1);
    expect(began.filter((each) => each.kind === 'in-progress')).toHaveLength(29);
  });

  test('answers again what was answered, sealed meanwhile, until it expires', async () => {
    await begin();
    await fixture.stores.idempotency.finish('portal verify', 'key', 200, '{"user":"김"}');
    expect(await begin(START + 1)).toEqual({ kind: 'stored', status: 200, body: '{"user":"김"}' });
    expect(await begin(START + 1, 'another')).toEqual({ kind: 'mismatch' });
    expect(await fixture.stores.idempotency.begin('other verify', 'key', 'body', START, 1)).toEqual({ kind: 'new' });
    await fixture.stores.keys.rotate(event('key.rotated'));
    expect(await begin(START + 2)).toMatchObject({ kind: 'stored' });
    expect(await begin(START + 10 * MINUTE, 'another')).toEqual({ kind: 'new' });
  });

  test('is given back, or taken over a minute after its taker fell silent', async () => {
    await begin();
    await fixture.stores.idempotency.abandon('portal verify', 'key');
    expect(await begin(START + 1)).toEqual({ kind: 'new' });
    expect(await begin(START + MINUTE)).toEqual({ kind: 'in-progress' });
    expect(await begin(START + MINUTE + 1, 'another')).toEqual({ kind: 'mismatch' });
    expect(await begin(START + MINUTE + 1)).toEqual({ kind: 'new' });
    await fixture.stores.idempotency.finish('portal verify', 'key', 200, 'x');
    await fixture.stores.idempotency.finish('portal verify', 'key', 500, 'y');
    await fixture.stores.idempotency.abandon('portal verify', 'key');
    expect(await begin(START + MINUTE + 2)).toEqual({ kind: 'stored', status: 200, body: 'x' });
  });
});

test('an outage is declared for a time, and ended', async () => {
  const { switches } = fixture.stores;
  expect(await switches.outageUntil(START)).toBeUndefined();
  await switches.declareOutage(START + HOUR, event('outage.declared'));
  await switches.declareOutage(START + 2 * HOUR, event('outage.declared'));
  expect(await (await fixture.reopen()).switches.outageUntil(START)).toBe(START + 2 * HOUR);
  expect(await switches.outageUntil(START + 2 * HOUR)).toBeUndefined();
  await switches.declareOutage(undefined, event('outage.ended'));
  expect(await switches.outageUntil(START)).toBeUndefined();
});

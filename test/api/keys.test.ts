import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Operation, operation } from '../../src/api/operation.ts';
import { clientOperations } from '../../src/api/resources/clients.ts';
import { meOperation } from '../../src/api/resources/me.ts';
import { type Cidr, readCidr } from '../../src/core/access/cidr.ts';
import { SCOPES, type Scope } from '../../src/core/identity/api-client.ts';
import { DAY, HOUR, SECOND } from '../../src/core/time.ts';
import { authorise, exceeds, KeyUse, revokeClient, rotateClient } from '../../src/flows/clients.ts';
import type { House } from '../../src/ports.ts';
import { BY, type Served, serveApi } from './served.ts';

const network = (text: string): Cidr => {
  const read = readCidr(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};

const probe: Operation = operation({
  id: 'probe',
  method: 'get',
  path: '/probe',
  scopes: ['audit:read', 'stats:read'],
  tag: 'test',
  summary: '',
  answers: { 204: { description: 'Yes' } },
  handle: async () => ({ status: 204 }),
});

let served: Served;
beforeAll(async () => {
  served = await serveApi([...clientOperations, meOperation, probe]);
});
afterAll(() => served.close());

const me = (key: string | undefined, headers: Record<string, string> = {}) =>
  served.call('GET', '/api/v1/me', { key, headers });

describe('a key', () => {
  test('has the promised form and tells what it may do', async () => {
    const key = await served.key({ name: 'portal', scopes: ['verify', 'users:read'], app: 'intranet' });
    expect(key).toMatch(/^sk_[0-9a-z]{12}_[0-9a-z]{52}$/);
    expect((await me(key)).body).toMatchObject({
      name: 'portal',
      key_id: key.split('_')[1],
      app: 'intranet',
      scopes: ['verify', 'users:read'],
      networks: [],
      expires_at: null,
    });
  });

  test('is the only way in, and every other one gets the same answer (ENUM-1)', async () => {
    const key = await served.key();
    const [, id = '', secret = ''] = key.split('_');
    const ended = await served.key({ expiresAt: served.time.now + SECOND });
    const revoked = await served.key({ name: 'gone' });
    await revokeClient(served.house, 'gone', BY);
    served.time.now += SECOND;
    const flipped = `${secret.startsWith('0') ? '1' : '0'}${secret.slice(1)}`;
    const refused = [
      `sk_${'0'.repeat(12)}_${secret}`,
      `sk_${id}_${flipped}`,
      `sk_${id}_${secret.slice(1)}`,
      `sk_${id}_${secret}0`,
      key.toUpperCase(),
      ended,
      revoked,
      'sk_x_y',
    ];
    const answers = await Promise.all(refused.map((each) => me(each)));
    const masked = answers.map(({ status, text, headers }) => [
      status,
      text.replace(/"request":"[^"]+"/, ''),
      headers.get('www-authenticate'),
      headers.get('content-length'),
    ]);
    expect(new Set(masked.map(String)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'bad_api_key' } });
    expect((await me(key)).status).toBe(200);
  });

  test.each([
    ['in the query', '', {}, '?key=KEY'],
    ['as Basic', '', { authorization: 'Basic KEY' }, ''],
    ['alone in the field', '', { authorization: 'KEY' }, ''],
    ['in a field of its own', '', { 'x-api-key': 'KEY' }, ''],
    ['after another', '', { authorization: 'Bearer sk_a_b, Bearer KEY' }, ''],
  ])('does not count %s', async (_, __, headers, query) => {
    const key = await served.key();
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('KEY', key)]));
    const reply = await served.call('GET', `/api/v1/me${query.replace('KEY', key)}`, { headers: named });
    expect(reply.status).toBe(401);
  });

  test('is compared with the same work whether it is known or not', async () => {
    const key = await served.key();
    const callsOf = async (presented: string): Promise<string[]> => {
      const seen: string[] = [];
      const { clients, digests } = served.house;
      const noted =
        <A extends readonly unknown[], R>(name: string, call: (...args: A) => R) =>
        (...args: A): R => {
          seen.push(name);
          return call(...args);
        };
      const house: Pick<House, 'clients' | 'digests'> = {
        clients: { ...clients, findKey: noted('find', clients.findKey) },
        digests: { ...digests, mac: noted('mac', digests.mac), equal: noted('equal', digests.equal) },
      };
      await authorise(house, presented, served.time.now);
      return seen;
    };
    const known = await callsOf(key);
    expect(await callsOf(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`)).toEqual(known);
    expect(await callsOf(`sk_${'0'.repeat(12)}_${'0'.repeat(52)}`)).toEqual(known);
  });

  test('is stored as a keyed digest only, and never logged or audited', async () => {
    const key = await served.key({ name: 'secretive' });
    await me(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`);
    await me(key);
    const secret = key.split('_')[2] ?? '';
    for (const file of [served.database, `${served.database}-wal`]) {
      expect(readFileSync(file).includes(secret.slice(0, 20))).toBe(false);
    }
    expect(served.lines.join('\n')).not.toContain(secret.slice(0, 20));
    expect(JSON.stringify(await served.house.audit.read({ limit: 1000 }))).not.toContain(secret.slice(0, 20));
  });

  test('counts from its networks only, and a refusal is audited once a minute', async () => {
    const inside = await served.key({ networks: [network('127.0.0.0/8'), network('10.0.0.0/8')] });
    const outside = await served.key({ name: 'elsewhere', networks: [network('10.0.0.0/8')] });
    expect((await me(inside)).status).toBe(200);
    for (let time = 0; time < 3; time++) {
      expect(await me(outside)).toMatchObject({ status: 403, body: { code: 'network' } });
    }
    const refused = await served.house.audit.read({ limit: 1000, kind: 'client.refused' });
    const ours = refused.filter(({ detail }) => detail['client'] === 'elsewhere');
    expect(ours).toMatchObject([{ reason: 'network', actor: 'api:elsewhere', address: '127.0.0.1' }]);
  });

  test('does what one of its scopes names and nothing else', async () => {
    const may = async (...scopes: Scope[]) =>
      (await served.call('GET', '/api/v1/probe', { key: await served.key({ scopes }) })).status;
    expect(await may('stats:read')).toBe(204);
    expect(await may('audit:read', 'verify')).toBe(204);
    expect(await may(...SCOPES.filter((scope) => scope !== 'audit:read' && scope !== 'stats:read'))).toBe(403);
  });

  test('is noted as used at most twice a minute', async () => {
    const written: string[] = [];
    const { clients } = served.house;
    const use = new KeyUse({
      ...clients,
      touch: async (used) => void written.push(...[...used].map(([id, at]) => `${id} ${at}`)),
    });
    for (let at = 0; at <= 60_000; at += 500) await use.note('a', at);
    await use.note('b', 60_000);
    expect(written).toEqual(['a 0', 'a 30000', 'a 60000', 'b 60000']);
  });

  test('shows in the list when it was used', async () => {
    const key = await served.key({ name: 'listed' });
    await me(key);
    await expect
      .poll(async () => (await served.house.clients.list()).find(({ name }) => name === 'listed')?.lastUsedAt)
      .toBe(served.time.now);
  });
});

describe('a rotation', () => {
  test('takes the old key until the overlap ends', async () => {
    const old = await served.key({ name: 'turning', scopes: ['verify'] });
    const rotated = await rotateClient(served.house, 'turning', HOUR, BY);
    const fresh = rotated.kind === 'rotated' ? rotated.key : '';
    expect([(await me(old)).status, (await me(fresh)).status]).toEqual([200, 200]);
    expect((await me(fresh)).body.scopes).toEqual(['verify']);
    served.time.now += HOUR;
    expect([(await me(old)).status, (await me(fresh)).status]).toEqual([401, 200]);
  });

  test('without overlap ends the old key at once', async () => {
    const old = await served.key({ name: 'swift' });
    await rotateClient(served.house, 'swift', 0, BY);
    expect((await me(old)).status).toBe(401);
  });

  test('is over with the whole client', async () => {
    const old = await served.key({ name: 'closing' });
    const rotated = await rotateClient(served.house, 'closing', HOUR, BY);
    await revokeClient(served.house, 'closing', BY);
    const fresh = rotated.kind === 'rotated' ? rotated.key : '';
    expect([(await me(old)).status, (await me(fresh)).status]).toEqual([401, 401]);
  });
});

describe('rights', () => {
  const all = { app: '', scopes: SCOPES, networks: [], expiresAt: undefined } as const;
  const some = {
    app: 'hr',
    scopes: ['verify', 'clients:write'] as const,
    networks: [network('10.0.0.0/8')],
    expiresAt: 1000,
  };

  test.each([
    ['all of all', all, all, undefined],
    ['some of all', some, all, undefined],
    ['the same', some, some, undefined],
    ['one more scope', { ...some, scopes: ['audit:read' as const] }, some, 'scopes'],
    ['another application', { ...some, app: 'payroll' }, some, 'app'],
    ['any application', { ...some, app: '' }, some, 'app'],
    ['a smaller network', { ...some, networks: [network('10.1.0.0/16')] }, some, undefined],
    ['a larger network', { ...some, networks: [network('0.0.0.0/0')] }, some, 'networks'],
    ['another network', { ...some, networks: [network('10.1.0.0/16'), network('11.0.0.0/8')] }, some, 'networks'],
    ['another family', { ...some, networks: [network('::/0')] }, some, 'networks'],
    ['anywhere', { ...some, networks: [] }, some, 'networks'],
    ['longer', { ...some, expiresAt: 1001 }, some, 'expires'],
    ['without end', { ...some, expiresAt: undefined }, some, 'expires'],
  ])('to %s', (_, asked, granter, excess) => {
    expect(exceeds(asked, granter)).toBe(excess);
  });
});

describe('/clients', () => {
  test('adds a client whose key is shown once', async () => {
    const key = await served.key();
    const body = { name: 'vpn-hq', scopes: ['verify:detail', 'verify'], networks: ['127.0.0.1'], expires_in: 86_400 };
    const added = await served.call('POST', '/api/v1/clients', { key, body });
    expect(added).toMatchObject({
      status: 201,
      body: { name: 'vpn-hq', scopes: ['verify', 'verify:detail'], networks: ['127.0.0.1'], app: null },
    });
    expect((await me(added.body.key)).status).toBe(200);
    const list = await served.call('GET', '/api/v1/clients?limit=200', { key });
    expect(list.text).not.toContain(added.body.key.split('_')[2]);
    expect((await served.call('POST', '/api/v1/clients', { key, body })).body.code).toBe('exists');
    served.time.now += DAY;
    expect((await me(added.body.key)).status).toBe(401);
  });

  test('adds with the scope verify where none is named', async () => {
    const added = await served.call('POST', '/api/v1/clients', { key: await served.key(), body: { name: 'plain' } });
    expect(added.body.scopes).toEqual(['verify']);
  });

  test('gives nobody more than the calling key has', async () => {
    const key = await served.key({
      scopes: ['clients:write', 'verify'],
      app: 'hr',
      networks: [network('127.0.0.0/8')],
    });
    const add = (more: object) =>
      served.call('POST', '/api/v1/clients', {
        key,
        body: { name: 'child', app: 'hr', networks: ['127.0.0.1'], ...more },
      });
    expect(await add({ scopes: ['audit:read'] })).toMatchObject({ status: 403, body: { code: 'grant' } });
    expect((await add({ app: 'payroll' })).body.code).toBe('grant');
    expect((await add({ networks: [] })).body.code).toBe('grant');
    expect((await add({})).status).toBe(201);
    await served.key({ name: 'mighty' });
    const rotated = await served.call('POST', '/api/v1/clients/mighty:rotate', { key });
    expect(rotated).toMatchObject({ status: 403, body: { code: 'grant' } });
  });

  test('cannot be used to outlive the end of a key', async () => {
    const key = await served.key({ name: 'mortal', expiresAt: served.time.now + DAY });
    served.time.now += HOUR;
    const rotated = await served.call('POST', '/api/v1/clients/mortal:rotate', { key });
    expect(rotated).toMatchObject({ status: 403, body: { code: 'grant' } });
  });

  test('rotates and revokes', async () => {
    const key = await served.key();
    const old = await served.key({ name: 'api-test' });
    const rotated = await served.call('POST', '/api/v1/clients/api-test:rotate', { key, body: { overlap: 60 } });
    expect([(await me(old)).status, (await me(rotated.body.key)).status]).toEqual([200, 200]);
    expect((await served.call('POST', '/api/v1/clients/api-test:revoke', { key })).status).toBe(204);
    expect((await me(rotated.body.key)).status).toBe(401);
    expect((await served.call('POST', '/api/v1/clients/api-test:revoke', { key })).status).toBe(404);
    expect((await served.call('POST', '/api/v1/clients/api-test:rotate', { key })).status).toBe(404);
  });

  test('lists every key once, page by page', async () => {
    const key = await served.key();
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await served.call('GET', `/api/v1/clients?limit=3${cursor}`, { key });
      seen.push(...page.body.items.map((each: { key_id: string }) => each.key_id));
      cursor = page.body.next_cursor === null ? '' : `&cursor=${page.body.next_cursor}`;
    } while (cursor !== '');
    expect(seen.sort()).toEqual((await served.house.clients.list()).map(({ keyId }) => keyId).sort());
  });

  test('keeps an issued key sealed for its Idempotency-Key', async () => {
    const key = await served.key();
    const add = () =>
      served.call('POST', '/api/v1/clients', { key, body: { name: 'twice' }, headers: { 'idempotency-key': 'add-1' } });
    const [first, second] = [await add(), await add()];
    expect([second.status, second.body.key]).toEqual([201, first.body.key]);
    const secret = first.body.key.split('_')[2];
    for (const file of [served.database, `${served.database}-wal`]) {
      expect(readFileSync(file).includes(secret)).toBe(false);
    }
  });
});

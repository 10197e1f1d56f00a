import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPERATIONS } from '../../src/api/operations.ts';
import { readCidr } from '../../src/core/access/cidr.ts';
import { SCOPES, type Scope } from '../../src/core/identity/api-client.ts';
import { SECOND } from '../../src/core/time.ts';
import { revokeClient } from '../../src/flows/clients.ts';
import { ANY_KEY, AUTHORISATION, NAMES_APP } from './authorisation.table.ts';
import { type Sample, samplesOf } from './samples.ts';
import { BY, type Reply, type Served, serveApi } from './served.ts';

let served: Served;
let samples: ReturnType<typeof samplesOf>;
const keys: Record<string, string> = {};

beforeAll(async () => {
  served = await serveApi(OPERATIONS);
  keys['all'] = await served.key({ name: 'all' });
  samples = samplesOf(served, keys['all']);
  const elsewhere = readCidr('10.0.0.0/8');
  keys['network'] = await served.key({ networks: elsewhere.ok ? [elsewhere.value] : [] });
  keys['revoked'] = await served.key({ name: 'revoked' });
  await revokeClient(served.house, 'revoked', BY);
  keys['expired'] = await served.key({ expiresAt: served.time.now + SECOND });
  served.time.now += SECOND;
  keys['bound'] = await served.key({ app: 'notice' });
  for (const scope of SCOPES)
    keys[`without ${scope}`] = await served.key({ scopes: SCOPES.filter((each) => each !== scope) });
  for (const scope of SCOPES) keys[`only ${scope}`] = await served.key({ scopes: [scope] });
});
afterAll(() => served.close());

const answer = ({ status, body }: Reply): string => (status < 400 ? 'done' : `${status} ${body.code}`);

test('the table names every operation and nothing else (ADM-1)', () => {
  expect(OPERATIONS.map(({ id }) => id).sort()).toEqual([...Object.keys(AUTHORISATION), ...ANY_KEY].sort());
});

describe.each(OPERATIONS.map((operation) => [operation.id, operation] as const))('%s (ADM-1)', (id, operation) => {
  /** One call, made when it is first needed: those that are refused change nothing. */
  let sample: Sample | undefined;
  const allowed: readonly Scope[] = ANY_KEY.includes(id) ? SCOPES : (AUTHORISATION[id] ?? []);

  const send = async (key: string | undefined, more: object = {}): Promise<string> => {
    sample ??= await samples[id]?.();
    const { path = {}, query = '', body } = sample ?? {};
    const address = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
    const url = `/api/v1${address}${query === '' ? '' : `?${query}`}`;
    const sent = typeof body === 'object' ? { ...body, ...more } : body;
    return answer(await served.call(operation.method.toUpperCase(), url, { key, body: sent }));
  };

  test('is open to a key with the scope and to no other', async () => {
    if (!ANY_KEY.includes(id)) expect(await send(keys[`without ${allowed[0]}`])).toBe('403 scope');
    for (const scope of SCOPES.filter((each) => !allowed.includes(each))) {
      expect(await send(keys[`only ${scope}`])).toBe('403 scope');
    }
    expect(await send(keys['all'])).toBe('done');
  });

  test('is closed to nobody, to keys that ended, and from elsewhere', async () => {
    expect(await send(undefined)).toBe('401 bad_api_key');
    expect(await send(keys['revoked'])).toBe('401 bad_api_key');
    expect(await send(keys['expired'])).toBe('401 bad_api_key');
    expect(await send(keys['network'])).toBe('403 network');
  });

  if (!NAMES_APP.includes(id)) return;
  test('is closed to a key of another application', async () => {
    expect(await send(keys['bound'], { app: 'payroll' })).toMatch(/^403 (?:app|grant)$/);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, hotp } from '../../flows/house.ts';
import { type ApiFixture, openApi, walk } from './fixture.ts';

/** K20 of RFC 6238 appendix B. */
const SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
  for (const login of ['kim', 'park']) await api.send('POST', '/users', { login });
});
afterAll(() => api.close());

const enrol = async (more: object = {}): Promise<string> => {
  const made = await api.send('POST', '/tokens', { user: 'kim', kind: 'totp', ...more });
  if (made.status !== 201) throw new Error(made.text);
  return made.body.token.id;
};

describe('a token', () => {
  test('is given with its secret once, and no call tells it again (ENR-4)', async () => {
    const made = await api.send('POST', '/tokens', { user: 'KIM', kind: 'totp', label: '새 전화' });
    expect(made.status).toBe(201);
    expect(made.body.token).toMatchObject({
      user: 'kim',
      kind: 'totp',
      label: '새 전화',
      status: 'active',
      last_used_at: null,
    });
    expect(made.body.secret).toMatch(/^[A-Z2-7]{32,}$/);
    expect(made.body.otpauth).toContain(`secret=${made.body.secret}`);
    const { id } = made.body.token;
    for (const path of [`/tokens/${id}`, '/tokens', '/tokens?user=kim', '/audit?user=kim']) {
      const reply = await api.send('GET', path);
      expect(reply.status).toBe(200);
      expect(reply.text).not.toContain(made.body.secret);
    }
    expect((await api.send('GET', `/tokens/${id}`)).body).toEqual(made.body.token);
  });

  test.each([
    [
      'totp',
      { secret: SEED, digits: 8, period: 60, algorithm: 'SHA512' },
      { digits: 8, period: 60, algorithm: 'SHA512' },
    ],
    ['totp', { secret: '31323334 35363738 39303132 33343536', secret_format: 'hex' }, { digits: 6 }],
    ['hotp', { serial: 'HW-0001' }, { period: 0, serial: 'HW-0001' }],
    ['server', {}, { kind: 'server', period: 0 }],
    ['ocra', { suite: 'OCRA-1:HOTP-SHA256-8:QA08' }, { suite: 'OCRA-1:HOTP-SHA256-8:QA08', digits: 8 }],
  ])('of kind %s is given as %j', async (kind, asked, expected) => {
    const made = await api.send('POST', '/tokens', { user: 'kim', kind, ...asked });
    expect(made.status, made.text).toBe(201);
    expect(made.body.token).toMatchObject({ kind, ...expected });
    expect(typeof made.body.secret).toBe('string');
    expect(made.body.otpauth === null).toBe(kind === 'server' || kind === 'ocra');
  });

  test.each([
    [{ secret: 'not base32!' }, 'secret'],
    [{ secret: 'JBSWY3DP' }, 'secret'],
    [{ secret: 'ab'.repeat(65), secret_format: 'hex' }, 'secret'],
    [{ digits: 7 }, 'digits'],
    [{ kind: 'yubikey' }, 'kind'],
    [{ label: 'two\nlines' }, 'label'],
    [{ serial: 'a b' }, 'serial'],
    [{ kind: 'hotp', period: 30 }, 'period'],
    [{ suite: 'OCRA-1:HOTP-SHA256-8:QA08' }, 'suite'],
    [{ kind: 'ocra', suite: 'OCRA-1:HOTP-SHA256-8:QA08-PSHA1' }, 'suite'],
    [{ kind: 'ocra', digits: 8 }, 'digits'],
    [{ kind: 'server', algorithm: 'SHA512' }, 'algorithm'],
    [{ status: 'active' }, 'status'],
    [{ moving_factor: 7 }, 'moving_factor'],
  ])('is refused with %j', async (asked, path) => {
    const refused = await api.send('POST', '/tokens', { user: 'kim', kind: 'totp', ...asked });
    expect(refused.body).toMatchObject({ status: 400, errors: [{ path }] });
  });

  test('is given once where the call is repeated with its Idempotency-Key', async () => {
    await api.send('POST', '/users', { login: 'again' });
    const give = () =>
      api.send('POST', '/tokens', { user: 'again', kind: 'totp' }, { 'idempotency-key': 'give-again-1' });
    const [first, second] = [await give(), await give()];
    expect(second.body).toEqual(first.body);
    expect(await walk(api.send, '/tokens?user=again', 200)).toEqual([first.body.token]);
  });

  test('of an unknown person is 404, with a taken serial number 409', async () => {
    expect((await api.send('POST', '/tokens', { user: 'nobody', kind: 'totp' })).status).toBe(404);
    await enrol({ kind: 'hotp', serial: 'TWICE' });
    const again = await api.send('POST', '/tokens', { user: 'park', kind: 'hotp', serial: 'TWICE' });
    expect(again.body).toMatchObject({ status: 409, code: 'exists' });
  });

  test('is named, suspended, resumed and revoked for good, and deleted', async () => {
    const id = await enrol();
    expect((await api.send('PATCH', `/tokens/${id}`, { label: '회사 전화' })).body.label).toBe('회사 전화');
    expect((await api.send('POST', `/tokens/${id}:suspend`)).body.status).toBe('suspended');
    expect((await api.send('POST', `/tokens/${id}:resume`)).body.status).toBe('active');
    expect((await api.send('POST', `/tokens/${id}:revoke`)).body.status).toBe('revoked');
    expect((await api.send('POST', `/tokens/${id}:resume`)).body).toMatchObject({ status: 409, code: 'conflict' });
    expect((await api.send('GET', `/tokens/${id}`)).body).toMatchObject({ status: 'revoked', label: '회사 전화' });
    expect((await api.send('DELETE', `/tokens/${id}`)).status).toBe(204);
    expect((await api.send('DELETE', `/tokens/${id}`)).status).toBe(404);
    const kinds = (await api.send('GET', '/audit?user=kim&limit=5')).body.items.map(
      (each: { kind: string }) => each.kind,
    );
    expect(kinds).toEqual(['token.deleted', 'token.revoked', 'token.resumed', 'token.suspended', 'token.changed']);
  });

  test('is listed by person, kind and status, each once', async () => {
    await api.send('POST', '/tokens', { user: 'park', kind: 'hotp' });
    const parks = (await walk(api.send, '/tokens?user=park', 1)) as unknown as { user: string }[];
    expect(parks.map(({ user }) => user)).toEqual(['park']);
    const all = await walk(api.send, '/tokens', 2);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const hotps = (await walk(api.send, '/tokens?kind=hotp&status=active', 200)) as unknown as { kind: string }[];
    expect(new Set(hotps.map(({ kind }) => kind))).toEqual(new Set(['hotp']));
    expect(hotps.length).toBeLessThan(all.length);
    const serials = async (query: string) =>
      ((await walk(api.send, `/tokens?${query}`, 200)) as unknown as { serial: string }[]).map(({ serial }) => serial);
    expect(await serials('serial=TWICE')).toEqual(['TWICE']);
    expect(await serials('serial=TWICE&user=park')).toEqual([]);
    expect(await serials('serial=TWICE&kind=hotp&status=active')).toEqual(['TWICE']);
    expect(await serials('serial=')).toEqual([]);
  });
});

describe('G115: a token of somebody else', () => {
  test.each([
    ['GET', '', undefined],
    ['PATCH', '', { label: 'mine' }],
    ['DELETE', '', undefined],
    ['POST', ':suspend', undefined],
    ['POST', ':revoke', undefined],
    ['POST', ':resume', undefined],
    ['POST', ':resync', { otp1: '123456', otp2: '654321' }],
    ['POST', ':test', { otp: '123456' }],
    ['POST', ':issue', {}],
  ])('%s /tokens/{id}%s for another person is 404 and changes nothing', async (method, verb, body) => {
    const id = await enrol({ label: 'theirs' });
    const before = (await api.send('GET', `/tokens/${id}`)).body;
    const other = await api.send(method, `/tokens/${id}${verb}?user=park`, body);
    const never = await api.send(method, `/tokens/01J00000000000000000000000${verb}?user=park`, body);
    expect(other.status).toBe(404);
    expect({ ...other.body, request: '' }).toEqual({ ...never.body, request: '' });
    expect((await api.send('GET', `/tokens/${id}`)).body).toEqual(before);
  });
});

describe('what a token is asked for', () => {
  test('a code is tried as a sign-in tries it, and spent', async () => {
    await api.send('POST', '/users', { login: 'tester' });
    const id = await enrol({ user: 'tester', secret: SEED });
    const otp = codeOf(api.time.now);
    expect((await api.send('POST', `/tokens/${id}:test`, { otp })).body).toEqual({ result: 'accept', token: id });
    expect((await api.send('POST', `/tokens/${id}:test`, { otp })).body).toEqual({
      result: 'reject',
      reason: 'otp_replayed',
    });
    expect((await api.send('POST', `/tokens/${id}:test`, { otp: 'twelve' })).status).toBe(400);
    expect((await api.send('GET', `/tokens/${id}`)).body.last_used_at).toBe(api.time.now / 1000);
  });

  test('a lock is answered with the time that is left', async () => {
    await api.send('POST', '/users', { login: 'locked' });
    const id = await enrol({ user: 'locked', secret: SEED });
    const wrong = codeOf(api.time.now, 500);
    for (let at = 0; at < 5; at++) await api.send('POST', `/tokens/${id}:test`, { otp: wrong });
    const { body } = await api.send('POST', `/tokens/${id}:test`, { otp: wrong });
    expect(body).toMatchObject({ result: 'reject', reason: 'locked', retry_after: 60 });
    const { locked_until: until } = (await api.send('GET', '/users/locked')).body;
    expect(until).toBe(api.time.now / 1000 + 60);
    await api.send('POST', '/users/locked:unlock');
    expect((await api.send('GET', '/users/locked')).body.locked_until).toBe(null);
  });

  test('two codes in a row bring it back in step, once', async () => {
    await api.send('POST', '/users', { login: 'lost' });
    const id = await enrol({ user: 'lost', kind: 'hotp', secret: SEED });
    const pair = { otp1: hotp(500), otp2: hotp(501) };
    const asReason = async (body: object) => (await api.send('POST', `/tokens/${id}:resync`, body)).body;
    expect(await asReason({ otp1: hotp(501), otp2: hotp(500) })).toMatchObject({ status: 409, reason: 'not_found' });
    expect(await asReason({ otp1: 'x', otp2: 'y' })).toMatchObject({ status: 400 });
    expect(await asReason(pair)).toMatchObject({ id, status: 'active' });
    expect(await asReason(pair)).toMatchObject({ status: 409, reason: 'spent' });
    await api.send('POST', `/tokens/${id}:revoke`);
    expect(await asReason(pair)).toMatchObject({ status: 409, reason: 'revoked' });
  });

  test('a server-synchronised code is begun with a key for that only', async () => {
    const id = await enrol({ kind: 'server' });
    const issuer = await api.as('tokens:issue');
    const first = await issuer('POST', `/tokens/${id}:issue`, { context: '급여 변경' });
    expect(first.status, first.text).toBe(201);
    expect(first.body).toEqual({
      counter: expect.any(Number),
      nonce: expect.stringMatching(/^[0-9a-f]{64}$/),
      context_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      expires_at: Math.floor((api.time.now + api.policy.otp.server.ttl) / 1000),
      server_time: Math.floor(api.time.now / 1000),
    });
    const second = await issuer('POST', `/tokens/${id}:issue`);
    expect(second.body).toMatchObject({ counter: first.body.counter + 1, context_hash: '' });
    expect((await issuer('GET', `/tokens/${id}`)).status).toBe(403);
    expect((await issuer('POST', `/tokens/${await enrol()}:issue`)).status).toBe(404);
    const writer = await api.as('tokens:write');
    expect((await writer('POST', `/tokens/${id}:issue`)).body).toMatchObject({ status: 403, scopes: ['tokens:issue'] });
    for (let at = 0; at < 20; at++) await issuer('POST', `/tokens/${id}:issue`);
    const limited = await issuer('POST', `/tokens/${id}:issue`);
    expect(limited.body).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(limited.headers.get('retry-after')).toBe('60');
  });
});

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent, type ExpressRequest, KeysUnavailable, NotIdentified } from '../../src/sdk/agent.ts';

const ISSUER = 'https://hr.corp.example';
const AUDIENCE = 'hr';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let keys: Keys;
let others: Keys;
let agent: Agent;
const servers: Server[] = [];

beforeAll(async () => {
  [keys, others] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  agent = createAgent({ keys: { keys: [jwk] }, issuer: ISSUER, audience: AUDIENCE });
});
afterAll(() => {
  for (const server of servers) server.close();
});

const now = () => Math.floor(Date.now() / 1000);

const CLAIMS = {
  sub: 'kim',
  name: '김민지',
  groups: ['hr'],
  amr: ['pwd', 'otp', 'mfa'],
  auth_time: 1_790_000_000,
  sid: 's1',
};

/** A token as the gateway signs it, with changes. */
const token = (
  changes: Record<string, unknown> = {},
  key: Keys['privateKey'] = keys.privateKey,
  header = {},
): Promise<string> =>
  new SignJWT({ ...CLAIMS, iss: ISSUER, aud: AUDIENCE, iat: now(), nbf: now(), exp: now() + 60, ...changes })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
    .sign(key);

const asked = (assertion: string | readonly string[]) => agent.identify({ 'x-sumun-assertion': assertion });

describe('the identity of a request', () => {
  test('comes from the assertion alone', async () => {
    const headers = { 'x-sumun-assertion': await token(), 'x-sumun-user': 'root' };
    expect(await agent.identify(headers)).toEqual({
      login: 'kim',
      name: '김민지',
      groups: ['hr'],
      amr: ['pwd', 'otp', 'mfa'],
      authTime: new Date(1_790_000_000_000),
      session: 's1',
    });
  });

  test.each([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another route', { aud: 'payroll' }],
    ['that is over', { exp: now() - 30 }],
    ['that is not valid yet', { nbf: now() + 300 }],
    ['without an end', { exp: undefined }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['without a session', { sid: undefined }],
  ])('is not that of a token %s', async (_, changes) => {
    await expect(asked(await token(changes))).rejects.toThrow(NotIdentified);
  });

  test('is not that of a token signed by somebody else, unsigned, or under another algorithm', async () => {
    await expect(asked(await token({}, others.privateKey))).rejects.toThrow(NotIdentified);
    await expect(asked(await token({}, keys.privateKey, { kid: 'k2' }))).rejects.toThrow(NotIdentified);
    const [, payload] = (await token()).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    await expect(asked(`${none}.${payload}.`)).rejects.toThrow(NotIdentified);
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
    const confused = await new SignJWT({ ...CLAIMS, iss: ISSUER, aud: AUDIENCE, nbf: now(), exp: now() + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(secret);
    await expect(asked(confused)).rejects.toThrow(NotIdentified);
  });

  test('is not that of a header that came twice, or not at all', async () => {
    const good = await token();
    await expect(asked(`${good}, ${good}`)).rejects.toThrow(NotIdentified);
    await expect(asked([good, good])).rejects.toThrow(NotIdentified);
    await expect(agent.identify({ 'x-sumun-user': 'kim' })).rejects.toThrow(NotIdentified);
    await expect(agent.identify(new Headers())).rejects.toThrow(NotIdentified);
  });

  test('is unknown, not refused, while the key set cannot be fetched', async () => {
    const lost = createAgent({ keys: 'http://127.0.0.1:1/jwks.json', issuer: ISSUER, audience: AUDIENCE });
    await expect(lost.identify({ 'x-sumun-assertion': await token() })).rejects.toThrow(KeysUnavailable);
  });
});

describe('in an application', () => {
  const start = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  test('of node:http the handler is called with the identity, or not at all', async () => {
    const url = await start(agent.http((_request, response, identity) => response.end(identity.login)));
    expect(await (await fetch(url, { headers: { 'x-sumun-assertion': await token() } })).text()).toBe('kim');
    const refused = await fetch(url, { headers: { 'x-sumun-user': 'kim' } });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
  });

  test('of Express the middleware sets it', async () => {
    const app = express();
    app.use(agent.express());
    app.get('/', (request: ExpressRequest, response) => response.end(request.sumun?.login));
    const url = await start(app);
    expect(await (await fetch(url, { headers: { 'x-sumun-assertion': await token() } })).text()).toBe('kim');
    expect((await fetch(url)).status).toBe(401);
  });

  test('of Fastify the hook sets it, or sends the refusal', async () => {
    const hook = agent.fastify();
    const sent: unknown[] = [];
    const reply = {
      code: (status: number) => {
        sent.push(status);
        return reply;
      },
      send: (body: unknown) => sent.push(body),
    };
    const request = { headers: { 'x-sumun-assertion': await token() } };
    await hook(request, reply);
    expect(request).toMatchObject({ sumun: { login: 'kim' } });
    expect(sent).toEqual([]);
    await hook({ headers: {} }, reply);
    expect(sent[0]).toBe(401);
  });
});

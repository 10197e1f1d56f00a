/**
 * The attacker makes identity assertions: with a key of their own that the token brings along, without a signature, under
 * another algorithm, inside another token, or with a key that was retired. They must be nobody to the application.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, type JSONWebKeySet, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSigner } from '../../src/crypto/signer.ts';
import { createSigningKey } from '../../src/crypto/signing-keys.ts';
import { createAgent, NotIdentified } from '../../src/sdk/agent.ts';

const ISSUER = 'https://hr.corp.example';
const AUDIENCE = 'hr';
const HOUR = 3_600_000;
let folder: string;
let own: KeyObject;
let kid: string;
let keySet: JSONWebKeySet;
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let foreignJwk: JWK;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sumun-assertions-'));
  createSigningKey(folder, 'ES256', Date.now());
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.pem'));
  own = createPrivateKey(readFileSync(join(folder, file)));
  const signer = openSigner({ folder, algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 }, Date.now());
  keySet = signer.publicKeys(Date.now()) as unknown as JSONWebKeySet; // the port says JWK set, jose says it its own way
  kid = keySet.keys[0]?.kid ?? '';
  foreignJwk = await exportJWK(foreign.publicKey);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);
const claims = () => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'root1',
  sid: 's',
  amr: ['otp'],
  auth_time: now(),
  iat: now(),
  nbf: now(),
  exp: now() + 60,
});

/** A token as it is written, whatever its header says, signed with ES256 by a key. */
function token(header: object, key: KeyObject, payload: unknown = claims()): string {
  const text = `${encode(header)}.${typeof payload === 'string' ? payload : encode(payload)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const identify = (assertion: string) =>
  createAgent({ keys: keySet, issuer: ISSUER, audience: AUDIENCE }).identify({ 'x-sumun-assertion': assertion });

test('one of ours is taken', async () => {
  expect(await identify(token({ alg: 'ES256', kid }, own))).toMatchObject({ login: 'root1' });
});

describe('a key that the token brings along', () => {
  test.each([
    ['G103 jwk', () => ({ jwk: foreignJwk })],
    ['G103 jwk beside the right kid', () => ({ kid, jwk: foreignJwk })],
    ['G103 jku', () => ({ kid: 'evil', jku: 'http://127.0.0.1:9/jwks.json' })],
    ['G103 x5u', () => ({ kid, x5u: 'http://127.0.0.1:9/cert.pem' })],
    ['G103 x5c', () => ({ kid, x5c: [Buffer.from('evil').toString('base64')] })],
    ['G164 a kid that is a path', () => ({ kid: '../../../../dev/null' })],
    ['G164 a kid of another', () => ({ kid: 'unknown' })],
    ['G164 no kid', () => ({})],
  ])('%s is not looked at', async (_, header) => {
    await expect(identify(token({ alg: 'ES256', ...header() }, foreign.privateKey))).rejects.toThrow(NotIdentified);
  });

  test('G103 a token of ours inside a token of somebody else is no token of ours', async () => {
    const inner = token({ alg: 'ES256', kid }, own);
    const outer = { alg: 'ES256', kid, cty: 'JWT' };
    await expect(identify(token(outer, foreign.privateKey, Buffer.from(inner).toString('base64url')))).rejects.toThrow(
      NotIdentified,
    );
    await expect(identify(token(outer, own, Buffer.from(inner).toString('base64url')))).rejects.toThrow(NotIdentified);
  });
});

describe('an algorithm of the token’s choice', () => {
  test.each(['none', 'None', 'NONE', 'HS256', 'RS256', 'EdDSA', 'ES384', '', undefined])(
    'G164 JWT-1 alg %j is refused, whatever the signature',
    async (alg) => {
      await expect(identify(token({ alg, kid }, own))).rejects.toThrow(NotIdentified);
      const [head, body] = token({ alg, kid }, own).split('.');
      await expect(identify(`${head}.${body}.`)).rejects.toThrow(NotIdentified);
    },
  );

  test.each([[['x']], [['b64']], [[]], ['x'], [['exp']]])(
    'G165 crit %j is refused although the signature is right',
    async (crit) => {
      await expect(identify(token({ alg: 'ES256', kid, crit, x: 1 }, own))).rejects.toThrow(NotIdentified);
    },
  );

  test.each([
    ['G031 without an end', { exp: undefined }],
    ['G031 without a beginning', { nbf: undefined }],
    ['G031 without an audience', { aud: undefined }],
    ['G031 without an issuer', { iss: undefined }],
    ['G031 without a session', { sid: undefined }],
  ])('%s: what has to be there is not left out', async (_, changes) => {
    await expect(identify(token({ alg: 'ES256', kid }, own, { ...claims(), ...changes }))).rejects.toThrow(
      NotIdentified,
    );
  });
});

describe('JWT-1 keys that come and go', () => {
  test('JWT-1 while keys rotate every assertion holds, and none of a key whose overlap has ended', async () => {
    const mine = mkdtempSync(join(tmpdir(), 'sumun-rotation-'));
    const start = Date.now();
    createSigningKey(mine, 'ES256', start);
    const options = { folder: mine, algorithm: 'ES256', rotateEvery: 24 * HOUR, overlap: HOUR } as const;
    const signer = openSigner(options, start);
    const seen = new Map<string, number>();
    for (let minute = 0; minute < 4 * 60; minute += 5) {
      const at = start + minute * 60_000;
      if (minute % 60 === 30) await signer.rotate(at);
      const assertion = await signer.sign(claims(), at);
      const keys = signer.publicKeys(at) as unknown as JSONWebKeySet;
      const header = JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
      expect(keys.keys.map((key) => key.kid)).toContain(header.kid);
      for (const key of keys.keys) {
        expect(key).toMatchObject({ use: 'sig', alg: 'ES256' });
        expect(Object.keys(key)).not.toContain('d');
      }
      const agent = createAgent({ keys, issuer: ISSUER, audience: AUDIENCE });
      expect(await agent.identify({ 'x-sumun-assertion': assertion })).toMatchObject({ login: 'root1' });
      seen.set(header.kid, minute);
    }
    expect(seen.size).toBeGreaterThan(2);
    const late = signer.publicKeys(start + 48 * HOUR).keys.map((key) => String(key['kid']));
    expect([...seen.keys()].slice(0, -1).filter((id) => late.includes(id))).toEqual([]);
    rmSync(mine, { recursive: true, force: true });
  });
});

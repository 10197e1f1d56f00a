import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSigner } from '../../src/crypto/signer.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sumun-signing-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const DAY = 86_400_000;
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 23);
const settings = (algorithm: 'ES256' | 'EdDSA' | 'RS256' = 'ES256') => ({
  folder: join(root, 'signing'),
  algorithm,
  rotateEvery: 90 * DAY,
  overlap: 2 * DAY,
});

const verify = async (signer: ReturnType<typeof openSigner>, token: string, at: number) =>
  jwtVerify(token, createLocalJWKSet(signer.publicKeys(at) as { keys: JWK[] }), { currentDate: new Date(at) });

test.each(['ES256', 'EdDSA', 'RS256'] as const)(
  '%s: what it signs its key set verifies, and the set holds no private member',
  async (algorithm) => {
    const signer = openSigner(settings(algorithm), NOW);
    const token = await signer.sign({ sub: 'kim', exp: NOW / 1000 + 60 }, NOW);
    const { payload, protectedHeader } = await verify(signer, token, NOW);
    expect(payload.sub).toBe('kim');
    expect(protectedHeader).toMatchObject({ alg: algorithm, typ: 'JWT' });
    for (const key of signer.publicKeys(NOW).keys) {
      expect(Object.keys(key).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(member))).toEqual([]);
      expect(key).toMatchObject({ use: 'sig', alg: algorithm, kid: protectedHeader.kid });
      expect(await calculateJwkThumbprint(key as JWK)).toBe(protectedHeader.kid);
    }
  },
);

test('keys lie in files for their owner only; one that others may read is refused', () => {
  openSigner(settings(), NOW);
  const folder = settings().folder;
  const file = join(folder, readdirSync(folder)[0] ?? '');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  chmodSync(file, 0o644);
  expect(() => openSigner(settings(), NOW)).toThrow(/chmod 600/);
});

test('an existing folder without keys is refused: they were there once', () => {
  mkdirSync(settings().folder);
  expect(() => openSigner(settings(), NOW)).toThrow(/signing folder is empty/);
});

describe('rotation', () => {
  test('publishes a new key before it signs and an old one for the overlap after', async () => {
    const signer = openSigner(settings(), NOW);
    const kids = (at: number) => signer.publicKeys(at).keys.map((key) => key['kid']);
    const kidOf = async (at: number) => {
      const token = await signer.sign({ exp: at / 1000 + 60 }, at);
      return (await verify(signer, token, at)).protectedHeader.kid;
    };
    const first = await kidOf(NOW);
    const due = NOW + 90 * DAY;
    expect(await kidOf(due)).toBe(first);
    expect(kids(due)).toHaveLength(2);
    const second = await kidOf(due + 5 * MINUTE);
    expect(second).not.toBe(first);
    expect(kids(due + 2 * DAY)).toEqual([first, second]);
    expect(kids(due + 5 * MINUTE + 2 * DAY)).toEqual([second]);
    expect(signer.status(due + 3 * DAY)).toMatchObject([
      { id: first, active: false, retiresAt: due + 5 * MINUTE + 2 * DAY },
      { id: second, active: true, retiresAt: undefined },
    ]);
  });

  test('a key that another process made is noticed', async () => {
    const server = openSigner(settings(), NOW);
    const command = openSigner(settings(), NOW);
    await command.rotate(NOW + DAY);
    expect(server.publicKeys(NOW + DAY).keys).toHaveLength(2);
    const token = await server.sign({ exp: NOW / 1000 + 2 * DAY }, NOW + DAY + 5 * MINUTE);
    await verify(command, token, NOW + DAY + 5 * MINUTE);
  });

  test('a change of algorithm adds a key of the new one', async () => {
    openSigner(settings('ES256'), NOW);
    const signer = openSigner(settings('EdDSA'), NOW + DAY);
    const token = await signer.sign({ exp: NOW / 1000 + 2 * DAY }, NOW + DAY);
    expect((await verify(signer, token, NOW + DAY)).protectedHeader.alg).toBe('EdDSA');
    expect(signer.publicKeys(NOW + DAY).keys).toHaveLength(2);
  });
});

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instant } from '../core/time.ts';
import { KeyError, readSecretFile } from './keys.ts';

export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256';

/** One signing key: its identifier is the JWK thumbprint (RFC 7638), its age stands in the name of its file. */
export type SigningKey = {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly createdAt: Instant;
  readonly key: KeyObject;
  /** Public members only, with `use`, `alg` and `kid` (RFC 7517 §4). */
  readonly jwk: Readonly<Record<string, unknown>>;
};

const FILE_NAME = /^(\d{13})\.([A-Za-z0-9_-]{43})\.pem$/;

/** Makes a key (PKCS #8, mode 0600) in the folder (mode 0700). Nothing is overwritten. */
export function createSigningKey(folder: string, algorithm: SigningAlgorithm, now: Instant): SigningKey {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = generate(algorithm);
  const made = describe(key, now);
  const file = join(folder, `${String(now).padStart(13, '0')}.${made.kid}.pem`);
  writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return made;
}

/** Reads every key of the folder, oldest first. Throws `KeyError` for a file that others may read or that is not its name's key. */
export function readSigningKeys(folder: string): readonly SigningKey[] {
  const names = readdirSync(folder).filter((name) => FILE_NAME.test(name));
  return names.sort().map((name) => readKey(folder, name));
}

function readKey(folder: string, name: string): SigningKey {
  const file = join(folder, name);
  const parts = FILE_NAME.exec(name);
  const key = parse(readSecretFile(file, 'signing key'), file);
  const read = describe(key, Number(parts?.[1]));
  if (read.kid !== parts?.[2]) throw new KeyError(`${file}: the key inside is not the one its name says`);
  return read;
}

function parse(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new KeyError(`${file}: not a private key in PEM form; restore it from a backup`);
  }
}

function generate(algorithm: SigningAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey;
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
  }
}

function describe(key: KeyObject, createdAt: Instant): SigningKey {
  const algorithm = algorithmOf(key);
  const exported = createPublicKey(key).export({ format: 'jwk' });
  const kid = thumbprint(exported as Record<string, unknown>);
  return { kid, algorithm, createdAt, key, jwk: { ...exported, use: 'sig', alg: algorithm, kid } };
}

function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new KeyError('a signing key is P-256, Ed25519 or RSA');
}

/** JWK thumbprint (RFC 7638 §3): SHA-256 over the required members in lexicographic order. */
function thumbprint(jwk: Readonly<Record<string, unknown>>): string {
  const required = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((member) => jwk[member] !== undefined);
  const canonical = JSON.stringify(Object.fromEntries(required.map((member) => [member, jwk[member]])));
  return createHash('sha256').update(canonical).digest('base64url');
}

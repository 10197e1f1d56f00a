import { existsSync, statSync } from 'node:fs';
import { SignJWT } from 'jose';
import { type Instant, MINUTE, type Milliseconds, SECOND } from '../core/time.ts';
import type { AssertionSigner, SigningKeys } from '../ports.ts';
import { KeyError } from './keys.ts';
import { createSigningKey, readSigningKeys, type SigningAlgorithm, type SigningKey } from './signing-keys.ts';

/** How long a new key is published before it signs: verifiers may keep the key set for five minutes. */
const PUBLISHED_AHEAD: Milliseconds = 5 * MINUTE;

/** How often the folder is looked at for keys that another process made. */
const LOOK_EVERY: Milliseconds = SECOND;

export type SignerSettings = {
  readonly folder: string;
  readonly algorithm: SigningAlgorithm;
  readonly rotateEvery: Milliseconds;
  /** How long a key stays published after its successor took over. */
  readonly overlap: Milliseconds;
};

/**
 * Opens the signing folder. A folder that does not exist is made with its first key; one that exists and holds no key
 * is a `KeyError`, because keys that were there are gone.
 */
export function openSigner(settings: SignerSettings, now: Instant): AssertionSigner & SigningKeys {
  if (!existsSync(settings.folder)) createSigningKey(settings.folder, settings.algorithm, now);
  const ring = new SigningRing(settings);
  ring.look(now);
  if (ring.keys.length === 0) {
    throw new KeyError(
      `${settings.folder}: the signing folder is empty; restore it from a backup, or remove it to start with a new key`,
    );
  }
  return {
    sign: (claims, at) => sign(ring.signing(at), claims),
    publicKeys: (at) => ({ keys: ring.published(at).map((key) => key.jwk) }),
    status: (at) => ring.status(at),
    rotate: async (at) => ring.add(at),
  };
}

const sign = (key: SigningKey, claims: Readonly<Record<string, unknown>>): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'JWT' }).sign(key.key);

/** The keys of a folder, kept in step with what other processes add to it. */
class SigningRing {
  keys: readonly SigningKey[] = [];
  readonly #settings: SignerSettings;
  #lookedAt: Instant | undefined;
  #changedAt: number | undefined;

  constructor(settings: SignerSettings) {
    this.#settings = settings;
  }

  /** Reads the folder again if it changed. */
  look(now: Instant): void {
    if (this.#lookedAt !== undefined && Math.abs(now - this.#lookedAt) < LOOK_EVERY) return;
    this.#lookedAt = now;
    const { mtimeMs } = statSync(this.#settings.folder);
    if (mtimeMs === this.#changedAt) return;
    this.keys = readSigningKeys(this.#settings.folder);
    this.#changedAt = mtimeMs;
  }

  add(now: Instant): void {
    createSigningKey(this.#settings.folder, this.#settings.algorithm, now);
    this.#lookedAt = undefined;
    this.#changedAt = undefined;
    this.look(now);
  }

  /** The key that signs now; makes its successor when its time has come. */
  signing(now: Instant): SigningKey {
    this.look(now);
    const newest = this.#usable().at(-1);
    if (newest === undefined || now - newest.createdAt >= this.#settings.rotateEvery) this.add(now);
    return this.#active(now);
  }

  published(now: Instant): readonly SigningKey[] {
    this.look(now);
    return this.keys.filter((key) => {
      const until = this.#retiresAt(key, now);
      return until === undefined || now < until;
    });
  }

  status(now: Instant): ReturnType<SigningKeys['status']> {
    this.look(now);
    const active = this.#active(now);
    return this.keys.map((key) => ({
      id: key.kid,
      algorithm: key.algorithm,
      active: key === active,
      createdAt: key.createdAt,
      retiresAt: this.#retiresAt(key, now),
    }));
  }

  #usable(): readonly SigningKey[] {
    return this.keys.filter((key) => key.algorithm === this.#settings.algorithm);
  }

  /** The newest key of the configured algorithm that has been published long enough; else the oldest there is. */
  #active(now: Instant): SigningKey {
    const usable = this.#usable();
    const active = usable.findLast((key) => now - key.createdAt >= PUBLISHED_AHEAD) ?? usable[0] ?? this.keys.at(-1);
    if (active === undefined) throw new KeyError('there is no signing key');
    return active;
  }

  /** A key retires one overlap after its successor began to sign. Keys not yet superseded have no end. */
  #retiresAt(key: SigningKey, now: Instant): Instant | undefined {
    const active = this.#active(now);
    if (key === active || key.createdAt > active.createdAt) return undefined;
    const successor = this.#usable().find((other) => other.createdAt > key.createdAt) ?? active;
    return successor.createdAt + PUBLISHED_AHEAD + this.#settings.overlap;
  }
}

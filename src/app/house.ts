import { dirname } from 'node:path';
import type { Policy } from '../core/policy.ts';
import { createDigests } from '../crypto/digests.ts';
import { loadMasterKey } from '../crypto/keys.ts';
import { createHasher, type HashingPlaces } from '../crypto/password.ts';
import { systemRandom } from '../crypto/random.ts';
import { openSigner } from '../crypto/signer.ts';
import { createVault } from '../crypto/vault.ts';
import type { Clock, House, Log } from '../ports.ts';
import { openStores } from '../stores/open.ts';

/**
 * Opens keys and database of a configuration: every port, ready. Throws one sentence for people when the master key is
 * missing, open to others or not the right one, or when the database was written by a newer version; nothing is written
 * before that is known.
 */
export async function openHouse(
  policy: Policy,
  clock: Clock,
  log: Log,
  options: { readonly places?: HashingPlaces } = {},
): Promise<House> {
  const random = systemRandom;
  const master = loadMasterKey(policy.keys.masterFile);
  const { algorithm, rotateEvery, overlap } = policy.identity.signing;
  const signer = openSigner({ folder: policy.keys.signingFolder, algorithm, rotateEvery, overlap }, clock.now());
  const stores = await openStores({
    path: policy.storage.path,
    vault: createVault(master, random),
    signing: signer,
    clock,
    random,
    log,
    clockTolerance: policy.otp.clock.refuse,
    sealing: policy.otp.sealing,
  });
  return {
    ...stores,
    clock,
    random,
    log,
    digests: createDigests(master, random),
    hasher: createHasher(random, options),
    signer,
  };
}

/** The folder that holds the database; its free space is what `readyz` and `doctor` look at. */
export const dataFolder = (policy: Policy): string => dirname(policy.storage.path);

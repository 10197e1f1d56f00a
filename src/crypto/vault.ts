import type { Random, Sealer, Vault, WrappedKey } from '../ports.ts';
import { keyedDigest, macKey } from './digests.ts';
import { KeyError, type MasterKey } from './keys.ts';
import { bindCode } from './otp.ts';
import { deriveKey, openBytes, SealBroken, sealBytes, sha256 } from './seal.ts';

/** Layout of an envelope: one version byte, eight bytes of key id, then IV, tag and ciphertext. */
const VERSION = 1;
const ID_BYTES = 8;
const CANARY = 'sumun canary';

/** What the stores need of cryptography, over one master key. */
export function createVault(master: MasterKey, random: Random): Vault {
  const wrapping = deriveKey(master.reveal(), 'wrap');
  const macs = { attempt: macKey(master, 'attempt'), 'audit-head': macKey(master, 'audit-head') };
  return {
    hash: sha256,
    mac: (purpose, text) => keyedDigest(macs[purpose], text),
    newDataKey: () => wrapNewKey(wrapping, random),
    openDataKeys: (wrapped, activeId) => {
      const keys = new Map(wrapped.map((row) => [row.id, unwrapKey(wrapping, row)]));
      return createSealer(keys, activeId, random);
    },
    bindCode,
  };
}

/** Seals under the active data key and opens under any; the envelope names its key. */
function createSealer(keys: ReadonlyMap<string, Uint8Array>, activeId: string, random: Random): Sealer {
  const active = keys.get(activeId);
  if (active === undefined) throw new KeyError('the database has no active data key');
  const head = Buffer.concat([Uint8Array.of(VERSION), Buffer.from(activeId, 'hex')]);
  return {
    seal: (plain, context) => Buffer.concat([head, sealBytes(active, plain, bound(context, activeId), random)]),
    open: (sealed, context) => {
      if (sealed[0] !== VERSION) throw new SealBroken('the envelope has an unknown version');
      const id = Buffer.from(sealed.subarray(1, 1 + ID_BYTES)).toString('hex');
      const key = keys.get(id);
      if (key === undefined) throw new SealBroken(`no data key ${id}`);
      return openBytes(key, sealed.subarray(1 + ID_BYTES), bound(context, id));
    },
  };
}

const bound = (context: string, keyId: string): string => `${context}|${keyId}|v${VERSION}`;

function wrapNewKey(wrapping: Uint8Array, random: Random): WrappedKey {
  const id = Buffer.from(random.bytes(ID_BYTES)).toString('hex');
  const key = random.bytes(32);
  const wrapped = sealBytes(wrapping, key, `data_key|${id}|wrapped`, random);
  const canary = sealBytes(key, Buffer.from(CANARY), `data_key|${id}|canary`, random);
  return { id, wrapped, canary };
}

/** Opens one data key and its canary; a wrong master key is found here, before anything is written. */
function unwrapKey(wrapping: Uint8Array, row: WrappedKey): Uint8Array {
  try {
    const key = openBytes(wrapping, row.wrapped, `data_key|${row.id}|wrapped`);
    const canary = Buffer.from(openBytes(key, row.canary, `data_key|${row.id}|canary`)).toString();
    if (canary === CANARY) return key;
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
  }
  throw new KeyError('the master key does not open this database; put the right master key file back');
}

import type { SealingCipher } from '../core/policy.ts';
import type { Random, Sealer, Vault, WrappedKey } from '../ports.ts';
import { deriveKey } from './derive.ts';
import { keyedDigest, macKey } from './digests.ts';
import { KeyError, type MasterKey } from './keys.ts';
import { bindResponse } from './ocra.ts';
import { bindCode } from './otp.ts';
import { type BoundCipher, bindGcm, openBytes, SealBroken, sealBytes, sha256 } from './seal.ts';
import { bindSeedCbcHmac } from './seed-cbc.ts';

/** Layout of an envelope: one version byte, eight bytes of key id, then what the key's cipher made. */
const VERSION = 1;
const ID_BYTES = 8;
const CANARY = 'sumun canary';

const BINDERS: Readonly<Record<SealingCipher, (key: Uint8Array) => BoundCipher>> = {
  'aes-256-gcm': (key) => bindGcm('aes-256-gcm', key),
  'aria-256-gcm': (key) => bindGcm('aria-256-gcm', key),
  'seed-cbc-hmac-sha256': bindSeedCbcHmac,
};

/** What the stores need of cryptography, over one master key. */
export function createVault(master: MasterKey, random: Random): Vault {
  const wrapping = deriveKey(master.reveal(), 'wrap');
  const macs = {
    attempt: macKey(master, 'mac/attempt'),
    'audit-head': macKey(master, 'mac/audit-head'),
    'message-number': macKey(master, 'mac/message-number'),
    seed: macKey(master, 'mac/seed'),
  };
  return {
    hash: sha256,
    mac: (purpose, text) => keyedDigest(macs[purpose], text),
    newDataKey: (cipher) => wrapNewKey(wrapping, cipher, random),
    openDataKeys: (wrapped, activeId) => {
      const keys = new Map(wrapped.map((row) => [row.id, unwrapKey(wrapping, row)]));
      return createSealer(keys, activeId, random);
    },
    bindCode,
    bindResponse,
  };
}

/** Seals under the active data key and opens under any; the envelope names its key, the key its cipher. */
function createSealer(keys: ReadonlyMap<string, BoundCipher>, activeId: string, random: Random): Sealer {
  const active = keys.get(activeId);
  if (active === undefined) throw new KeyError('the database has no active data key');
  const head = Buffer.concat([Uint8Array.of(VERSION), Buffer.from(activeId, 'hex')]);
  return {
    seal: (plain, context) => Buffer.concat([head, active.seal(plain, bound(context, activeId), random)]),
    open: (sealed, context) => {
      if (sealed[0] !== VERSION) throw new SealBroken('the envelope has an unknown version');
      const id = Buffer.from(sealed.subarray(1, 1 + ID_BYTES)).toString('hex');
      const key = keys.get(id);
      if (key === undefined) throw new SealBroken(`no data key ${id}`);
      return key.open(sealed.subarray(1 + ID_BYTES), bound(context, id));
    },
  };
}

const bound = (context: string, keyId: string): string => `${context}|${keyId}|v${VERSION}`;

function wrapNewKey(wrapping: Uint8Array, cipher: SealingCipher, random: Random): WrappedKey {
  const id = Buffer.from(random.bytes(ID_BYTES)).toString('hex');
  const key = random.bytes(32);
  const wrapped = sealBytes(wrapping, key, `data_key|${id}|wrapped`, random);
  const canary = BINDERS[cipher](key).seal(Buffer.from(CANARY), `data_key|${id}|canary`, random);
  return { id, wrapped, canary, cipher };
}

/** Opens one data key and its canary; a wrong master key or cipher is found here, before anything is written. */
function unwrapKey(wrapping: Uint8Array, row: WrappedKey): BoundCipher {
  const bind = binderOf(row.cipher);
  try {
    const key = bind(openBytes(wrapping, row.wrapped, `data_key|${row.id}|wrapped`));
    const canary = Buffer.from(key.open(row.canary, `data_key|${row.id}|canary`)).toString();
    if (canary === CANARY) return key;
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
  }
  throw new KeyError('the master key does not open this database; put the right master key file back');
}

/** The column is text: a newer version may have written the name of a cipher that this one does not know. */
function binderOf(cipher: string): (key: Uint8Array) => BoundCipher {
  if (Object.hasOwn(BINDERS, cipher)) return BINDERS[cipher as SealingCipher]; // a name that is there
  throw new KeyError(`a data key is for the cipher '${cipher}', which this version does not know`);
}

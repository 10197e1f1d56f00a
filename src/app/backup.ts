import { readFileSync, writeFileSync } from 'node:fs';
import type { BackupMade, RestoreReport } from '../cli/wiring.ts';
import type { Policy } from '../core/policy.ts';
import { createArchive, describeArchive } from '../crypto/archive.ts';
import { loadMasterKey, masterKeyOf } from '../crypto/keys.ts';
import { systemRandom } from '../crypto/random.ts';
import { createVault } from '../crypto/vault.ts';
import { auditEvent } from '../flows/origin.ts';
import type { Clock, Log } from '../ports.ts';
import { makeBackup, type Places } from '../stores/backup.ts';
import { restoreBackup } from '../stores/restore.ts';
import { openHouse } from './house.ts';

const placesOf = (policy: Policy): Places => ({
  database: policy.storage.path,
  config: policy.file,
  signing: policy.keys.signingFolder,
  masterKey: policy.keys.masterFile,
});

/** Writes a backup of a configuration's data into a new file (mode 0600) after it has been restored once on trial. */
export async function backUp(
  policy: Policy,
  file: string,
  passphrase: string | undefined,
  rim: { readonly clock: Clock; readonly log: Log },
): Promise<BackupMade> {
  const { clock, log } = rim;
  const master = loadMasterKey(policy.keys.masterFile);
  const key = passphrase === undefined ? { master } : { passphrase };
  const archive = createArchive(key, systemRandom);
  const vault = createVault(master, systemRandom);
  const made = await makeBackup({ places: placesOf(policy), archive, vault, clock });
  writeFileSync(file, made.bytes, { mode: 0o600, flag: 'wx' });
  const house = await openHouse(policy, clock, log);
  const origin = { actor: 'cli', address: '', request: '' };
  await house.audit.append(auditEvent('backup.made', clock.now(), origin, { detail: { sha256: made.sha256 } }));
  await house.close();
  return { bytes: made.bytes.length, sha256: made.sha256 };
}

/** Puts a backup in place, or says what it would put there. */
export async function restore(
  policy: Policy,
  file: string,
  options: { readonly passphrase: string | undefined; readonly dryRun: boolean },
  clock: Clock,
): Promise<RestoreReport> {
  const { passphrase, dryRun } = options;
  const bytes = readFileSync(file);
  const needs = describeArchive(bytes).key;
  if (needs === 'passphrase' && passphrase === undefined) throw new Error('this backup opens with a passphrase');
  const key =
    passphrase === undefined || needs === 'master' ? { master: loadMasterKey(policy.keys.masterFile) } : { passphrase };
  const restored = await restoreBackup({
    bytes,
    archive: createArchive(key, systemRandom),
    places: placesOf(policy),
    vaultOf: (text) => createVault(masterOf(policy, text), systemRandom),
    clock,
    floors: { window: policy.otp.totp.window, lookAhead: policy.otp.hotp.lookAhead },
    event: auditEvent('backup.restored', clock.now(), { actor: 'cli', address: '', request: '' }),
    dryRun,
  });
  const database = restored.files.find((each) => each.file === policy.storage.path);
  return { madeAt: restored.madeAt, ...restored.contents, movedAside: dryRun ? undefined : database?.movedTo };
}

const masterOf = (policy: Policy, text: string | undefined) =>
  text === undefined ? loadMasterKey(policy.keys.masterFile) : masterKeyOf(Buffer.from(text.trim(), 'base64'));

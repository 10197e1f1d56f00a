import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Policy } from '../core/policy.ts';
import { missingSecurityRelease } from '../core/runtime.ts';
import type { House } from '../ports.ts';
import type { CliTexts } from '../texts/cli/ko.ts';
import type { Wiring } from './wiring.ts';

/** What one check found, in a sentence, with what to do about it unless all is well. */
export type Finding = { readonly status: 'ok' | 'warn' | 'fail'; readonly detail: string; readonly remedy?: string };

/** What the checks look at. The house is opened once and shared; a check that needs it says so when it cannot be. */
export type Patient = {
  readonly wiring: Wiring;
  readonly texts: CliTexts['doctor'];
  readonly policy: Policy;
  readonly house: () => Promise<House>;
};

/** How long one check may take. */
export const CHECK_TIME = 3000;

const MEBIBYTE = 1024 * 1024;
const DISK_FAIL = 100 * MEBIBYTE;
const DISK_WARN = 1024 * MEBIBYTE;

/**
 * The clock against the newest audit record. No time server is asked: nothing leaves the machine, and the sentence says
 * what was compared.
 */
export async function checkClock({ wiring, policy, texts, house }: Patient): Promise<Finding> {
  const [newest] = await (await house()).audit.read({ limit: 1, newestFirst: true });
  const now = wiring.clock.now();
  const iso = new Date(now).toISOString();
  if (newest === undefined) return { status: 'ok', detail: texts.clockAlone(iso) };
  const behind = newest.at - now;
  const detail = texts.clockCompared(iso, new Date(newest.at).toISOString());
  if (behind > policy.otp.clock.refuse) return { status: 'fail', detail, remedy: texts.clockRemedy };
  if (behind > policy.otp.clock.warn) return { status: 'warn', detail, remedy: texts.clockRemedy };
  return { status: 'ok', detail };
}

/** The database file: there, writable, intact. */
export async function checkDatabase({ wiring, policy, texts }: Patient): Promise<Finding> {
  const { path } = policy.storage;
  if (!existsSync(path))
    return { status: 'warn', detail: texts.databaseMissing(path), remedy: texts.databaseMissingRemedy };
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch {
    return { status: 'fail', detail: texts.databaseReadOnly(path), remedy: texts.permissionRemedy };
  }
  const { integrity, bytes, sqlite } = await wiring.inspectStorage(policy);
  if (integrity !== 'ok')
    return { status: 'fail', detail: texts.databaseDamaged(integrity), remedy: texts.databaseRemedy };
  return { status: 'ok', detail: texts.databaseFine(path, sizeText(bytes), sqlite) };
}

type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** Why no connection comes about, or undefined where one does. Nothing is sent. */
export function connectFault(place: Place): Promise<string | undefined> {
  return new Promise((settle) => {
    const socket = connect(place);
    const end = (fault: string | undefined): void => {
      socket.destroy();
      settle(fault);
    };
    socket.setTimeout(CHECK_TIME - 200, () => end('ETIMEDOUT'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** Key files are private, the master key opens the database, the signing key signs. */
export async function checkKeys({ wiring, policy, texts, house }: Patient): Promise<Finding> {
  const { masterFile, signingFolder } = policy.keys;
  if (!existsSync(masterFile))
    return { status: 'fail', detail: texts.keyMissing(masterFile), remedy: texts.keyMissingRemedy };
  const signing = existsSync(signingFolder) ? readdirSync(signingFolder).map((name) => join(signingFolder, name)) : [];
  const open = [masterFile, ...signing].find((file) => (statSync(file).mode & 0o077) !== 0);
  if (open !== undefined) return { status: 'fail', detail: texts.keyReadable(open), remedy: `chmod 600 ${open}` };
  const opened = await house();
  await opened.signer.sign({ aud: 'doctor' }, wiring.clock.now());
  const status = await opened.keys.status();
  const active = status.sealing.find((key) => key.active)?.cipher ?? policy.otp.sealing;
  if (active !== policy.otp.sealing)
    return { status: 'warn', detail: texts.keysOtherCipher(active, policy.otp.sealing), remedy: 'sumun key rotate' };
  return { status: 'ok', detail: texts.keysFine(status.sealing.length, status.signing.length) };
}

/** Room left where the database is. */
export async function checkDisk({ policy, texts }: Patient): Promise<Finding> {
  const folder = dirname(policy.storage.path);
  const place = existsSync(folder) ? folder : dirname(folder);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const detail = texts.diskFree(sizeText(free), folder);
  if (free < DISK_FAIL) return { status: 'fail', detail, remedy: texts.diskRemedy };
  return free < DISK_WARN ? { status: 'warn', detail, remedy: texts.diskRemedy } : { status: 'ok', detail };
}

/** The chain of audit records and its end. */
export async function checkAudit({ texts, house }: Patient): Promise<Finding> {
  const result = await (await house()).audit.verify();
  if (result.ok) return { status: 'ok', detail: texts.auditFine(result.records) };
  return { status: 'fail', detail: texts.auditBroken(result.seq, result.problem), remedy: texts.auditRemedy };
}

/** The runtime has the security fixes of its release line. */
export function checkRuntime({ wiring, texts }: Pick<Patient, 'wiring' | 'texts'>): Finding {
  const floor = missingSecurityRelease(wiring.runtime);
  if (floor === undefined) return { status: 'ok', detail: `Node.js ${wiring.runtime}` };
  return { status: 'warn', detail: texts.runtimeOld(wiring.runtime, floor), remedy: texts.runtimeRemedy(floor) };
}

/** A size in the unit that people would say it in. */
const sizeText = (bytes: number): string =>
  bytes >= 1024 * MEBIBYTE ? `${(bytes / 1024 / MEBIBYTE).toFixed(1)} GiB` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Random } from '../ports.ts';

/** Thrown where a key is missing, unreadable, open to others or not the right one. Nothing was written. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

/** The secret everything else is derived from or wrapped with. Prints as `[sealed]`. */
export type MasterKey = { reveal(): Uint8Array; toJSON(): string };

const KEY_BYTES = 32;

/** Wraps raw bytes as a master key. Throws `KeyError` unless there are 32. */
export function masterKeyOf(bytes: Uint8Array): MasterKey {
  if (bytes.length !== KEY_BYTES)
    throw new KeyError(`a master key has ${KEY_BYTES} bytes, this one has ${bytes.length}`);
  const copy = Uint8Array.from(bytes);
  return { reveal: () => copy, toJSON: () => '[sealed]' };
}

/** Writes a new master key (mode 0600, its folder 0700). Throws `KeyError` if the file is already there. */
export function createMasterKey(file: string, random: Random): MasterKey {
  const bytes = random.bytes(KEY_BYTES);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, encodeMasterKey(bytes), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new KeyError(`${file}: there is a master key already; it is never overwritten`);
    throw error;
  }
  chmodSync(file, 0o600);
  return masterKeyOf(bytes);
}

/** The one base64 line of a master key file. */
export const encodeMasterKey = (bytes: Uint8Array): string => `${Buffer.from(bytes).toString('base64')}\n`;

/**
 * Reads the master key file. Throws `KeyError` with the remedy when it is missing, readable by others than its owner,
 * or not 32 bytes in base64.
 */
export function loadMasterKey(file: string): MasterKey {
  return parseMasterKey(readSecretFile(file, 'master key'), file);
}

/** Reads the text of a master key file. Throws `KeyError`, naming the file, for anything but 32 bytes in base64. */
export function parseMasterKey(text: string, file: string): MasterKey {
  const line = text.trim();
  if (!/^[A-Za-z0-9+/]{43}=$/.test(line)) {
    throw new KeyError(
      `${file}: not a master key (one line of base64 with 32 bytes is expected); restore it from a backup`,
    );
  }
  return masterKeyOf(Buffer.from(line, 'base64'));
}

/** Reads a file that only its owner may read. Throws `KeyError` with the remedy. */
export function readSecretFile(file: string, what: string): string {
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw new KeyError(`${file}: the ${what} can be read by others (mode ${shown}); run: chmod 600 ${file}`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof KeyError) throw error;
    if (codeOf(error) === 'ENOENT') {
      throw new KeyError(
        `${file}: the ${what} is missing; put it back from a backup, or run sumun init for a new installation`,
      );
    }
    throw new KeyError(`${file}: the ${what} cannot be read (${codeOf(error) ?? 'unknown error'})`);
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

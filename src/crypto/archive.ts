import { createCipheriv, createDecipheriv, createHash, scryptSync } from 'node:crypto';
import type { Archive, ArchiveEntry, Random } from '../ports.ts';
import { deriveKey } from './derive.ts';
import type { MasterKey } from './keys.ts';

const MAGIC = 'SUMUN-BACKUP 1\n';
const CHUNK = 64 * 1024;
const TAG_BYTES = 16;

/** scrypt cost of a pass-phrase: 128 MiB, a quarter of a second or so (RFC 7914). */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;

/** Thrown where an archive cannot be opened. It says what to look at, never what was inside. */
export class ArchiveBroken extends Error {
  override readonly name = 'ArchiveBroken';
}

/** What opens an archive: the master key of the installation, or a pass-phrase that a person keeps. */
export type ArchiveKey = { readonly master: MasterKey } | { readonly passphrase: string };

type Header = {
  readonly key: 'master' | 'passphrase';
  readonly salt: string;
  readonly prefix: string;
  readonly entries: readonly { readonly name: string; readonly size: number }[];
  readonly about: Readonly<Record<string, string | number>>;
};

/**
 * One file of several: a line of JSON that can be read without a key, then the contents in chunks of AES-256-GCM.
 * Each chunk's nonce holds its number and whether it is the last, and its additional data the header (the STREAM
 * construction), so that chunks cannot be cut, swapped or joined to another header.
 */
export function createArchive(key: ArchiveKey, random: Random): Archive {
  return {
    carriesMasterKey: 'passphrase' in key,
    seal: (entries, about) => sealArchive(key, entries, about, random),
    open: (bytes) => openArchive(key, bytes),
  };
}

/** Which key an archive asks for and what it says of itself. Throws `ArchiveBroken` if it is none. Not authenticated. */
export function describeArchive(bytes: Uint8Array): Pick<Header, 'key' | 'about'> {
  const { key, about } = readHeader(bytes).header;
  return { key, about };
}

function sealArchive(
  key: ArchiveKey,
  entries: readonly ArchiveEntry[],
  about: Header['about'],
  random: Random,
): Uint8Array {
  const header: Header = {
    key: 'master' in key ? 'master' : 'passphrase',
    salt: Buffer.from(random.bytes(16)).toString('base64url'),
    prefix: Buffer.from(random.bytes(7)).toString('base64url'),
    entries: entries.map(({ name, content }) => ({ name, size: content.length })),
    about,
  };
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`);
  const plain = Buffer.concat(entries.map((entry) => entry.content));
  const chunks: Uint8Array[] = [head];
  const cipherKey = contentKey(key, header);
  const bound = digest(head);
  for (let at = 0, number = 0; at === 0 || at < plain.length; at += CHUNK, number++) {
    const nonce = nonceOf(header, number, at + CHUNK >= plain.length);
    const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce).setAAD(bound);
    chunks.push(cipher.update(plain.subarray(at, at + CHUNK)), cipher.final(), cipher.getAuthTag());
  }
  return Buffer.concat(chunks);
}

function openArchive(key: ArchiveKey, bytes: Uint8Array): ReturnType<Archive['open']> {
  const { header, body, head } = readHeader(bytes);
  const wanted = 'master' in key ? 'master' : 'passphrase';
  if (header.key !== wanted) {
    const remedy = header.key === 'master' ? 'with the master key of its installation' : 'with its pass-phrase';
    throw new ArchiveBroken(`this backup opens ${remedy}`);
  }
  const cipherKey = contentKey(key, header);
  const bound = digest(head);
  const plain: Uint8Array[] = [];
  const step = CHUNK + TAG_BYTES;
  for (let at = 0, number = 0; at === 0 || at < body.length; at += step, number++) {
    const nonce = nonceOf(header, number, at + step >= body.length);
    plain.push(openChunk(cipherKey, nonce, bound, body.subarray(at, at + step)));
  }
  return { entries: splitEntries(header, Buffer.concat(plain)), about: header.about };
}

function openChunk(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length < TAG_BYTES) throw new ArchiveBroken('the backup was cut short');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  decipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(chunk.subarray(0, chunk.length - TAG_BYTES)), decipher.final()]);
  } catch {
    throw new ArchiveBroken('the backup does not open: another key, or its bytes were changed or cut short');
  }
}

function splitEntries(header: Header, plain: Uint8Array): readonly ArchiveEntry[] {
  let at = 0;
  const entries = header.entries.map(({ name, size }) => {
    const content = plain.subarray(at, at + size);
    at += size;
    return { name, content };
  });
  if (at !== plain.length) throw new ArchiveBroken('the backup does not hold what its header lists');
  return entries;
}

function readHeader(bytes: Uint8Array): {
  readonly header: Header;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
} {
  const magic = Buffer.from(MAGIC);
  if (!Buffer.from(bytes.subarray(0, magic.length)).equals(magic)) throw new ArchiveBroken('not a backup of sumun');
  const end = bytes.indexOf(0x0a, magic.length);
  if (end < 0) throw new ArchiveBroken('the backup was cut short');
  const header = parseHeader(Buffer.from(bytes.subarray(magic.length, end)).toString('utf8'));
  return { header, head: bytes.subarray(0, end + 1), body: bytes.subarray(end + 1) };
}

/** Its shape is all that is checked here; the chunks authenticate what it says. */
function parseHeader(line: string): Header {
  try {
    const header = JSON.parse(line) as Partial<Header>;
    const isHeader =
      (header.key === 'master' || header.key === 'passphrase') &&
      typeof header.salt === 'string' &&
      typeof header.prefix === 'string' &&
      Array.isArray(header.entries) &&
      typeof header.about === 'object';
    if (isHeader) return header as Header;
  } catch {
    // Falls through to the one refusal below.
  }
  throw new ArchiveBroken('the header of the backup cannot be read');
}

function contentKey(key: ArchiveKey, header: Header): Uint8Array {
  const salt = Buffer.from(header.salt, 'base64url');
  if ('passphrase' in key) return scryptSync(key.passphrase.normalize('NFKC'), salt, 32, SCRYPT);
  return deriveKey(key.master.reveal(), `backup/${header.salt}`);
}

function nonceOf(header: Header, number: number, isLast: boolean): Uint8Array {
  const nonce = Buffer.alloc(12);
  Buffer.from(header.prefix, 'base64url').copy(nonce, 0, 0, 7);
  nonce.writeUInt32BE(number, 7);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
}

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

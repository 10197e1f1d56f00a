import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import type { TokenFileProblem } from '../core/enrolment/token-row.ts';
import { err, ok, type Result } from '../core/result.ts';
import { readBase64 } from './base64.ts';
import { below, textBelow, type XmlElement } from './xml.ts';

/** What opens the encrypted values of a file: a password, or a key that was agreed beforehand. */
export type FileKeys = { readonly password?: string; readonly presharedKey?: Uint8Array };

/** Opens the value of an element such as `Secret`: undefined where there is none. */
export type ValueOpener = (
  holder: XmlElement | undefined,
) => Result<Uint8Array | 'unreadable' | undefined, TokenFileProblem>;

/** Most rounds of PBKDF2 spent on one file: some tenths of a second, because nothing else is done meanwhile. */
const MOST_ROUNDS = 1_000_000;

const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number } | undefined>> = {
  'aes128-cbc': { name: 'aes-128-cbc', keyBytes: 16 },
  'aes192-cbc': { name: 'aes-192-cbc', keyBytes: 24 },
  'aes256-cbc': { name: 'aes-256-cbc', keyBytes: 32 },
};

const HASHES: Readonly<Record<string, string | undefined>> = {
  'hmac-sha1': 'sha1',
  'hmac-sha256': 'sha256',
  'hmac-sha512': 'sha512',
};

/**
 * The way to open the values of a PSKC container (RFC 6030 §6). Plain values need no key. Encrypted ones are opened only
 * after their MAC has been compared, in constant time; a container that encrypts without a MAC is refused.
 */
export function valueOpener(container: XmlElement, keys: FileKeys): ValueOpener {
  let opened: Result<ContainerKeys, TokenFileProblem> | undefined;
  return (holder) => {
    const plain = below(holder, 'PlainValue');
    if (plain !== undefined) return ok(readBase64(plain.text) ?? 'unreadable');
    const encrypted = below(holder, 'EncryptedValue');
    if (encrypted === undefined) return ok(undefined);
    opened ??= openContainer(container, keys);
    return opened.ok ? openValue(encrypted, textBelow(holder, 'ValueMAC'), opened.value) : opened;
  };
}

type ContainerKeys = { readonly encryption: Uint8Array; readonly mac: Uint8Array; readonly macHash: string };

function openContainer(container: XmlElement, keys: FileKeys): Result<ContainerKeys, TokenFileProblem> {
  const encryption = encryptionKey(below(container, 'EncryptionKey'), keys);
  if (!encryption.ok) return encryption;
  const method = below(container, 'MACMethod');
  const macKey = below(method, 'MACKey');
  if (method === undefined || macKey === undefined) return err('mac-missing');
  const macHash = HASHES[lastPart(method.attributes.get('Algorithm'))];
  if (macHash === undefined) return err('cipher');
  const mac = decrypt(macKey, encryption.value);
  return mac.ok ? ok({ encryption: encryption.value, mac: mac.value, macHash }) : mac;
}

function encryptionKey(element: XmlElement | undefined, keys: FileKeys): Result<Uint8Array, TokenFileProblem> {
  const derived = below(element, 'DerivedKey', 'KeyDerivationMethod');
  if (derived !== undefined) return derivedKey(derived, keys.password);
  // A key that is named, or not mentioned at all, was agreed beforehand; anything else is a certificate or another key.
  if (element?.children.some(({ name }) => name !== 'KeyName') === true) return err('cipher');
  return keys.presharedKey === undefined ? err('key-needed') : ok(keys.presharedKey);
}

/** PBKDF2 (RFC 8018 §5.2) of the password. */
function derivedKey(method: XmlElement, password: string | undefined): Result<Uint8Array, TokenFileProblem> {
  if (lastPart(method.attributes.get('Algorithm')) !== 'pbkdf2') return err('cipher');
  if (password === undefined) return err('password-needed');
  const parameters = below(method, 'PBKDF2-params');
  const salt = readBase64(textBelow(parameters, 'Salt', 'Specified'));
  const rounds = Number(textBelow(parameters, 'IterationCount'));
  const length = Number(textBelow(parameters, 'KeyLength'));
  const prf = below(parameters, 'PRF')?.attributes.get('Algorithm');
  const hash = prf === undefined ? 'sha1' : HASHES[lastPart(prf)];
  if (salt === undefined || hash === undefined || ![16, 24, 32].includes(length)) return err('cipher');
  if (!Number.isSafeInteger(rounds) || rounds < 1) return err('cipher');
  if (rounds > MOST_ROUNDS) return err('derivation-cost');
  return ok(Uint8Array.from(pbkdf2Sync(password, salt, rounds, length, hash)));
}

/** The MAC covers IV and ciphertext (RFC 6030 §6.1.1). */
function openValue(value: XmlElement, mac: string, keys: ContainerKeys): Result<Uint8Array, TokenFileProblem> {
  const bytes = readBase64(textBelow(value, 'CipherData', 'CipherValue'));
  if (mac === '') return err('mac-missing');
  const stated = readBase64(mac);
  if (bytes === undefined || stated === undefined) return err('key-wrong');
  const expected = createHmac(keys.macHash, keys.mac).update(bytes).digest();
  if (stated.length !== expected.length || !timingSafeEqual(stated, expected)) return err('key-wrong');
  return decrypt(value, keys.encryption);
}

/** IV, then ciphertext in CBC mode, padded as XML Encryption says (§5.2): the last byte counts, the others are arbitrary. */
function decrypt(data: XmlElement, key: Uint8Array): Result<Uint8Array, TokenFileProblem> {
  const cipher = CIPHERS[lastPart(below(data, 'EncryptionMethod')?.attributes.get('Algorithm'))];
  if (cipher === undefined) return err('cipher');
  if (key.length !== cipher.keyBytes) return err('key-length');
  const bytes = readBase64(textBelow(data, 'CipherData', 'CipherValue'));
  if (bytes === undefined || bytes.length < 32 || bytes.length % 16 !== 0) return err('key-wrong');
  const decipher = createDecipheriv(cipher.name, key, bytes.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  if (padding < 1 || padding > 16) return err('key-wrong');
  return ok(Uint8Array.from(padded.subarray(0, padded.length - padding)));
}

/** `http://www.w3.org/2001/04/xmlenc#aes128-cbc` → `aes128-cbc`. */
const lastPart = (uri: string | undefined): string => (/[^#/:]*$/.exec(uri ?? '')?.[0] ?? '').toLowerCase();

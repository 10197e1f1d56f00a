import { readBase64 } from './base64.ts';
import type { RawToken } from './describe-token.ts';
import { type ProtobufField, readProtobuf } from './protobuf.ts';

/** One account of an export. */
export type MigrationAccount = Pick<RawToken, 'kind' | 'hash' | 'digits' | 'period' | 'counter' | 'seed'> & {
  readonly name: string;
  readonly issuer: string;
};

/** Numbers of fields in the payload and in an account of it. */
const ACCOUNTS = 1;
const ACCOUNT = { secret: 1, name: 2, issuer: 3, algorithm: 4, digits: 5, kind: 6, counter: 7 } as const;

/** What the numbers of the enumerations mean; 0 is "not said". An unknown number becomes a word that nothing accepts. */
const HASHES = ['', 'SHA1', 'SHA256', 'SHA512', 'MD5'];
const DIGITS = ['', '6', '8'];
const KINDS = ['', 'hotp', 'totp'];

/** Reads the `data` of an `otpauth-migration://offline` address; undefined where it is none. Time steps are 30 seconds. */
export function readMigration(data: string): readonly MigrationAccount[] | undefined {
  // In an address `+` may have come through as a space.
  const bytes = readBase64(padded(data.replaceAll(' ', '+').replaceAll('-', '+').replaceAll('_', '/')));
  const payload = bytes === undefined || bytes.length === 0 ? undefined : readProtobuf(bytes);
  const accounts: MigrationAccount[] = [];
  for (const { number, value } of payload ?? []) {
    if (number !== ACCOUNTS) continue;
    const fields = value instanceof Uint8Array ? readProtobuf(value) : undefined;
    if (fields === undefined) return undefined;
    accounts.push(accountOf(fields));
  }
  return accounts.length === 0 ? undefined : accounts;
}

function accountOf(fields: readonly ProtobufField[]): MigrationAccount {
  // The last of several fields of one number counts, as in any reader of this encoding.
  const find = (number: number): ProtobufField['value'] | undefined =>
    fields.findLast((field) => field.number === number)?.value;
  const word = (words: readonly string[], number: number): string => {
    const value = find(number) ?? 0n;
    return typeof value === 'bigint' ? (words[Number(value)] ?? 'unknown') : 'unknown';
  };
  const text = (number: number): string => {
    const value = find(number);
    return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
  };
  const secret = find(ACCOUNT.secret);
  return {
    kind: word(KINDS, ACCOUNT.kind),
    hash: word(HASHES, ACCOUNT.algorithm),
    digits: word(DIGITS, ACCOUNT.digits),
    period: '',
    counter: String(find(ACCOUNT.counter) ?? ''),
    seed: secret instanceof Uint8Array && secret.length > 0 ? secret : 'missing',
    name: text(ACCOUNT.name),
    issuer: text(ACCOUNT.issuer),
  };
}

const padded = (text: string): string => text + '='.repeat((4 - (text.length % 4)) % 4);

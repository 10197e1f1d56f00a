import { createHmac } from 'node:crypto';
import {
  IMPORTED_SEED_BYTES,
  type ImportedSeed,
  type TokenRow,
  type TokenRowFault,
  type TokenSpec,
} from '../core/enrolment/token-row.ts';
import type { OtpAlgorithm } from '../core/identity/account.ts';
import { err, ok, type Result } from '../core/result.ts';
import { counterBytes, truncate } from '../core/verification/hotp.ts';
import { parseOcraSuite } from '../core/verification/ocra.ts';

/** A token as its file words it; the empty string for what the file does not say. */
export type RawToken = {
  readonly kind: string;
  readonly hash: string;
  /** What to go by where no hash is said: the standard of the file, or the length of the seed. */
  readonly hashDefault: 'standard' | 'length';
  readonly digits: string;
  readonly period: string;
  readonly counter: string;
  readonly suite: string;
  readonly label: string;
  readonly seed: Uint8Array | 'missing' | 'unreadable';
};

/** A token that says nothing but what it has to. */
export const UNSAID = {
  hash: '',
  hashDefault: 'standard',
  digits: '',
  period: '',
  counter: '',
  suite: '',
  label: '',
} as const satisfies Partial<RawToken>;

/** Where a row stands and whose it is. */
export type RowPlace = Pick<TokenRow, 'index' | 'line' | 'serial' | 'login'>;

/** A row of its place and what is in it. */
export function rowOf(place: RowPlace, described: Result<TokenSpec, TokenRowFault>): TokenRow {
  if (!described.ok) return { ...place, fault: described.error };
  return isSerial(place.serial) ? { ...place, token: described.value } : { ...place, fault: 'serial' };
}

const isSerial = (serial: string): boolean => serial.length <= 64 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(serial);

/** Checks what a file says of one token. Digits default to 6, time steps to 30 seconds, counters to 0. */
export function describeToken(raw: RawToken): Result<TokenSpec, TokenRowFault> {
  if (raw.seed === 'missing') return err('seed-missing');
  if (raw.seed === 'unreadable') return err('seed-unreadable');
  const { least, most } = IMPORTED_SEED_BYTES;
  if (raw.seed.length < least || raw.seed.length > most) return err('seed-length');
  const kind = raw.kind.trim().toLowerCase();
  switch (kind) {
    case 'hotp':
    case 'totp':
      return describeOath(raw, kind, raw.seed);
    case 'ocra':
      return describeOcra(raw, raw.seed);
    default:
      return err('kind');
  }
}

function describeOath(raw: RawToken, kind: 'hotp' | 'totp', bytes: Uint8Array): Result<TokenSpec, TokenRowFault> {
  const hash = raw.hash === '' ? impliedHash(raw.hashDefault, bytes.length) : statedHash(raw.hash);
  if (hash === undefined) return err('hash');
  const digits = choiceOf(raw.digits, '6', [6, 8] as const);
  if (digits === undefined) return err('digits');
  const period = kind === 'hotp' ? 0 : choiceOf(raw.period, '30', [30, 60] as const);
  if (period === undefined) return err('period');
  const counter = kind === 'totp' ? 0 : counterOf(raw.counter);
  if (counter === undefined) return err('counter');
  const seed = wrap(bytes, hash.algorithm, digits);
  return ok({ kind, ...hash, digits, period, counter, suite: '', label: labelOf(raw.label), seed });
}

/** Hash and digits are the suite's. PIN and session would have to come with every verification: no door brings them. */
function describeOcra(raw: RawToken, bytes: Uint8Array): Result<TokenSpec, TokenRowFault> {
  const suite = parseOcraSuite(raw.suite.trim());
  if (!suite.ok) return err('suite');
  const { text, algorithm, pin, session } = suite.value;
  if (pin !== undefined || session !== undefined) return err('suite-input');
  const digits = choiceOf(String(suite.value.digits), '', [6, 8] as const);
  if (digits === undefined) return err('digits');
  const counter = suite.value.counter ? counterOf(raw.counter) : 0;
  if (counter === undefined) return err('counter');
  const [seed, label] = [wrap(bytes, algorithm, digits), labelOf(raw.label)];
  return ok({ kind: 'ocra', algorithm, hashSource: 'file', digits, period: 0, counter, suite: text, label, seed });
}

const wrap = (bytes: Uint8Array, algorithm: OtpAlgorithm, digits: number): ImportedSeed => ({
  reveal: () => bytes,
  codeAt: (movingFactor) =>
    truncate(createHmac(algorithm.toLowerCase(), bytes).update(counterBytes(movingFactor)).digest(), digits),
  toJSON: () => '[sealed]',
});

type Hash = Pick<TokenSpec, 'algorithm' | 'hashSource'>;

function statedHash(text: string): Hash | undefined {
  const algorithm = hashOf(text);
  return algorithm === undefined ? undefined : { algorithm, hashSource: 'file' };
}

/** SHA-1 is what HOTP means and TOTP defaults to (RFC 4226 §5.2, RFC 6238 §1.2). */
function impliedHash(by: RawToken['hashDefault'], seedBytes: number): Hash {
  if (by === 'length' && seedBytes === 32) return { algorithm: 'SHA256', hashSource: 'length' };
  if (by === 'length' && seedBytes === 64) return { algorithm: 'SHA512', hashSource: 'length' };
  return { algorithm: 'SHA1', hashSource: 'default' };
}

/** The hash of a name such as `SHA256`, `sha-256`, `HmacSHA256` or `HMAC-SHA-256`. */
export function hashOf(text: string): OtpAlgorithm | undefined {
  const bits = /^(?:hmac[-_]?)?sha[-_]?(1|256|512)$/i.exec(text.trim())?.[1];
  return bits === undefined ? undefined : (`SHA${bits}` as OtpAlgorithm); // one of the three of the pattern
}

/** The number among those allowed that a text says; what the text leaves out is the default. */
function choiceOf<N extends number>(text: string, otherwise: string, allowed: readonly N[]): N | undefined {
  const said = text.trim() === '' ? otherwise : text.trim();
  return /^\d{1,3}$/.test(said) ? allowed.find((each) => each === Number(said)) : undefined;
}

function counterOf(text: string): number | undefined {
  const said = text.trim() === '' ? '0' : text.trim();
  return /^\d{1,16}$/.test(said) && Number.isSafeInteger(Number(said)) ? Number(said) : undefined;
}

const labelOf = (text: string): string =>
  [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim()].slice(0, 64).join('');

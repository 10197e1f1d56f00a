import type { OtpAlgorithm } from '../identity/account.ts';

/** Least bytes of an imported seed, 128 bits (RFC 4226 R6), and most: one output of SHA-512. */
export const IMPORTED_SEED_BYTES = { least: 16, most: 64 } as const;

/** A seed on its way from a file into the store, wrapped so that it cannot end up in a log or an answer. */
export type ImportedSeed = {
  reveal(): Uint8Array;
  /** Code of a moving factor, by which a token that somebody has already is recognised. */
  codeAt(movingFactor: number): string;
  /** `[sealed]` */
  toJSON(): string;
};

/** A token as a file describes it. */
export type TokenSpec = {
  readonly kind: 'totp' | 'hotp' | 'ocra';
  readonly algorithm: OtpAlgorithm;
  /** Where the hash is known from: the file says it, the length of the seed suggests it, or it is the standard's default. */
  readonly hashSource: 'file' | 'length' | 'default';
  readonly digits: 6 | 8;
  /** Seconds; 0 where the time is not counted in steps of a TOTP. */
  readonly period: 0 | 30 | 60;
  /** The next counter of the token (HOTP, OCRA with a counter); 0 for the others. */
  readonly counter: number;
  /** OCRA suite; the empty string for the others. */
  readonly suite: string;
  readonly label: string;
  readonly seed: ImportedSeed;
};

/** Why one row of a file is not taken. The others are. */
export type TokenRowFault =
  | 'cells' // a row of a table with too few or too many cells
  | 'address' // not an otpauth address that can be read
  | 'kind' // neither TOTP nor HOTP nor OCRA
  | 'hash' // neither SHA-1 nor SHA-256 nor SHA-512
  | 'digits' // neither 6 nor 8
  | 'period' // neither 30 nor 60 seconds
  | 'start-time' // counts its time steps from another moment than 1970 (RFC 6238 T0)
  | 'counter' // not a whole number from 0
  | 'encoding' // responses that are not plain decimal digits
  | 'policy' // bound to conditions that are not kept here (RFC 6030 §5)
  | 'suite' // not an OCRA suite that can be read
  | 'suite-input' // an OCRA suite that takes in a PIN or a session
  | 'seed-missing'
  | 'seed-unreadable'
  | 'seed-length'
  | 'serial-missing'
  | 'serial' // a serial number that cannot be used: too long, or with control characters
  | 'serial-repeated';

/** One row of a token file: a token, or why it is none. */
export type TokenRow = {
  /** Number of the row among those of the file, from 1. */
  readonly index: number;
  /** Line of the file it begins at. */
  readonly line: number;
  /** The empty string where the file has none. */
  readonly serial: string;
  /** Whose it is, as the file says; undefined where it does not. */
  readonly login: string | undefined;
} & ({ readonly token: TokenSpec } | { readonly fault: TokenRowFault });

/** Why a file is refused whole. Nothing of it is taken. */
export type TokenFileProblem =
  | 'too-large'
  | 'too-many'
  | 'not-text'
  | 'unknown-format'
  | 'no-tokens'
  // CSV
  | 'open-quote'
  | 'stray-quote'
  | 'repeated-column'
  | 'unknown-column'
  // PSKC (RFC 6030)
  | 'xml'
  | 'xml-doctype'
  | 'xml-depth'
  | 'not-pskc'
  | 'pskc-version'
  | 'password-needed'
  | 'key-needed'
  | 'key-length'
  | 'key-wrong' // the MAC key does not open, or a value's MAC is another: wrong key or password, or changed bytes
  | 'mac-missing' // encrypted without a MAC: could have been changed
  | 'cipher' // an encryption, MAC or key derivation that is not known here
  | 'derivation-cost'; // more rounds of PBKDF2 than this server spends

export type TokenFileFault = { readonly line: number; readonly problem: TokenFileProblem };

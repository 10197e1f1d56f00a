import { foldLogin } from '../identity/account.ts';
import type { Factor } from '../identity/factors.ts';
import { err, ok, type Result } from '../result.ts';

/** What somebody typed into the form, untouched. */
export type TypedFields = {
  readonly login: string;
  readonly password: string;
  readonly pin: string;
  readonly otp: string;
  readonly sms: string;
};

export type FieldName = keyof TypedFields;

/** A fault of form. It is found before any account is looked at and costs no attempt. */
export type FieldFault = {
  readonly field: FieldName;
  readonly fault: 'empty' | 'not-digits' | 'wrong-length' | 'too-long' | 'hangul' | 'unreadable';
  /** How many characters the value has after normalisation. */
  readonly length: number;
};

/** Normalised values of the factors that were asked for. */
export type Credentials = { readonly [F in Factor]?: string };

/** The login and the credentials of one submission, fit to be verified. */
export type Submission = { readonly login: string; readonly credentials: Credentials };

export const PASSWORD_MAX = 256;

const FIELD_OF = { pw: 'password', pin: 'pin', otp: 'otp', sms: 'sms' } as const satisfies Record<Factor, FieldName>;

/** A code or PIN as people type or paste it: NFKC, without white space, hyphens, dashes and dots. */
export const normaliseCode = (typed: string): string =>
  typed.normalize('NFKC').replace(/[\s\-\u2010-\u2015\u2212.]/gu, '');

/** A password is compared in NFKC (NIST SP 800-63B §3.1.1.2) and altered in no other way. */
export const normalisePassword = (typed: string): string => typed.normalize('NFKC');

/** The fault of an OTP's form, if it has one: empty, no look-up code and not digits, or neither six nor eight of them. */
export function codeFault(typed: string): FieldFault | undefined {
  const read = readFactor('otp', typed);
  return read.ok ? undefined : read.error;
}

/**
 * A look-up code (recovery or temporary) as it was issued: eight characters of Crockford's base32, at least one of them
 * a letter, so that it is never taken for an eight-digit OTP. Either case, grouped in any way; O is read as 0, I and L
 * as 1. Undefined for everything else.
 */
export function readLookupCode(typed: string): string | undefined {
  const code = normaliseCode(typed).toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
  return isLookupCode(code) ? code : undefined;
}

/** True for a look-up code in its normal form. */
export const isLookupCode = (code: string): boolean => /^(?=.*[A-Z])[0-9A-HJKMNP-TV-Z]{8}$/.test(code);

/** One typed factor in its normal form, or the fault of its form. */
export function readFactor(factor: Factor, typed: string): Result<string, FieldFault> {
  if (factor === 'pw') return readPassword(typed);
  const lookup = factor === 'otp' ? readLookupCode(typed) : undefined;
  if (lookup !== undefined) return ok(lookup);
  const code = normaliseCode(typed);
  const fault = digitsFault(FIELD_OF[factor], code, (length) => lengthsOf(factor).includes(length));
  return fault === undefined ? ok(code) : err(fault);
}

const lengthsOf = (factor: Exclude<Factor, 'pw'>): readonly number[] => (factor === 'pin' ? [4, 5, 6, 7, 8] : [6, 8]);

/**
 * Reads the submitted fields that are needed, or says everything that is wrong with their form.
 * `login` given as a string asks for no ID (step-up): the name comes from the session.
 */
export function readSubmission(
  need: readonly Factor[],
  typed: TypedFields,
  login: string | undefined,
): Result<Submission, readonly FieldFault[]> {
  const folded = login ?? foldLogin(typed.login);
  const faults: FieldFault[] = login === undefined ? loginFaults(typed.login, folded) : [];
  const credentials: { [F in Factor]?: string } = {};
  for (const factor of need) {
    const read = readFactor(factor, typed[FIELD_OF[factor]]);
    if (read.ok) credentials[factor] = read.value;
    else faults.push(read.error);
  }
  return faults.length > 0 || folded === undefined ? err(faults) : ok({ login: folded, credentials });
}

/** True where Hangul was typed: almost always the keyboard's language switch, and no login name has it. */
export const hasHangul = (text: string): boolean => /\p{Script=Hangul}/u.test(text);

function loginFaults(typed: string, folded: string | undefined): FieldFault[] {
  const length = typed.trim().length;
  if (length === 0) return [{ field: 'login', fault: 'empty', length }];
  if (hasHangul(typed)) return [{ field: 'login', fault: 'hangul', length }];
  if (folded !== undefined) return [];
  return [{ field: 'login', fault: length > 128 ? 'too-long' : 'unreadable', length }];
}

function readPassword(typed: string): Result<string, FieldFault> {
  const password = normalisePassword(typed);
  const { length } = password;
  if (length === 0) return err({ field: 'password', fault: 'empty', length });
  return length > PASSWORD_MAX ? err({ field: 'password', fault: 'too-long', length }) : ok(password);
}

function digitsFault(field: FieldName, value: string, fits: (length: number) => boolean): FieldFault | undefined {
  const { length } = value;
  if (length === 0) return { field, fault: 'empty', length };
  if (hasHangul(value)) return { field, fault: 'hangul', length };
  if (!/^[0-9]+$/.test(value)) return { field, fault: 'not-digits', length };
  return fits(length) ? undefined : { field, fault: 'wrong-length', length };
}

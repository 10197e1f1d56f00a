import { foldLogin } from '../identity/account.ts';
import type { Factor } from '../identity/factors.ts';
import { err, ok, type Result } from '../result.ts';

/** What somebody typed into the form, untouched. */
export type TypedFields = {
  readonly login: string;
  readonly password: string;
  readonly pin: string;
  readonly otp: string;
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

const FIELD_OF = { pw: 'password', pin: 'pin', otp: 'otp' } as const satisfies Record<Factor, FieldName>;

/** A code or PIN as people type or paste it: NFKC, without white space, hyphens, dashes and dots. */
export const normaliseCode = (typed: string): string =>
  typed.normalize('NFKC').replace(/[\s\-\u2010-\u2015\u2212.]/gu, '');

/** A password is compared in NFKC (NIST SP 800-63B §3.1.1.2) and altered in no other way. */
export const normalisePassword = (typed: string): string => typed.normalize('NFKC');

/** The fault of an OTP's form, if it has one: empty, not digits, or neither six nor eight of them. */
export function codeFault(typed: string): FieldFault | undefined {
  return digitsFault('otp', normaliseCode(typed), (length) => length === 6 || length === 8);
}

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
    const raw = typed[FIELD_OF[factor]];
    const fault = factorFault(factor, raw);
    if (fault !== undefined) faults.push(fault);
    credentials[factor] = factor === 'pw' ? normalisePassword(raw) : normaliseCode(raw);
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

function factorFault(factor: Factor, typed: string): FieldFault | undefined {
  switch (factor) {
    case 'otp':
      return codeFault(typed);
    case 'pin':
      return digitsFault('pin', normaliseCode(typed), (length) => length >= 4 && length <= 8);
    case 'pw': {
      const { length } = normalisePassword(typed);
      if (length === 0) return { field: 'password', fault: 'empty', length };
      return length > PASSWORD_MAX ? { field: 'password', fault: 'too-long', length } : undefined;
    }
  }
}

function digitsFault(field: FieldName, value: string, fits: (length: number) => boolean): FieldFault | undefined {
  const { length } = value;
  if (length === 0) return { field, fault: 'empty', length };
  if (hasHangul(value)) return { field, fault: 'hangul', length };
  if (!/^[0-9]+$/.test(value)) return { field, fault: 'not-digits', length };
  return fits(length) ? undefined : { field, fault: 'wrong-length', length };
}

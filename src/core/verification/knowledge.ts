import type { KnowledgeSettings } from '../policy.ts';
import { normaliseCode, normalisePassword, PASSWORD_MAX } from './code.ts';

/** Why a password or PIN may not be chosen. */
export type KnowledgeFault =
  | 'too-short'
  | 'too-long'
  | 'not-digits'
  | 'repeats'
  | 'sequence'
  | 'common'
  | 'contains-login';

/** A few of the passwords that every guesser tries first, folded as `skeleton` folds. */
const COMMON_PASSWORDS = new Set([
  '0123456789',
  '1234567890',
  '12345678910',
  '123456789',
  '12345678',
  '1111111111',
  '0000000000',
  '9876543210',
  'qwertyuiop',
  'qwerty12345',
  'qwerty1234',
  '1q2w3e4r5t',
  '1q2w3e4r5t6y',
  '1qaz2wsx3edc',
  'q1w2e3r4t5',
  'asdfghjkl',
  'asdfghjkl1',
  'zxcvbnm123',
  'password',
  'password1',
  'password12',
  'password123',
  'password1234',
  'passw0rd123',
  'p@ssw0rd',
  'p@ssw0rd1',
  'p@ssword12',
  'iloveyou123',
  'iloveyou12',
  'welcome123',
  'welcome1234',
  'letmein123',
  'administrator',
  'admin12345',
  'admin123456',
  'adminadmin',
  'changeme123',
  'changeme',
  'football123',
  'baseball123',
  'superman123',
  'sunshine123',
  'princess123',
  'dragon12345',
  'monkey12345',
  'abc1234567',
  'abcd123456',
  'abcdefghij',
  'abcdefghijk',
  'korea12345',
  'korea123456',
  'samsung123',
  'sumun12345',
  'test123456',
  'testtest123',
  'default123',
]);

/** PINs chosen far more often than chance, besides repeats and sequences. */
const COMMON_PINS = new Set([
  '1004',
  '1212',
  '1313',
  '2580',
  '0852',
  '1010',
  '2020',
  '6969',
  '7942',
  '8282',
  '486486',
  '112233',
  '121212',
  '123123',
  '131313',
  '252525',
  '159753',
  '147258',
  '112211',
  '11223344',
  '12341234',
  '19871987',
]);

/** The fault of a new password, if it has one. Length counts characters (NIST SP 800-63B §3.1.1.2: no composition rules). */
export function passwordFault(
  password: string,
  login: string,
  rules: KnowledgeSettings['password'],
): KnowledgeFault | undefined {
  const text = normalisePassword(password);
  const folded = text.toLowerCase();
  if ([...text].length < rules.minLength) return 'too-short';
  if (text.length > PASSWORD_MAX) return 'too-long';
  if (new Set(folded).size <= 2) return 'repeats';
  if (COMMON_PASSWORDS.has(folded)) return 'common';
  return login.length >= 3 && folded.includes(login.toLowerCase()) && folded.length < login.length + 6
    ? 'contains-login'
    : undefined;
}

/** The fault of a new PIN, if it has one. */
export function pinFault(pin: string, rules: KnowledgeSettings['pin']): KnowledgeFault | undefined {
  const digits = normaliseCode(pin);
  if (!/^[0-9]*$/.test(digits)) return 'not-digits';
  if (digits.length < rules.minLength) return 'too-short';
  if (digits.length > rules.maxLength) return 'too-long';
  if (rules.forbid.includes('repeats') && new Set(digits).size === 1) return 'repeats';
  if (rules.forbid.includes('sequences') && isSequence(digits)) return 'sequence';
  return COMMON_PINS.has(digits) ? 'common' : undefined;
}

/** True for digits that rise or fall by one all the way, 0 following 9 (`4567`, `8901`, `3210`). */
function isSequence(digits: string): boolean {
  const steps = new Set<number>();
  for (let index = 1; index < digits.length; index++) {
    steps.add((digits.charCodeAt(index) - digits.charCodeAt(index - 1) + 10) % 10);
  }
  return steps.size === 1 && (steps.has(1) || steps.has(9));
}

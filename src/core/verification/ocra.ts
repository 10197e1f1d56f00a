import type { OtpAlgorithm } from '../identity/account.ts';
import { err, ok, type Result } from '../result.ts';
import { HOUR, type Instant, MINUTE, type Milliseconds, SECOND } from '../time.ts';
import { counterBytes } from './hotp.ts';

/** What an OCRA response is computed over (RFC 6287 §5.1). What the suite does not name is ignored. */
export type OcraInput = {
  /** The question as it is shown or agreed: decimal digits, letters and digits, or hex, as the suite says. */
  readonly question: string;
  readonly counter?: number;
  /** The PIN's digest in the suite's hash, hex. */
  readonly pinHash?: string;
  /** Session information, hex. */
  readonly session?: string;
  /** Time in steps of the suite. */
  readonly timeStep?: number;
};

/** A suite, read (RFC 6287 §6). */
export type OcraSuite = {
  /** Exactly as it was written: it is part of what is computed over. */
  readonly text: string;
  readonly algorithm: OtpAlgorithm;
  /** Digits of a response: 4 to 10; 0 = the whole HMAC, in hex. */
  readonly digits: number;
  readonly counter: boolean;
  /** `A` letters and digits, `N` decimal digits, `H` hex; `length` characters are what a questioner chooses. */
  readonly question: { readonly format: 'A' | 'N' | 'H'; readonly length: number };
  /** Hash of the PIN, where one is taken in. */
  readonly pin: OtpAlgorithm | undefined;
  /** Bytes of session information, where it is taken in. */
  readonly session: number | undefined;
  /** Length of a time step, where the time is taken in. */
  readonly step: Milliseconds | undefined;
};

/** The part of a suite that cannot be read. */
export type OcraSuiteFault = 'algorithm' | 'function' | 'input' | 'question-length' | 'session-length' | 'time-step';

const FUNCTION = /^HOTP-(SHA1|SHA256|SHA512)-(0|[4-9]|10)$/;
const INPUT = /^(C-)?Q([ANH])(\d{2})(?:-P(SHA1|SHA256|SHA512))?(?:-S(\d{3}))?(?:-T(\d{1,2})([SMH]))?$/;
const UNITS = { S: { size: SECOND, most: 59 }, M: { size: MINUTE, most: 59 }, H: { size: HOUR, most: 48 } } as const;

/**
 * Reads a suite such as `OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1`. A time step of no length (`T0H`) is refused: nothing could
 * be counted in it.
 */
export function parseOcraSuite(text: string): Result<OcraSuite, OcraSuiteFault> {
  const [algorithm, cryptoFunction = '', dataInput = '', ...more] = text.split(':');
  if (algorithm !== 'OCRA-1') return err('algorithm');
  const hotp = FUNCTION.exec(cryptoFunction);
  if (hotp === null) return err('function');
  const input = INPUT.exec(dataInput);
  if (input === null || more.length > 0) return err('input');
  const length = Number(input[3]);
  if (length < 4 || length > 64) return err('question-length');
  const session = input[5] === undefined ? undefined : Number(input[5]);
  if (session !== undefined && (session < 1 || session > 512)) return err('session-length');
  const step = stepOf(input[6], input[7]);
  if (step === 0) return err('time-step');
  return ok({
    text,
    algorithm: hotp[1] as OtpAlgorithm, // one of the three words of FUNCTION
    digits: Number(hotp[2]),
    counter: input[1] !== undefined,
    question: { format: input[2] as 'A' | 'N' | 'H', length }, // one of the three letters of INPUT
    pin: input[4] as OtpAlgorithm | undefined, // one of the three words of INPUT, or none
    session,
    step,
  });
}

/** Undefined where the suite has no time, 0 where the number of units is out of range. */
function stepOf(count: string | undefined, unit: string | undefined): Milliseconds | undefined {
  if (count === undefined) return undefined;
  const { size, most } = UNITS[unit as keyof typeof UNITS]; // INPUT lets no other letter through
  return Number(count) <= most ? Number(count) * size : 0;
}

/** The time step of a moment; undefined where the suite takes no time in. */
export const ocraTimeStep = (suite: OcraSuite, now: Instant): number | undefined =>
  suite.step === undefined ? undefined : Math.floor(now / suite.step);

/** What is wrong with an input: not there, not of the suite's form, or longer than its place. */
export type OcraInputFault = {
  readonly input: keyof OcraInput;
  readonly problem: 'missing' | 'malformed' | 'too-long';
};

/** Bytes of the question's place (RFC 6287 §5.1). */
const QUESTION_BYTES = 128;
const HASH_BYTES = { SHA1: 20, SHA256: 32, SHA512: 64 } as const satisfies Record<OtpAlgorithm, number>;

/**
 * The message an OCRA response is the HMAC of (RFC 6287 §5.1): suite, a zero byte, then C, Q, P, S and T as far as the
 * suite names them. A question may be longer than the suite says, as the two joined ones of mutual authentication are
 * (§7.2), up to what its place holds.
 */
export function ocraMessage(suite: OcraSuite, input: OcraInput): Result<Uint8Array, OcraInputFault> {
  const parts: Result<Uint8Array, OcraInputFault>[] = [ok(Uint8Array.of(...charCodes(suite.text), 0))];
  if (suite.counter) parts.push(numberPart('counter', input.counter));
  parts.push(questionPart(suite, input.question));
  if (suite.pin !== undefined) parts.push(pinPart(HASH_BYTES[suite.pin], input.pinHash));
  if (suite.session !== undefined) parts.push(sessionPart(suite.session, input.session));
  if (suite.step !== undefined) parts.push(numberPart('timeStep', input.timeStep));
  const bytes: Uint8Array[] = [];
  for (const part of parts) {
    if (!part.ok) return part;
    bytes.push(part.value);
  }
  return ok(joined(bytes));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Eight bytes, big-endian: C and T. Zero counts as a number. */
function numberPart(input: 'counter' | 'timeStep', value: number | undefined): Result<Uint8Array, OcraInputFault> {
  if (value === undefined) return err({ input, problem: 'missing' });
  if (!Number.isSafeInteger(value) || value < 0) return err({ input, problem: 'malformed' });
  return ok(counterBytes(value));
}

const QUESTION_FORM = { A: /^[A-Za-z0-9]+$/, N: /^\d+$/, H: /^[0-9A-Fa-f]+$/ } as const;

/** Left-aligned in its place; decimal digits count as one number in hex, an odd last digit of hex as its byte's first half. */
function questionPart({ question: { format } }: OcraSuite, question: string): Result<Uint8Array, OcraInputFault> {
  if (question === '') return err({ input: 'question', problem: 'missing' });
  // Checked before the digits become a number: a very long one would take its time. 256 hex digits are 309 decimal ones.
  if (question.length > 309) return err({ input: 'question', problem: 'too-long' });
  if (!QUESTION_FORM[format].test(question)) return err({ input: 'question', problem: 'malformed' });
  const bytes = format === 'A' ? charCodes(question) : hexBytes(format === 'N' ? decimalToHex(question) : question);
  if (bytes.length > QUESTION_BYTES) return err({ input: 'question', problem: 'too-long' });
  const place = new Uint8Array(QUESTION_BYTES);
  place.set(bytes);
  return ok(place);
}

function pinPart(length: number, pinHash: string | undefined): Result<Uint8Array, OcraInputFault> {
  if (pinHash === undefined) return err({ input: 'pinHash', problem: 'missing' });
  const isDigest = pinHash.length === 2 * length && QUESTION_FORM.H.test(pinHash);
  return isDigest ? ok(Uint8Array.from(hexBytes(pinHash))) : err({ input: 'pinHash', problem: 'malformed' });
}

/** Right-aligned in its place, zeros before it. */
function sessionPart(length: number, session: string | undefined): Result<Uint8Array, OcraInputFault> {
  if (session === undefined) return err({ input: 'session', problem: 'missing' });
  if (session.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(session))
    return err({ input: 'session', problem: 'malformed' });
  const bytes = hexBytes(session);
  if (bytes.length > length) return err({ input: 'session', problem: 'too-long' });
  const place = new Uint8Array(length);
  place.set(bytes, length - bytes.length);
  return ok(place);
}

const decimalToHex = (digits: string): string => BigInt(digits).toString(16);

const hexBytes = (hex: string): readonly number[] =>
  (hex.match(/.{1,2}/g) ?? []).map((pair) => Number.parseInt(pair.padEnd(2, '0'), 16));

/** Bytes of a text that is known to be ASCII. */
const charCodes = (text: string): readonly number[] => [...text].map((char) => char.charCodeAt(0));

/** Bytes of randomness that `ocraQuestion` wants. */
export const OCRA_QUESTION_BYTES = 64;

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A question of the suite's form and length out of 64 random bytes. Letters that look like digits are left out. */
export function ocraQuestion({ question: { format, length } }: OcraSuite, random: Uint8Array): string {
  if (random.length < OCRA_QUESTION_BYTES) throw new RangeError('a question is made of 64 random bytes');
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  switch (format) {
    case 'H':
      return hex.slice(0, length);
    case 'A':
      return [...random.subarray(0, length)].map((byte) => LETTERS.charAt(byte & 31)).join('');
    case 'N':
      return (BigInt(`0x${hex}`) % 10n ** BigInt(length)).toString().padStart(length, '0');
  }
}

import { type Factor, isKnowledge } from '../identity/factors.ts';
import type { Concatenated } from './authentication.ts';
import {
  type Credentials,
  isLookupCode,
  normaliseCode,
  normalisePassword,
  PASSWORD_MAX,
  readLookupCode,
} from './code.ts';

/** Lengths of codes that are tried for a login that has no authenticator, or does not exist. */
const USUAL_LENGTHS: readonly number[] = [6];

/**
 * The ways to read one field as a knowledge factor and a code whose length is one of `lengths`, the shorter code first.
 * A look-up code is seen only where a space, comma or the like stands between it and the other part. An empty list: it
 * cannot be read in any way.
 */
export function splitConcatenated({ text, order }: Concatenated, lengths: readonly number[]): readonly Credentials[] {
  const [first, second] = order.split('+');
  const knowledge: Factor = first === 'pw' || second === 'pw' ? 'pw' : 'pin';
  const codeFirst = first === 'otp';
  const whole = text.normalize('NFKC');
  if (whole.length > PASSWORD_MAX + 16) return [];
  const lookup = splitLookup(whole, codeFirst);
  if (lookup !== undefined) return fitting([{ ...knowledgeOf(knowledge, lookup.rest), otp: lookup.code }]);
  const line = knowledge === 'pin' ? normaliseCode(whole.replaceAll(',', '')) : whole;
  const tried = [...new Set(lengths.length > 0 ? lengths : USUAL_LENGTHS)].toSorted((a, b) => a - b);
  return fitting(
    tried.map((length) => {
      const at = codeFirst ? length : line.length - length;
      const [head, tail] = [line.slice(0, Math.max(0, at)), line.slice(Math.max(0, at))];
      return { ...knowledgeOf(knowledge, codeFirst ? tail : head), otp: codeFirst ? head : tail };
    }),
    tried,
  );
}

/** The factors one field of this order holds. */
export const factorsOf = (order: Concatenated['order']): readonly Factor[] => order.split('+') as Factor[];

/** The knowledge factors that have to come with the first step and did not. */
export const missingKnowledge = (
  need: readonly Factor[],
  credentials: Credentials,
  order: Concatenated['order'] | undefined,
): readonly Factor[] =>
  need.filter(
    (factor) =>
      isKnowledge(factor) &&
      credentials[factor] === undefined &&
      (order === undefined || !factorsOf(order).includes(factor)),
  );

const knowledgeOf = (factor: Factor, typed: string): Credentials => ({
  [factor]: factor === 'pw' ? normalisePassword(typed) : normaliseCode(typed),
});

/** Only what has the form of both parts: a PIN of four to eight digits, a password, a code of digits. */
const fitting = (splits: readonly Credentials[], lengths?: readonly number[]): readonly Credentials[] =>
  splits.filter(({ pw, pin, otp = '' }) => {
    if (!isLookupCode(otp) && !(/^[0-9]+$/.test(otp) && lengths?.includes(otp.length))) return false;
    return pin === undefined ? pw !== '' && (pw ?? '').length <= PASSWORD_MAX : /^[0-9]{4,8}$/.test(pin);
  });

const LOOKUP_LAST = /^(.*?)[\s,;:/|]+([0-9A-Za-z]{4}[\s-]?[0-9A-Za-z]{4})$/su;
const LOOKUP_FIRST = /^([0-9A-Za-z]{4}[\s-]?[0-9A-Za-z]{4})[\s,;:/|]+(.*)$/su;

function splitLookup(text: string, first: boolean): { readonly rest: string; readonly code: string } | undefined {
  const found = (first ? LOOKUP_FIRST : LOOKUP_LAST).exec(text);
  const code = readLookupCode(found?.[first ? 1 : 2] ?? '');
  const rest = found?.[first ? 2 : 1];
  return code === undefined || rest === undefined ? undefined : { rest, code };
}

import { encodeBits } from './alphabet.ts';

/** Crockford base32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID: 48 bits of milliseconds and 80 random bits, as 26 characters that sort by time. */
export function encodeUlid(at: number, random: Uint8Array): string {
  let text = '';
  let time = at;
  for (let index = 0; index < 10; index++) {
    text = ALPHABET.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  return text + encodeBits(random.subarray(0, 10), ALPHABET, 5);
}

/** The short number of a request that people read out: the last eight characters of its ULID, `K7QF-2M9D`. */
export const requestNumber = (ulid: string): string => `${ulid.slice(-8, -4)}-${ulid.slice(-4)}`;

/**
 * What somebody typed as a request number, as the eight characters it stands for; undefined if it cannot be one.
 * Lower case, a missing hyphen and the look-alikes O, I and L are accepted (Crockford base32).
 */
export function readRequestNumber(typed: string): string | undefined {
  const folded = typed.normalize('NFKC').toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(folded) ? folded : undefined;
}

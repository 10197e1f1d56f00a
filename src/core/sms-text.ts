/** Octets of one Korean text message with its code, with room left for the `[Web발신]` line that carriers put in front. */
export const LOGIN_BYTES = 80;

/** Octets of one Korean text message. Longer ones become costlier long messages. */
export const PAYMENT_BYTES = 90;

/** Octets of a text in EUC-KR (KS X 1001): one for ASCII, two for everything else. */
export function eucKrBytes(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += character < '\u0080' ? 1 : 2;
  return bytes;
}

/** What can be left out of a message, in the order in which it goes when there is no room. */
export type SmsParts = {
  /** Who sends it; shortened from its end, to nothing if need be. */
  readonly brand: string;
  /** The message itself. Never shortened. */
  readonly body: string;
  /** Line that binds the code to a host, for browsers that fill it in; the empty string for none. */
  readonly bound: string;
};

/** A brand is kept down to this many octets before the bound line goes. */
const LEAST_BRAND = 8;

/**
 * A message of at most `limit` octets in EUC-KR as far as that can be done without touching its body: the brand is
 * shortened first, then the line for browsers goes. A code is never cut.
 */
export function fitSms({ brand, body, bound }: SmsParts, limit: number): string {
  const name = plainText(brand);
  const whole = (prefix: string, tail: string): string =>
    `${prefix === '' ? '' : `[${prefix}] `}${body}${tail === '' ? '' : `\n${tail}`}`;
  const room = (tail: string): number => limit - eucKrBytes(whole('', tail)) - '[] '.length;
  const shortened = cut(name, room(bound));
  if (shortened === name || eucKrBytes(shortened) >= LEAST_BRAND) return whole(shortened, bound);
  return whole(cut(name, room('')), '');
}

/** Text of others as one line: no control, direction or line-breaking characters that could fake a line of ours. */
export const plainText = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[[\]@#]/g, '')
    .trim();

function cut(text: string, bytes: number): string {
  let kept = '';
  for (const character of text) {
    if (eucKrBytes(kept + character) > bytes) break;
    kept += character;
  }
  return kept.trim();
}

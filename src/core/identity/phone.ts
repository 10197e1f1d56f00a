/** Digits of a telephone number and a leading `+`, as it is dialled. The empty string for what is none. */
export function dialled(number: string): string {
  const bare = number.normalize('NFKC').replace(/[\s\-().\u2010-\u2015]/gu, '');
  return /^\+?[0-9]{7,15}$/.test(bare) ? bare : '';
}

/**
 * True if a number may be sent to: it is one, and begins as one of `prefixes` does (all may where there is none). A
 * number without a country is taken for a Korean one.
 */
export function isReachable(number: string, prefixes: readonly string[]): boolean {
  const bare = dialled(number);
  if (bare === '') return false;
  const whole = bare.startsWith('+') ? bare : `+82${bare.replace(/^0/, '')}`;
  return prefixes.length === 0 || prefixes.some((prefix) => whole.startsWith(prefix) || bare.startsWith(prefix));
}

/** A number as somebody who knows it recognises it, and nobody else: `010-****-5678`. */
export function maskNumber(number: string): string {
  const bare = dialled(number);
  const last = bare.slice(-4);
  const national = bare.replace(/^\+82/, '0');
  const mobile = /^(01[0-9])[0-9]{7,8}$/.exec(national)?.[1];
  return mobile === undefined ? `****${last}` : `${mobile}-****-${last}`;
}

import { encodeBits } from '../core/alphabet.ts';
import { type Account, foldLogin } from '../core/identity/account.ts';
import type { Instant, Milliseconds } from '../core/time.ts';
import { isLookupCode } from '../core/verification/code.ts';
import type { House, Random } from '../ports.ts';
import { lookupMac } from './evidence.ts';
import { auditEvent, type Origin } from './origin.ts';
import { findUser } from './users.ts';

type LookupPorts = Pick<House, 'clock' | 'random' | 'digests' | 'accounts' | 'lookups'>;

/** Recovery codes that one list holds at most. */
export const MOST_RECOVERY_CODES = 20;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 40 random bits in Crockford's base32, with at least one letter: never to be taken for an eight-digit OTP. */
function newCode(random: Random): string {
  for (;;) {
    const code = encodeBits(random.bytes(5), CROCKFORD, 5);
    if (isLookupCode(code)) return code;
  }
}

/** As people read and type it: `XXXX-XXXX`. */
const grouped = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;

/** Gives a person a new list of recovery codes. The old list is worth nothing any more; the new one is shown once. */
export async function createRecoveryCodes(
  house: LookupPorts,
  login: string,
  count: number,
  by: Origin,
): Promise<{ readonly kind: 'created'; readonly codes: readonly string[] } | { readonly kind: 'missing' }> {
  if (!Number.isInteger(count) || count < 1 || count > MOST_RECOVERY_CODES) throw new RangeError('1 to 20 codes');
  const account = await findUser(house, login);
  if (account === undefined) return { kind: 'missing' };
  const codes = new Set<string>();
  while (codes.size < count) codes.add(newCode(house.random));
  const macs = [...codes].map((code) => lookupMac(house.digests, account.id, code));
  const event = auditEvent('recovery.created', house.clock.now(), by, { login: folded(account), detail: { count } });
  await house.lookups.replaceRecovery(account.id, macs, event);
  return { kind: 'created', codes: [...codes].map(grouped) };
}

/** Gives a person one code that counts as an OTP once, for a time. An older unused one is worth nothing any more. */
export async function createTemporaryCode(
  house: LookupPorts,
  login: string,
  { validFor }: { readonly validFor: Milliseconds },
  by: Origin,
): Promise<
  { readonly kind: 'created'; readonly code: string; readonly expiresAt: Instant } | { readonly kind: 'missing' }
> {
  const account = await findUser(house, login);
  if (account === undefined) return { kind: 'missing' };
  const now = house.clock.now();
  const code = newCode(house.random);
  const expiresAt = now + validFor;
  const event = auditEvent('temporary.created', now, by, { login: folded(account), detail: { expiresAt } });
  await house.lookups.addTemporary(account.id, lookupMac(house.digests, account.id, code), expiresAt, event);
  return { kind: 'created', code: grouped(code), expiresAt };
}

const folded = ({ login }: Account): string => foldLogin(login) ?? '';

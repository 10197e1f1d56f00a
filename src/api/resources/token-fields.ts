import { z } from 'zod';
import { decodeBase32 } from '../../core/enrolment/base32.ts';
import { IMPORTED_SEED_BYTES } from '../../core/enrolment/token-row.ts';
import type { Account, Authenticator } from '../../core/identity/account.ts';
import type { House } from '../../ports.ts';
import { badRequest } from '../input.ts';
import { login, notFound } from './fields.ts';
import { personOf } from './people.ts';

/** The address of one token. */
export const tokenPath = z.strictObject({ id: z.string().max(128) });

/** Whose it has to be: what acts for one person names the person, and no other's token is touched. */
export const tokenOwner = z.strictObject({
  user: login.optional().meta({ description: 'Only if it is a token of this person' }),
});

export const tokenMissing = { 404: { description: 'There is no such token' } };

/** The token an address names, with its owner; 404 where there is none or where it is not of the person asked for. */
export async function tokenOf(
  house: Pick<House, 'authenticators' | 'accounts'>,
  id: string,
  of: { readonly user?: string | undefined },
): Promise<{ readonly token: Authenticator; readonly owner: Account }> {
  const token = await house.authenticators.find(id);
  const owner = token === undefined ? undefined : await house.accounts.find(token.accountId);
  if (token === undefined || owner === undefined) throw notFound('token');
  if (of.user !== undefined && (await personOf(house, of.user)).id !== owner.id) throw notFound('token');
  return { token, owner };
}

/** Login of a token's owner. */
export const ownerLogin = async (house: Pick<House, 'accounts'>, token: Authenticator): Promise<string> =>
  (await house.accounts.find(token.accountId))?.login ?? '';

/** Bytes of a secret as it is written on a token's delivery note. Throws 400; the value is not repeated. */
export function readSecret(text: string, format: 'base32' | 'hex'): Uint8Array {
  const bare = text.replace(/[\s:-]/g, '');
  const isHex = /^(?:[0-9a-f]{2})+$/i.test(bare);
  const seed = format === 'base32' ? decodeBase32(text) : isHex ? Uint8Array.from(Buffer.from(bare, 'hex')) : undefined;
  if (seed === undefined) throw badRequest({ path: 'secret', message: `not ${format}` });
  const { most } = IMPORTED_SEED_BYTES;
  if (seed.length > most) throw badRequest({ path: 'secret', message: `at most ${most} bytes` });
  return seed;
}

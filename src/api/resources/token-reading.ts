import { z } from 'zod';
import type { Authenticator } from '../../core/identity/account.ts';
import type { House, PageOf } from '../../ports.ts';
import { answerPage } from '../cursor.ts';
import { type Operation, operation } from '../operation.ts';
import { tokenSchema, tokenView } from '../views.ts';
import { given, login, pageOf, pageQuery } from './fields.ts';
import { personOf } from './people.ts';
import { ownerLogin, tokenMissing, tokenOf, tokenOwner, tokenPath } from './token-fields.ts';

const tag = 'tokens';

const listTokens = operation({
  id: 'listTokens',
  method: 'get',
  path: '/tokens',
  scopes: ['tokens:read'],
  tag,
  summary: 'OTP tokens, of everybody or of one person',
  querySchema: z.strictObject({
    ...pageQuery,
    user: login.optional(),
    kind: z.enum(['totp', 'hotp', 'server', 'ocra']).optional(),
    status: z.enum(['active', 'suspended', 'revoked']).optional(),
    serial: z.string().max(64).optional().meta({ description: 'Exactly this serial number' }),
  }),
  answers: {
    200: { description: 'One page', schema: pageOf(tokenSchema) },
    404: { description: 'There is no such user' },
  },
  handle: async ({ parts: { house }, query: { user, kind, status, serial, ...asked } }) => {
    const accountId = user === undefined ? undefined : (await personOf(house, user)).id;
    const wanted = given({ accountId, kind, status });
    const list = `tokens ${JSON.stringify([accountId, kind, status, serial].map((each) => each ?? null))}`;
    const read = (after: string | undefined, limit: number) =>
      serial === undefined ? house.authenticators.page({ ...wanted, after, limit }) : oneOf(house, serial, wanted);
    const owners = new Map<string, string>();
    return answerPage(house.digests, list, asked, read, async (token) => {
      const owner = owners.get(token.accountId) ?? (await ownerLogin(house, token));
      owners.set(token.accountId, owner);
      return tokenView(token, owner);
    });
  },
});

type Wanted = Partial<Pick<Authenticator, 'accountId' | 'kind' | 'status'>>;

/** The token with this serial number, as a page, if it is one that is wanted. */
async function oneOf(
  { authenticators }: Pick<House, 'authenticators'>,
  serial: string,
  { accountId, kind, status }: Wanted,
): Promise<PageOf<Authenticator>> {
  const found = serial === '' ? undefined : await authenticators.findBySerial(serial);
  const isWanted =
    found !== undefined &&
    found.accountId === (accountId ?? found.accountId) &&
    found.kind === (kind ?? found.kind) &&
    found.status === (status ?? found.status);
  return { items: isWanted ? [found] : [], next: undefined };
}

const getToken = operation({
  id: 'getToken',
  method: 'get',
  path: '/tokens/{id}',
  scopes: ['tokens:read'],
  tag,
  summary: 'One token',
  pathSchema: tokenPath,
  querySchema: tokenOwner,
  answers: { 200: { description: 'The token', schema: tokenSchema }, ...tokenMissing },
  handle: async ({ parts: { house }, path: { id }, query }) => {
    const { token, owner } = await tokenOf(house, id, query);
    return { status: 200, body: tokenView(token, owner.login) };
  },
});

/** OTP tokens, seen. Their secrets are not. */
export const tokenReadOperations: readonly Operation[] = [listTokens, getToken];

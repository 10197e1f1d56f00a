import { z } from 'zod';
import type { Authenticator } from '../../core/identity/account.ts';
import { deleteToken, enrolToken, relabelToken, setTokenStatus } from '../../flows/tokens.ts';
import { badRequest } from '../input.ts';
import { type Operation, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import { tokenSchema, tokenView } from '../views.ts';
import { given, KEPT, line, login, notFound } from './fields.ts';
import { personOf } from './people.ts';
import { readSecret, tokenMissing, tokenOf, tokenOwner, tokenPath } from './token-fields.ts';
import { tokenReadOperations } from './token-reading.ts';

const tag = 'tokens';
const tokenAnswer = { description: 'The token', schema: tokenSchema };

/** Longest label, in UTF-16 units. */
const LABEL_MAX = 128;

const newToken = z.strictObject({
  user: login,
  kind: z.enum(['totp', 'hotp', 'server', 'ocra']),
  label: line.max(LABEL_MAX).optional(),
  serial: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, 'visible ASCII characters, 64 at most')
    .optional(),
  algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']).optional(),
  digits: z.union([z.literal(6), z.literal(8)]).optional(),
  period: z
    .union([z.literal(30), z.literal(60)])
    .optional()
    .meta({ description: 'Seconds; for totp' }),
  suite: z.string().max(64).optional().meta({ description: 'OCRA suite (RFC 6287 §6); for ocra' }),
  secret: z.string().min(1).max(256).optional().meta({
    description: 'Of a token that exists already: base32, or hexadecimal with `secret_format`. Absent: one is made.',
    writeOnly: true,
  }),
  secret_format: z.enum(['base32', 'hex']).default('base32'),
});

/** A setting that the kind does not have is refused: whoever sends it expects it to count. */
function refuseStrays({ kind, suite, algorithm, digits, period }: z.output<typeof newToken>): void {
  if (period !== undefined && kind !== 'totp') throw badRequest({ path: 'period', message: 'is for totp' });
  if (suite !== undefined && kind !== 'ocra') throw badRequest({ path: 'suite', message: 'is for ocra' });
  if (digits !== undefined && kind === 'ocra') throw badRequest({ path: 'digits', message: 'the suite says them' });
  const hasHash = kind === 'totp' || kind === 'hotp';
  if (algorithm !== undefined && !hasHash) throw badRequest({ path: 'algorithm', message: 'is for totp and hotp' });
}

const createToken = operation({
  id: 'createToken',
  method: 'post',
  path: '/tokens',
  scopes: ['tokens:write'],
  tag,
  summary: 'Gives a person a token that is active at once',
  description: 'This answer alone holds the secret; no call tells it again.',
  bodySchema: newToken,
  idempotentFor: KEPT,
  answers: {
    201: {
      description: 'The token and its secret',
      schema: z.object({
        token: tokenSchema,
        secret: z.string().meta({ description: 'base32' }),
        otpauth: z
          .string()
          .nullable()
          .meta({ description: 'Address an authenticator app reads; null for server and ocra' }),
      }),
    },
    404: { description: 'There is no such user' },
    409: { description: 'A token with this serial number exists' },
  },
  handle: async ({ parts: { house }, policy, body, by }) => {
    const { user, secret, secret_format: format, ...rest } = body;
    refuseStrays(body);
    const { login: owner } = await personOf(house, user);
    const seed = secret === undefined ? undefined : readSecret(secret, format);
    const enrolled = await enrolToken(
      house,
      policy,
      { ...given({ ...rest, seed }), login: owner, kind: body.kind },
      by,
    );
    switch (enrolled.kind) {
      case 'enrolled':
        return {
          status: 201,
          body: {
            token: tokenView(enrolled.authenticator, owner),
            secret: enrolled.secret,
            otpauth: enrolled.uri ?? null,
          },
        };
      case 'missing':
        throw notFound('user');
      case 'exists':
        throw problem('exists', 'a token with this serial number exists already');
      case 'seed-too-short':
        throw badRequest({ path: 'secret', message: 'at least 16 bytes (RFC 4226 R6)' });
      case 'bad-suite':
        throw badRequest({
          path: 'suite',
          message: 'not a suite that is kept here: no PIN, no session, 6 or 8 digits',
        });
    }
  },
});

const changeToken = operation({
  id: 'changeToken',
  method: 'patch',
  path: '/tokens/{id}',
  scopes: ['tokens:write'],
  tag,
  summary: 'Changes the label of a token',
  pathSchema: tokenPath,
  querySchema: tokenOwner,
  bodySchema: z.strictObject({ label: line.max(LABEL_MAX) }),
  idempotentFor: KEPT,
  answers: { 200: tokenAnswer, ...tokenMissing },
  handle: async ({ parts: { house }, path: { id }, query, body, by }) => {
    const { token, owner } = await tokenOf(house, id, query);
    const outcome = await relabelToken(house, token.id, body.label, by);
    if (outcome === 'missing') throw notFound('token');
    if (outcome === 'unreadable') throw badRequest({ path: 'label', message: 'one line of text' });
    return { status: 200, body: tokenView({ ...token, label: body.label }, owner.login) };
  },
});

const removeToken = operation({
  id: 'deleteToken',
  method: 'delete',
  path: '/tokens/{id}',
  scopes: ['tokens:write'],
  tag,
  summary: 'Deletes a token and its secret',
  pathSchema: tokenPath,
  querySchema: tokenOwner,
  answers: { 204: { description: 'Deleted' }, ...tokenMissing },
  handle: async ({ parts: { house }, path: { id }, query, by }) => {
    const { token } = await tokenOf(house, id, query);
    if ((await deleteToken(house, token.id, by)) === 'missing') throw notFound('token');
    return { status: 204 };
  },
});

const setStatus = (verb: 'suspend' | 'resume' | 'revoke', status: Authenticator['status'], summary: string) =>
  operation({
    id: `${verb}Token`,
    method: 'post',
    path: `/tokens/{id}:${verb}`,
    scopes: ['tokens:write'],
    tag,
    summary,
    pathSchema: tokenPath,
    querySchema: tokenOwner,
    idempotentFor: KEPT,
    answers: { 200: tokenAnswer, 409: { description: 'It was revoked before' }, ...tokenMissing },
    handle: async ({ parts: { house }, path: { id }, query, by }) => {
      const { token, owner } = await tokenOf(house, id, query);
      const outcome = await setTokenStatus(house, token.id, status, by);
      if (outcome === 'missing') throw notFound('token');
      if (outcome === 'revoked-before') throw problem('conflict', 'the token was revoked and never comes back');
      return { status: 200, body: tokenView({ ...token, status }, owner.login) };
    },
  });

/** OTP tokens: given, seen, named, suspended, revoked, deleted. */
export const tokenOperations: readonly Operation[] = [
  ...tokenReadOperations,
  createToken,
  changeToken,
  removeToken,
  setStatus('suspend', 'suspended', 'Suspends a token: its codes count nowhere'),
  setStatus('resume', 'active', 'Takes a suspension back'),
  setStatus('revoke', 'revoked', 'Revokes a token for good'),
];

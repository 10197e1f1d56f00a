import { z } from 'zod';
import { reasonDetailOf } from '../../core/verification/rejection.ts';
import { issueServerCode } from '../../flows/server-codes.ts';
import { resyncToken, testToken } from '../../flows/tokens.ts';
import { badRequest } from '../input.ts';
import { type Operation, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import { seconds, tokenSchema, tokenView } from '../views.ts';
import { KEPT, notFound } from './fields.ts';
import { tokenMissing, tokenOf, tokenOwner, tokenPath } from './token-fields.ts';

const tag = 'tokens';
const code = z.string().min(1).max(64);
const NOT_A_CODE = 'not a code: digits, as many as the token shows';

const resync = operation({
  id: 'resyncToken',
  method: 'post',
  path: '/tokens/{id}:resync',
  scopes: ['tokens:write'],
  tag,
  summary: 'Brings a token back in step by two codes in a row',
  description: 'Both codes are spent. Nothing that was spent is ever reopened.',
  pathSchema: tokenPath,
  querySchema: tokenOwner,
  bodySchema: z.strictObject({ otp1: code, otp2: code }),
  idempotentFor: KEPT,
  answers: {
    200: { description: 'In step again', schema: tokenSchema },
    409: { description: '`reason`: not_found, spent, too_far, conflict or revoked' },
    ...tokenMissing,
  },
  handle: async ({ parts: { house }, path: { id }, query, body, by }) => {
    const { token, owner } = await tokenOf(house, id, query);
    const outcome = await resyncToken(house, token.id, [body.otp1, body.otp2], by);
    switch (outcome.kind) {
      case 'found':
        return { status: 200, body: tokenView({ ...token, drift: outcome.drift }, owner.login) };
      case 'malformed':
        throw badRequest({ path: 'otp1', message: NOT_A_CODE });
      case 'missing':
        throw problem('conflict', 'the token is revoked', { reason: 'revoked' });
      case 'not-found':
        throw problem('conflict', 'these are not two codes in a row of this token', { reason: 'not_found' });
      case 'spent':
        throw problem('conflict', 'the codes are spent; wait for the next two', { reason: 'spent' });
      case 'too-far':
        throw problem('conflict', 'the clock of the token is too far off', { reason: 'too_far' });
      case 'conflict':
        throw problem('conflict', 'the token was used meanwhile', { reason: 'conflict' });
    }
  },
});

const test = operation({
  id: 'testToken',
  method: 'post',
  path: '/tokens/{id}:test',
  scopes: ['tokens:write'],
  tag,
  summary: 'Verifies a code of the owner as a sign-in does, and spends it',
  description: 'Opens nothing. A wrong one counts as an attempt. `token` is the one of the owner that showed the code.',
  pathSchema: tokenPath,
  querySchema: tokenOwner,
  bodySchema: z.strictObject({ otp: code }),
  idempotentFor: KEPT,
  answers: {
    200: {
      description: 'What became of the code',
      schema: z.union([
        z.object({ result: z.literal('accept'), token: z.string() }),
        z.object({ result: z.literal('reject'), reason: z.string(), retry_after: z.int().optional() }),
      ]),
    },
    ...tokenMissing,
  },
  handle: async ({ parts: { house }, policy, path: { id }, query, body, by, now }) => {
    const { owner } = await tokenOf(house, id, query);
    const outcome = await testToken(house, policy, owner.login, body.otp, by);
    switch (outcome.kind) {
      case 'accepted':
        return { status: 200, body: { result: 'accept', token: outcome.authenticator } };
      case 'rejected':
        return { status: 200, body: { result: 'reject', reason: reasonDetailOf(outcome.reason) } };
      case 'locked': {
        const wait = Math.max(1, Math.ceil((outcome.until - now) / 1000));
        return { status: 200, body: { result: 'reject', reason: 'locked', retry_after: wait } };
      }
      case 'malformed':
        throw badRequest({ path: 'otp', message: NOT_A_CODE });
    }
  },
});

const issue = operation({
  id: 'issueServerCode',
  method: 'post',
  path: '/tokens/{id}:issue',
  scopes: ['tokens:issue'],
  tag,
  summary: 'Begins the next server-synchronised code of a token',
  description:
    'What the device needs to compute the code it shows; the code itself is nowhere in it. Every older code of the token is dead.',
  pathSchema: tokenPath,
  querySchema: tokenOwner,
  bodySchema: z
    .strictObject({
      context: z.string().max(1024).optional().meta({ description: 'What the code is for; part of what is computed' }),
      transaction: z
        .string()
        .max(128)
        .optional()
        .meta({ description: 'The only verification under way it counts for' }),
    })
    .prefault({}),
  answers: {
    201: {
      description: 'The code that lives now',
      schema: z.object({
        counter: z.int(),
        nonce: z.string().meta({ description: '32 bytes in hexadecimal' }),
        context_hash: z.string().meta({ description: 'SHA-256 in hexadecimal; empty without a context' }),
        expires_at: z.int(),
        server_time: z.int(),
      }),
    },
    429: { description: 'Too many codes in a minute' },
    ...tokenMissing,
  },
  handle: async ({ parts: { house }, policy, path: { id }, query, body, by, now }) => {
    const { token } = await tokenOf(house, id, query);
    const bound = body.transaction === undefined ? {} : { boundTo: body.transaction };
    const context = body.context === undefined ? {} : { context: body.context };
    const issued = await issueServerCode(house, policy, { authenticatorId: token.id, ...context, ...bound }, by);
    if (issued.kind === 'missing') throw notFound('token');
    if (issued.kind === 'limited') throw problem('rate_limited', 'too many codes in a minute', { retry_after: 60 });
    const { counter, nonce, contextHash, expiresAt } = issued.live;
    return {
      status: 201,
      body: {
        counter,
        nonce: Buffer.from(nonce).toString('hex'),
        context_hash: contextHash,
        expires_at: seconds(expiresAt),
        server_time: seconds(now),
      },
    };
  },
});

/** What a token is asked for: to be brought in step, to be tried, to show the next code. */
export const tokenActOperations: readonly Operation[] = [resync, test, issue];

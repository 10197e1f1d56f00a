import { z } from 'zod';
import { DAY, HOUR, SECOND } from '../../core/time.ts';
import { createRecoveryCodes, createTemporaryCode } from '../../flows/lookup-codes.ts';
import { type Operation, operation } from '../operation.ts';
import { seconds } from '../views.ts';
import { KEPT, notFound } from './fields.ts';
import { personOf } from './people.ts';

const path = z.strictObject({ user: z.string().max(256).meta({ description: 'Login, or identifier' }) });
const missing = { 404: { description: 'There is no such user' } };

/** Codes on a list, typed in the place of an OTP. They are answered once and stored as digests. */
export const userCodeOperations: readonly Operation[] = [
  operation({
    id: 'createTemporaryCode',
    method: 'post',
    path: '/users/{user}:temporary-code',
    scopes: ['users:write'],
    tag: 'users',
    summary: 'A code for one sign-in of somebody whose device is not at hand',
    description: 'An older unused one dies. The code is answered once.',
    pathSchema: path,
    bodySchema: z
      .strictObject({
        valid_for: z
          .int()
          .min(60)
          .max((7 * DAY) / SECOND)
          .default(HOUR / SECOND)
          .meta({ description: 'Seconds, a week at most' }),
      })
      .prefault({}),
    idempotentFor: KEPT,
    answers: {
      201: { description: 'The code', schema: z.object({ code: z.string(), expires_at: z.int() }) },
      ...missing,
    },
    handle: async ({ parts: { house }, path: { user }, body, by }) => {
      const { login } = await personOf(house, user);
      const created = await createTemporaryCode(house, login, { validFor: body.valid_for * SECOND }, by);
      if (created.kind === 'missing') throw notFound('user');
      return { status: 201, body: { code: created.code, expires_at: seconds(created.expiresAt) } };
    },
  }),
  operation({
    id: 'createRecoveryCodes',
    method: 'post',
    path: '/users/{user}:recovery-codes',
    scopes: ['users:write'],
    tag: 'users',
    summary: 'A new list of recovery codes; the old list ends',
    description: 'Each code counts once. The list is answered once.',
    pathSchema: path,
    bodySchema: z.strictObject({ count: z.int().min(1).max(20).default(10) }).prefault({}),
    idempotentFor: KEPT,
    answers: {
      201: { description: 'The codes', schema: z.object({ codes: z.array(z.string()) }) },
      ...missing,
    },
    handle: async ({ parts: { house }, path: { user }, body, by }) => {
      const { login } = await personOf(house, user);
      const created = await createRecoveryCodes(house, login, body.count, by);
      if (created.kind === 'missing') throw notFound('user');
      return { status: 201, body: { codes: [...created.codes] } };
    },
  }),
];

import { z } from 'zod';
import { endSignIns } from '../../flows/sign-out.ts';
import type { SignInSummary } from '../../ports.ts';
import { answerPage } from '../cursor.ts';
import { type ApiParts, type Operation, operation } from '../operation.ts';
import { sessionSchema, sessionView } from '../views.ts';
import { given, login, notFound, pageOf, pageQuery } from './fields.ts';
import { personOf } from './people.ts';

const tag = 'sessions';
const path = z.strictObject({ id: z.string().max(128) });
const owner = z.strictObject({
  user: login.optional().meta({ description: 'Only if it is a sign-in of this person' }),
});
const missing = { 404: { description: 'There is no such sign-in' } };

/** The live sign-in an address names, of the person the query names, if it names one; 404 otherwise. */
async function signInOf(
  { house }: ApiParts,
  id: string,
  of: { readonly user?: string | undefined },
  now: number,
): Promise<SignInSummary> {
  const found = await house.sessions.findLive(id, now);
  const mayBe =
    found !== undefined && (of.user === undefined || (await personOf(house, of.user)).id === found.accountId);
  if (!mayBe) throw notFound('session');
  return found;
}

/** Sign-ins of the web: seen and ended. They are made at the gateway only. */
export const sessionOperations: readonly Operation[] = [
  operation({
    id: 'listSessions',
    method: 'get',
    path: '/sessions',
    scopes: ['sessions:read'],
    tag,
    summary: 'Live sign-ins',
    querySchema: z.strictObject({ ...pageQuery, user: login.optional() }),
    answers: { 200: { description: 'One page', schema: pageOf(sessionSchema) }, 404: { description: 'No such user' } },
    handle: async ({ parts: { house }, query, now }) => {
      const accountId = query.user === undefined ? undefined : (await personOf(house, query.user)).id;
      const read = (after: string | undefined, limit: number) =>
        house.sessions.page({ after, limit, ...given({ accountId }) }, now);
      return answerPage(house.digests, `sessions ${accountId ?? ''}`, query, read, sessionView);
    },
  }),
  operation({
    id: 'getSession',
    method: 'get',
    path: '/sessions/{id}',
    scopes: ['sessions:read'],
    tag,
    summary: 'One live sign-in',
    pathSchema: path,
    querySchema: owner,
    answers: { 200: { description: 'The sign-in', schema: sessionSchema }, ...missing },
    handle: async ({ parts, path: { id }, query, now }) => ({
      status: 200,
      body: sessionView(await signInOf(parts, id, query, now)),
    }),
  }),
  operation({
    id: 'endSession',
    method: 'delete',
    path: '/sessions/{id}',
    scopes: ['sessions:write'],
    tag,
    summary: 'Ends one sign-in, on every host, within a second',
    pathSchema: path,
    querySchema: owner,
    answers: { 204: { description: 'Ended' }, ...missing },
    handle: async ({ parts, path: { id }, query, now, by }) => {
      const session = await signInOf(parts, id, query, now);
      const outcome = await endSignIns(parts.house, { id: session.id }, by);
      parts.live.forget(session.accountId);
      // Somebody was first: it ended between the two steps.
      if (outcome.kind === 'missing' || outcome.count === 0) throw notFound('session');
      return { status: 204 };
    },
  }),
  operation({
    id: 'endSessionsOf',
    method: 'delete',
    path: '/sessions',
    scopes: ['sessions:write'],
    tag,
    summary: 'Ends every sign-in of a person',
    querySchema: z.strictObject({ user: login }),
    answers: {
      200: { description: 'How many ended', schema: z.object({ ended: z.int() }) },
      404: { description: 'There is no such user' },
    },
    handle: async ({ parts, query, by }) => {
      const account = await personOf(parts.house, query.user);
      const outcome = await endSignIns(parts.house, { login: account.login }, by);
      parts.live.forget(account.id);
      if (outcome.kind === 'missing') throw notFound('user');
      return { status: 200, body: { ended: outcome.count } };
    },
  }),
];

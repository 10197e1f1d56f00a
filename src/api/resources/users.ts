import { z } from 'zod';
import { foldLogin } from '../../core/identity/account.ts';
import { addUser, deleteUser, resumeUser, setUser, suspendUser, unlockUser } from '../../flows/users.ts';
import { answerPage } from '../cursor.ts';
import { type Operation, operation } from '../operation.ts';
import { seconds, userSchema, userView } from '../views.ts';
import { given, KEPT, line, login, notFound, pageOf, pageQuery } from './fields.ts';
import { readUserFilter } from './filter.ts';
import { findPeople, personOf, refusedPerson } from './people.ts';

const tag = 'users';
const path = z.strictObject({ user: z.string().max(256).meta({ description: 'Login, or identifier' }) });

const filter = z
  .string()
  .max(2048)
  .transform((text, context) => {
    const read = readUserFilter(text);
    if (read.ok) return read.value;
    context.addIssue({ code: 'custom', message: `at character ${read.error.at + 1}: ${read.error.message}` });
    return z.NEVER;
  })
  .optional()
  .meta({
    description: 'SCIM syntax: `login eq|sw`, `name sw`, `group eq`, `status eq`, joined by `and`',
    override: { type: 'string' },
    example: 'group eq "staff" and status eq "active"',
  });

const person = {
  name: line.optional(),
  email: line.optional(),
  phone: line.optional(),
  groups: z.array(line).max(200).optional(),
  attributes: z.record(line.min(1).max(64), line).optional(),
  password: z.string().min(1).max(1024).optional().meta({ writeOnly: true }),
  pin: z.string().min(1).max(64).optional().meta({ writeOnly: true }),
};

const userAnswer = { description: 'The user', schema: userSchema };
const missing = { 404: { description: 'There is no such user' } };

const listUsers = operation({
  id: 'listUsers',
  method: 'get',
  path: '/users',
  scopes: ['users:read'],
  tag,
  summary: 'People in the order of their login',
  querySchema: z.strictObject({ ...pageQuery, filter }),
  answers: { 200: { description: 'One page', schema: pageOf(userSchema) } },
  handle: ({ parts: { house }, query }) => {
    const wanted = query.filter ?? {};
    const list = `users ${JSON.stringify(Object.entries(wanted).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    const read = (after: string | undefined, limit: number) => findPeople(house, wanted, after, limit);
    return answerPage(house.digests, list, query, read, userView);
  },
});

const getUser = operation({
  id: 'getUser',
  method: 'get',
  path: '/users/{user}',
  scopes: ['users:read'],
  tag,
  summary: 'One person, and whether the login is locked',
  pathSchema: path,
  answers: {
    200: { description: 'The user', schema: userSchema.extend({ locked_until: z.int().nullable() }) },
    ...missing,
  },
  handle: async ({ parts: { house }, path: { user }, now }) => {
    const account = await personOf(house, user);
    const until = await house.attempts.lockedUntil(foldLogin(account.login) ?? '', now);
    return { status: 200, body: { ...userView(account), locked_until: until === undefined ? null : seconds(until) } };
  },
});

const createUser = operation({
  id: 'createUser',
  method: 'post',
  path: '/users',
  scopes: ['users:write'],
  tag,
  summary: 'Adds a person',
  bodySchema: z.strictObject({ login, ...person }),
  idempotentFor: KEPT,
  answers: { 201: userAnswer, 409: { description: 'The login is taken' } },
  handle: async ({ parts: { house }, policy, body, by }) => {
    const outcome = await addUser(house, policy.users, { ...given(body), login: body.login }, by);
    if (outcome.kind === 'refused') throw refusedPerson(outcome.faults);
    return { status: 201, body: userView(outcome.account) };
  },
});

const changeUser = operation({
  id: 'changeUser',
  method: 'patch',
  path: '/users/{user}',
  scopes: ['users:write'],
  tag,
  summary: 'Changes a person',
  description:
    'What is absent stays. `groups` and `attributes` replace what was there. A new password or PIN ends every sign-in of the person.',
  pathSchema: path,
  bodySchema: z.strictObject({ login: login.optional(), ...person }),
  idempotentFor: KEPT,
  answers: { 200: userAnswer, 409: { description: 'The login is taken' }, ...missing },
  handle: async ({ parts, policy, path: { user }, body, by }) => {
    const account = await personOf(parts.house, user);
    const outcome = await setUser(parts.house, policy.users, account.login, given(body), by);
    parts.live.forget(account.id);
    if (outcome.kind === 'refused') throw refusedPerson(outcome.faults);
    if (outcome.kind === 'missing') throw notFound('user');
    return { status: 200, body: userView(await personOf(parts.house, account.id)) };
  },
});

const removeUser = operation({
  id: 'deleteUser',
  method: 'delete',
  path: '/users/{user}',
  scopes: ['users:write'],
  tag,
  summary: 'Deletes a person with tokens and sign-ins',
  description: 'The audit trail stays.',
  pathSchema: path,
  answers: { 204: { description: 'Deleted' }, ...missing },
  handle: async ({ parts, path: { user }, by }) => {
    const account = await personOf(parts.house, user);
    const outcome = await deleteUser(parts.house, account.login, by);
    parts.live.forget(account.id);
    if (outcome.kind === 'missing') throw notFound('user');
    return { status: 204 };
  },
});

/** An act on a person that takes nothing but the name. */
const act = (
  verb: 'suspend' | 'resume' | 'unlock',
  summary: string,
  flow: (...args: Parameters<typeof suspendUser>) => ReturnType<typeof suspendUser>,
): Operation =>
  operation({
    id: `${verb}User`,
    method: 'post',
    path: `/users/{user}:${verb}`,
    scopes: ['users:write'],
    tag,
    summary,
    pathSchema: path,
    idempotentFor: KEPT,
    answers: { 200: userAnswer, ...missing },
    handle: async ({ parts, path: { user }, by }) => {
      const account = await personOf(parts.house, user);
      const outcome = await flow(parts.house, account.login, by);
      parts.live.forget(account.id);
      if (outcome.kind === 'missing') throw notFound('user');
      return { status: 200, body: userView(await personOf(parts.house, account.id)) };
    },
  });

/** People: read, added, changed, suspended, unlocked, deleted. */
export const userOperations: readonly Operation[] = [
  listUsers,
  getUser,
  createUser,
  changeUser,
  removeUser,
  act('suspend', 'Suspends a person: every sign-in ends', suspendUser),
  act('resume', 'Takes a suspension back', resumeUser),
  act('unlock', 'Forgets every failed attempt of a person', unlockUser),
];

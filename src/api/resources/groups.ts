import { z } from 'zod';
import { answerPage } from '../cursor.ts';
import { type Operation, operation } from '../operation.ts';
import { pageOf, pageQuery } from './fields.ts';

const groupSchema = z.object({ name: z.string(), members: z.int().meta({ description: 'How many people have it' }) });

/** Groups are what people have; a group without people is none. */
export const groupOperations: readonly Operation[] = [
  operation({
    id: 'listGroups',
    method: 'get',
    path: '/groups',
    scopes: ['users:read'],
    tag: 'groups',
    summary: 'Groups in the order of their names, with how many people each has',
    description: 'The people of a group: `GET /users?filter=group eq "name"`.',
    querySchema: z.strictObject(pageQuery),
    answers: { 200: { description: 'One page', schema: pageOf(groupSchema) } },
    handle: ({ parts: { house }, query }) => {
      const read = (after: string | undefined, limit: number) => house.accounts.groups({ after, limit });
      return answerPage(house.digests, 'groups', query, read, ({ name, members }) => ({ name, members }));
    },
  }),
];

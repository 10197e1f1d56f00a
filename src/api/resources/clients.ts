import { z } from 'zod';
import { type Cidr, readCidr } from '../../core/access/cidr.ts';
import { type ApiClient, SCOPES } from '../../core/identity/api-client.ts';
import { DAY, type Instant, MINUTE, SECOND } from '../../core/time.ts';
import {
  addClient,
  type ClientRights,
  exceeds,
  isClientName,
  ROTATION_OVERLAP,
  revokeClient,
  rotateClient,
  sortedScopes,
} from '../../flows/clients.ts';
import { answerPage } from '../cursor.ts';
import { type Operation, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import { appField } from '../subject.ts';
import { seconds } from '../views.ts';
import { notFound, pageOf, pageQuery } from './fields.ts';

const scopeList = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);

const nameField = z
  .string()
  .refine(isClientName, 'letters, digits, _ . - and 64 characters at most')
  .meta({
    description: 'Stands in audit records and statistics',
    override: { type: 'string', minLength: 1, maxLength: 64 },
  });

const network = z
  .string()
  .max(64)
  .transform((text, context): Cidr => {
    const read = readCidr(text);
    if (read.ok) return read.value;
    context.addIssue({ code: 'custom', message: 'a network such as 10.0.0.0/8, without bits behind the prefix' });
    return z.NEVER;
  });

export const clientSchema = z
  .object({
    name: z.string(),
    key_id: z.string().meta({ description: 'Public part of the key' }),
    app: z.string().nullable().meta({ description: 'The only application it may verify for' }),
    scopes: z.array(z.enum(SCOPES)),
    networks: z.array(z.string()).meta({ description: 'Where it may be used from; empty = anywhere' }),
    status: z.enum(['active', 'revoked']),
    created_at: z.int(),
    expires_at: z.int().nullable(),
    last_used_at: z.int().nullable().meta({ description: 'To half a minute' }),
  })
  .meta({ id: 'Client' });

const issuedSchema = clientSchema.extend({
  key: z.string().meta({ description: 'The whole key. It is shown this once' }),
});

/** What is shown of a client: everything but the secret, which is not kept. */
export const clientView = (client: ApiClient): z.input<typeof clientSchema> => ({
  name: client.name,
  key_id: client.keyId,
  app: client.app === '' ? null : client.app,
  scopes: [...client.scopes],
  networks: client.networks.map(({ text }) => text),
  status: client.status,
  created_at: seconds(client.createdAt),
  expires_at: client.expiresAt === undefined ? null : seconds(client.expiresAt),
  last_used_at: client.lastUsedAt === undefined ? null : seconds(client.lastUsedAt),
});

const path = z.strictObject({ name: z.string().max(64) });

/** `/clients`: keys of the API. A key gives nobody more than it has itself. */
export const clientOperations: readonly Operation[] = [
  operation({
    id: 'listClients',
    method: 'get',
    path: '/clients',
    scopes: ['clients:read'],
    tag: 'Clients',
    summary: 'List API clients',
    querySchema: z.strictObject(pageQuery),
    answers: { 200: { description: 'Clients by name, one entry for each key', schema: pageOf(clientSchema) } },
    handle: ({ parts, query }) =>
      answerPage(
        parts.house.digests,
        'clients',
        query,
        (after, limit) => page(parts.house.clients, after, limit),
        clientView,
      ),
  }),
  operation({
    id: 'addClient',
    method: 'post',
    path: '/clients',
    scopes: ['clients:write'],
    tag: 'Clients',
    summary: 'Add an API client',
    bodySchema: z.strictObject({
      name: nameField,
      scopes: scopeList.default(['verify']),
      app: appField.optional(),
      networks: z.array(network).max(32).default([]),
      expires_in: z
        .int()
        .min(MINUTE / SECOND)
        .max((3650 * DAY) / SECOND)
        .optional()
        .meta({ description: 'Seconds; left out, it does not end' }),
    }),
    idempotentFor: 10 * MINUTE,
    answers: {
      201: { description: 'Added; the key is shown this once', schema: issuedSchema },
      409: { description: 'A client of this name exists' },
    },
    handle: async ({ parts, body, client, by, now }) => {
      const rights: ClientRights = {
        app: body.app ?? client.app,
        scopes: sortedScopes(body.scopes, SCOPES),
        networks: body.networks,
        expiresAt: body.expires_in === undefined ? undefined : now + body.expires_in * SECOND,
      };
      demandWithin(rights, client);
      const added = await addClient(parts.house, body.name, rights, by);
      if (added.kind === 'exists') throw problem('exists', 'a client of this name exists; rotate or revoke it');
      return { status: 201, body: { ...clientView(added.client), key: added.key } };
    },
  }),
  operation({
    id: 'rotateClient',
    method: 'post',
    path: '/clients/{name}:rotate',
    scopes: ['clients:write'],
    tag: 'Clients',
    summary: 'Give a client a new key',
    description: 'The present key is taken for `overlap` seconds more.',
    pathSchema: path,
    bodySchema: z
      .strictObject({
        overlap: z
          .int()
          .min(0)
          .max((30 * DAY) / SECOND)
          .default(ROTATION_OVERLAP / SECOND),
      })
      .default({ overlap: ROTATION_OVERLAP / SECOND }),
    idempotentFor: 10 * MINUTE,
    answers: {
      200: { description: 'The new key, shown this once', schema: issuedSchema },
      404: { description: 'There is no such client' },
    },
    handle: async ({ parts, path: { name }, body, client, by, now }) => {
      const present = (await parts.house.clients.list()).filter(
        (each) => each.name === name && each.status === 'active',
      );
      if (present.length === 0) throw notFound('client');
      for (const each of present) demandWithin({ ...each, expiresAt: renewedEnd(each, now) }, client);
      const rotated = await rotateClient(parts.house, name, body.overlap * SECOND, by);
      if (rotated.kind === 'missing') throw notFound('client');
      return { status: 200, body: { ...clientView(rotated.client), key: rotated.key } };
    },
  }),
  operation({
    id: 'revokeClient',
    method: 'post',
    path: '/clients/{name}:revoke',
    scopes: ['clients:write'],
    tag: 'Clients',
    summary: 'End every key of a client',
    pathSchema: path,
    idempotentFor: 10 * MINUTE,
    answers: { 204: { description: 'Ended, from this moment on' }, 404: { description: 'There is no such client' } },
    handle: async ({ parts, path: { name }, by }) => {
      if ((await revokeClient(parts.house, name, by)) === 'missing') throw notFound('client');
      return { status: 204 };
    },
  }),
];

/** A new key lives as long as the one before was meant to, from now on. */
const renewedEnd = ({ createdAt, expiresAt }: ApiClient, now: Instant): Instant | undefined =>
  expiresAt === undefined ? undefined : now + (expiresAt - createdAt);

function demandWithin(asked: ClientRights, granter: ApiClient): void {
  const excess = exceeds(asked, granter);
  if (excess !== undefined) throw problem('grant', `${excess}: beyond what the calling key has`);
}

/** Keys are few: the list is sorted here and cut. A key is placed by its name and its own identifier. */
async function page(
  clients: { list(): Promise<readonly ApiClient[]> },
  after: string | undefined,
  limit: number,
): Promise<{ items: readonly ApiClient[]; next: string | undefined }> {
  const placed = (await clients.list())
    .map((client) => ({ client, place: `${client.name} ${client.keyId}` }))
    .filter(({ place }) => after === undefined || place > after)
    .sort((left, right) => (left.place < right.place ? -1 : 1));
  const shown = placed.slice(0, limit);
  const next = placed.length > limit ? shown.at(-1)?.place : undefined;
  return { items: shown.map(({ client }) => client), next };
}

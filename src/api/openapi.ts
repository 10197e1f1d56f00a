import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Operation } from './operation.ts';
import { PROBLEMS } from './problems.ts';

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable, for programs' }),
    request: z.string().meta({ description: 'Number of the request, for `sumun explain --request`' }),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    retry_after: z.number().optional().meta({ description: 'Seconds' }),
  })
  .catchall(z.unknown())
  .meta({ id: 'Problem', description: 'Refusal (RFC 9457)' });

/** Refusals that any operation may give, by status. */
const ANYWHERE: Readonly<Record<number, string>> = {
  400: 'The request is not understood',
  401: 'No API key that counts',
  403: 'The key may not do this',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many calls',
  500: 'Something broke; no decision was made',
  503: 'Too busy, or unsafe to decide; no decision was made',
};

const refused = { content: { 'application/problem+json': { schema: problemSchema } } };

/** The same objects for every operation, so that the document says them once. */
const REFUSALS = Object.fromEntries(
  Object.entries(ANYWHERE).map(([status, description]) => [
    status,
    { id: `Problem${status}`, description, ...refused },
  ]),
);

/** The OpenAPI 3.1 document of these operations, made of the schemas that validate their requests. */
export function openApiDocument(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const each of operations) {
    paths[`/api/v1${each.path}`] = { ...paths[`/api/v1${each.path}`], [each.method]: operationObject(each) };
  }
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Sumun API',
        version,
        description:
          'One verifier for applications. Calls carry `Authorization: Bearer sk_<id>_<secret>`; times are Unix seconds; refusals are problem documents (RFC 9457) with a stable `code`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
      security: [{ apiKey: [] }],
      paths: paths as ZodOpenApiPathsObject,
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'sk_<id>_<secret>' } } },
    },
    { reused: 'inline' },
  );
}

function operationObject(each: Operation): ZodOpenApiOperationObject {
  const params = [...each.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const path = each.pathSchema ?? z.object(Object.fromEntries(params.map((name) => [name, z.string()])));
  const idempotencyKey = z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .optional()
    .meta({ description: 'A repetition of the call is answered the same and does nothing' });
  return {
    operationId: each.id,
    tags: [each.tag],
    summary: each.summary,
    description: [each.description, `Scope: ${each.scopes.map((scope) => `\`${scope}\``).join(' or ')}.`]
      .filter((part) => part !== undefined)
      .join('\n\n'),
    requestParams: {
      ...(params.length > 0 ? { path: path as z.ZodObject } : {}),
      ...(each.querySchema === undefined ? {} : { query: each.querySchema as z.ZodObject }),
      ...(each.idempotentFor === undefined ? {} : { header: z.object({ 'Idempotency-Key': idempotencyKey }) }),
    },
    ...(each.bodySchema === undefined
      ? {}
      : {
          requestBody: {
            required: !each.bodySchema.safeParse(undefined).success,
            content: { 'application/json': { schema: each.bodySchema } },
          },
        }),
    responses: responsesOf(each),
  };
}

function responsesOf(each: Operation): ZodOpenApiOperationObject['responses'] {
  const responses: Record<string, object> = { ...REFUSALS };
  if (each.path.includes('{')) responses['404'] = { description: PROBLEMS.not_found.title, ...refused };
  if (each.idempotentFor !== undefined) {
    responses['409'] = { description: 'The Idempotency-Key belongs to another call, or one under way', ...refused };
  }
  for (const [status, { description, schema, also }] of Object.entries(each.answers)) {
    if (Number(status) >= 400) responses[status] = { description, ...refused };
    else if (schema === undefined) responses[status] = { description };
    else {
      const second = also === undefined ? {} : { [also]: { schema: z.string() } };
      responses[status] = { description, content: { 'application/json': { schema }, ...second } };
    }
  }
  return responses as ZodOpenApiOperationObject['responses'];
}

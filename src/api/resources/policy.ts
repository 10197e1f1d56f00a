import { z } from 'zod';
import { FACTORS, type Factor } from '../../core/identity/factors.ts';
import { type ExplainedRequest, type ExplainFault, explainRecorded, explainRequest } from '../../flows/explain.ts';
import { badRequest } from '../input.ts';
import { type Operation, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import { given, login, momentText, notFound } from './fields.ts';
import { checkPolicyText } from './policy-check.ts';
import { policyView } from './policy-view.ts';

const tag = 'policy';
const record = z.record(z.string(), z.unknown());
const KILOBYTE = 1024;

const readPolicy = operation({
  id: 'readPolicy',
  method: 'get',
  path: '/policy',
  scopes: ['policy:read'],
  tag,
  summary: 'What the running configuration asks of whom',
  description: 'A summary without secrets. `digest` is the SHA-256 of the file, as log and audit name it.',
  answers: {
    200: { description: 'The summary', schema: z.looseObject({ digest: z.string(), routes: z.array(record) }) },
  },
  handle: async ({ policy }) => ({ status: 200, body: policyView(policy) }),
});

const checkSchema = z.object({
  ok: z.boolean(),
  errors: z.int(),
  warnings: z.int(),
  findings: z.array(
    z.object({
      severity: z.enum(['error', 'warning']),
      code: z.string(),
      line: z.int(),
      column: z.int(),
      end_line: z.int(),
      end_column: z.int(),
      path: z.string(),
      message: z.string(),
      fix: z.string().nullable(),
    }),
  ),
  tests: z.object({ total: z.int(), failed: z.int(), results: z.array(record) }),
});

const checkPolicy = operation({
  id: 'checkPolicy',
  method: 'post',
  path: '/policy:check',
  scopes: ['policy:read'],
  tag,
  summary: 'Every finding of a configuration, and the results of its own tests',
  description: 'Of the text alone: no file and no variable it names is looked at. Nothing is written.',
  bodySchema: z.strictObject({ text: z.string().max(512 * KILOBYTE) }),
  maxBody: 1024 * KILOBYTE,
  answers: { 200: { description: 'The findings', schema: checkSchema } },
  handle: async ({ body, language, now }) => ({ status: 200, body: checkPolicyText(body.text, language, now) }),
});

const FACTOR_NAMES = Object.keys(FACTORS) as [Factor, ...Factor[]]; // the keys of a constant, and it has some

const explainedSchema = z.looseObject({
  decision: z.enum(['allow', 'need', 'deny', 'redirect', 'respond', 'refuse']),
  status: z.int(),
  route: z.string().nullable(),
  need: z.array(z.string()),
  reason: z.string(),
  rule: z.object({ file: z.string(), line: z.int() }).nullable(),
  trace: z.array(record),
  headers: z.record(z.string(), z.string()),
});

const simulatePolicy = operation({
  id: 'simulatePolicy',
  method: 'post',
  path: '/policy:simulate',
  scopes: ['policy:read'],
  tag,
  summary: 'The decision for a request, and what every rule made of it',
  description:
    'Either `method` and `url`, or `request`, the number of a recorded one. Naming a user, or a recorded request, needs the scope users:read too. Nothing is written.',
  bodySchema: z.strictObject({
    method: z
      .string()
      .regex(/^[A-Za-z]{1,32}$/)
      .optional(),
    url: z.string().max(4096).optional(),
    user: login.optional(),
    ip: z.string().max(64).optional(),
    at: momentText.optional(),
    have: z.array(z.enum(FACTOR_NAMES)).max(8).optional(),
    request: z.string().max(32).optional(),
  }),
  answers: {
    200: { description: 'The decision', schema: explainedSchema },
    404: { description: 'There is no such user or recorded request' },
  },
  handle: async ({ parts: { house }, policy, client, body }) => {
    const { method, url, user, ip, at, have, request } = body;
    if ((user !== undefined || request !== undefined) && !client.scopes.includes('users:read')) {
      throw problem('scope', 'naming a person needs users:read', { scopes: ['users:read'] });
    }
    if (request !== undefined) return answerOf(await explainRecorded(policy, request, house));
    if (method === undefined || url === undefined)
      throw badRequest({ path: 'url', message: 'method and url, or request' });
    const asked = { method: method.toUpperCase(), url, ...given({ login: user, address: ip, at, have }) };
    return answerOf(await explainRequest(policy, asked, house));
  },
});

type Explained = Awaited<ReturnType<typeof explainRequest>>;

function answerOf(explained: Explained) {
  if (!explained.ok) throw faultProblem(explained.error);
  return { status: 200, body: explainedView(explained.value) };
}

const FIELDS = { 'bad-url': 'url', 'bad-address': 'ip', 'bad-number': 'request' } as const;

function faultProblem({ kind }: ExplainFault) {
  if (kind === 'unknown-user') return notFound('user');
  if (kind === 'unknown-request') return notFound('recorded request');
  return badRequest({ path: FIELDS[kind], message: 'cannot be read' });
}

/** The document `sumun explain --json` prints. */
const explainedView = (explained: ExplainedRequest) => ({
  decision: explained.decision,
  status: explained.status,
  route: explained.route?.name ?? null,
  need: [...explained.need],
  reason: explained.reason,
  rule: explained.place === undefined ? null : { file: explained.place.file, line: explained.place.line },
  trace: explained.trace.map(({ route, place, decided, criteria }) => ({
    route,
    rule: { file: place.file, line: place.line },
    decided,
    criteria,
  })),
  headers: explained.headers,
  ...given({ reported: explained.reported }),
  request: { ...explained.request, at: new Date(explained.request.at).toISOString() },
  ...(explained.recorded !== undefined && {
    recorded: {
      id: explained.recorded.id,
      status: explained.recorded.status,
      outcome: explained.recorded.outcome,
    },
  }),
});

/** The configuration: seen, checked and tried out. It is changed in its file. */
export const policyOperations: readonly Operation[] = [readPolicy, checkPolicy, simulatePolicy];

import { z } from 'zod';
import type { AuditRecord } from '../../core/audit.ts';
import { foldLogin } from '../../core/identity/account.ts';
import { answerPage } from '../cursor.ts';
import { type Operation, operation } from '../operation.ts';
import { given, login, momentText, pageOf, pageQuery } from './fields.ts';

const recordSchema = z.object({
  seq: z.int(),
  at: z.string().meta({ description: 'RFC 3339, with the milliseconds the hash covers' }),
  kind: z.string(),
  login: z.string().meta({ description: 'Folded login it is about, as submitted; empty for none' }),
  actor: z.string(),
  address: z.string(),
  route: z.string().meta({ description: 'Route, RADIUS client or application' }),
  request: z.string(),
  reason: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  prev_hash: z.string(),
  hash: z.string(),
});

const recordView = (record: AuditRecord): z.input<typeof recordSchema> => ({
  seq: record.seq,
  at: new Date(record.at).toISOString(),
  kind: record.kind,
  login: record.login,
  actor: record.actor,
  address: record.address,
  route: record.route,
  request: record.request,
  reason: record.reason,
  detail: record.detail,
  prev_hash: record.prevHash,
  hash: record.hash,
});

const filters = {
  user: login.transform((text) => foldLogin(text) ?? text).optional(),
  kind: z.string().max(64).optional().meta({ example: 'verification.rejected' }),
  request: z
    .string()
    .max(16)
    .transform((text) => text.toUpperCase())
    .optional()
    .meta({ description: 'Number of a request', override: { type: 'string', maxLength: 16 } }),
  from: momentText.optional(),
  to: momentText.optional(),
};

/** The audit trail: read and checked, never changed. */
export const auditOperations: readonly Operation[] = [
  operation({
    id: 'listAudit',
    method: 'get',
    path: '/audit',
    scopes: ['audit:read'],
    tag: 'audit',
    summary: 'The audit trail, newest first',
    querySchema: z.strictObject({ ...pageQuery, ...filters }),
    answers: { 200: { description: 'One page', schema: pageOf(recordSchema) } },
    handle: ({ parts: { house }, query }) => {
      const { user, kind, request, from, to } = query;
      const wanted = given({ login: user, kind, request, from, to });
      const read = (after: string | undefined, limit: number) => house.audit.page({ ...wanted, after, limit });
      const list = `audit ${JSON.stringify([user, kind, request, from, to].map((each) => each ?? null))}`;
      return answerPage(house.digests, list, query, read, recordView);
    },
  }),
  operation({
    id: 'verifyAudit',
    method: 'post',
    path: '/audit:verify',
    scopes: ['audit:read'],
    tag: 'audit',
    summary: 'Walks the whole chain and compares its end with the sealed head',
    answers: {
      200: {
        description: 'Whether every record is the one that was written',
        schema: z.union([
          z.object({ ok: z.literal(true), records: z.int() }),
          z.object({ ok: z.literal(false), seq: z.int(), problem: z.string() }),
        ]),
      },
    },
    handle: async ({ parts: { house } }) => ({ status: 200, body: await house.audit.verify() }),
  }),
];

import type SqliteDatabase from 'better-sqlite3';
import type { AuditEvent } from '../core/audit.ts';
import { MINUTE } from '../core/time.ts';
import { LIVE_CODE_TRIES, LIVE_CODES_PER_MINUTE, type LiveCode } from '../core/verification/challenge.ts';
import type { LiveCodeStore } from '../ports.ts';
import { newId, type StoreContext, transact } from './context.ts';
import type { LiveCodeTable } from './schema-otp.ts';

/** Server-synchronised codes: at most one live code for each authenticator. They are spent by a state change. */
export function createLiveCodes(context: StoreContext): LiveCodeStore {
  const { writer, reader } = context;
  const statements = prepareIssue(writer);
  const current = reader.prepare<[string, number], LiveCodeTable>(`
    SELECT live_code.* FROM authenticator INDEXED BY authenticator_account
    CROSS JOIN live_code ON live_code.authenticator_id = authenticator.id
    WHERE authenticator.account_id = ? AND authenticator.status = 'active'
      AND live_code.used_at IS NULL AND live_code.voided_at IS NULL AND live_code.expires_at > ?
    ORDER BY live_code.id`);
  const wrong = writer.prepare(`
    UPDATE live_code SET attempts = attempts + 1,
      voided_at = CASE WHEN attempts + 1 >= ${LIVE_CODE_TRIES} THEN :now END
    WHERE id = :id AND used_at IS NULL AND voided_at IS NULL`);
  return {
    issue: (authenticatorId, code, event) => issue(context, statements, { authenticatorId, ...code, event }),
    current: async (accountId, now) => current.all(accountId, now).map(liveCodeOf),
    countWrong: (ids, now) =>
      transact<void>(context, async () => {
        for (const id of ids) wrong.run({ id, now });
      }),
  };
}

type Issue = Parameters<LiveCodeStore['issue']>[1] & { readonly authenticatorId: string; readonly event: AuditEvent };

const prepareIssue = (writer: SqliteDatabase.Database) => ({
  recent: writer
    .prepare<[string, number], number>('SELECT count(*) FROM live_code WHERE authenticator_id = ? AND issued_at > ?')
    .pluck(),
  count: writer
    .prepare<[string], number>(`
      UPDATE authenticator SET moving_factor = moving_factor + 1
      WHERE id = ? AND kind = 'server' AND status = 'active' RETURNING moving_factor`)
    .pluck(),
  voidOlder: writer.prepare(`
    UPDATE live_code SET voided_at = ? WHERE authenticator_id = ? AND used_at IS NULL AND voided_at IS NULL`),
  insert: writer.prepare(`
    INSERT INTO live_code (id, authenticator_id, counter, nonce, context_hash, bound_to, attempts, issued_at,
      expires_at, used_at, voided_at)
    VALUES (:id, :authenticator_id, :counter, :nonce, :context_hash, :bound_to, :attempts, :issued_at,
      :expires_at, :used_at, :voided_at)`),
});

const issue = (
  context: StoreContext,
  statements: ReturnType<typeof prepareIssue>,
  { authenticatorId, event, ...code }: Issue,
): ReturnType<LiveCodeStore['issue']> =>
  transact<LiveCode | 'missing' | 'limited'>(context, async ({ audit, refuse }) => {
    const counter = statements.count.get(authenticatorId);
    if (counter === undefined) return refuse('missing');
    const recent = statements.recent.get(authenticatorId, event.at - MINUTE) ?? 0;
    if (recent >= LIVE_CODES_PER_MINUTE) refuse('limited');
    statements.voidOlder.run(event.at, authenticatorId);
    const row: LiveCodeTable = {
      id: newId(context),
      authenticator_id: authenticatorId,
      counter,
      nonce: code.nonce,
      context_hash: code.contextHash,
      bound_to: code.boundTo,
      attempts: 0,
      issued_at: event.at,
      expires_at: event.at + code.ttl,
      used_at: null,
      voided_at: null,
    };
    statements.insert.run(row);
    await audit(event);
    return liveCodeOf(row);
  });

const liveCodeOf = (row: LiveCodeTable): LiveCode => ({
  id: row.id,
  authenticatorId: row.authenticator_id,
  counter: row.counter,
  nonce: row.nonce,
  contextHash: row.context_hash,
  boundTo: row.bound_to,
  attempts: row.attempts,
  expiresAt: row.expires_at,
});

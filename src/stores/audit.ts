import type SqliteDatabase from 'better-sqlite3';
import type { AuditRecord } from '../core/audit.ts';
import type { AuditLog, Vault } from '../ports.ts';
import { type ChainEnd, checkRow, EMPTY_CHAIN, recordOf } from './audit-chain.ts';
import { type StoreContext, transact } from './context.ts';
import { auditPageQuery, pageOf } from './pages.ts';
import type { AuditTable } from './schema.ts';

/** Records that are checked before others get a turn. */
const BATCH = 2000;

type Verdict = Awaited<ReturnType<AuditLog['verify']>>;

/** The audit trail of one database. */
export function createAuditLog(context: StoreContext): AuditLog {
  return {
    append: (event) => transact<void>(context, ({ audit }) => audit(event)),
    read: (filter) => readRecords(context, filter),
    page: async (filter) => {
      const { text, values } = auditPageQuery(filter);
      const rows = context.reader.prepare<[typeof values], AuditTable>(text).all(values);
      return pageOf(rows.map(recordOfRow), filter.limit, (record) => String(record.seq));
    },
    verify: async () => {
      // The file first: what is appended meanwhile only makes the table longer.
      const head = context.head.read();
      return verifyChain(context.reader, context.vault, head);
    },
  };
}

/** Walks the whole chain of a database and compares it with a head. An unreadable head is a problem once there is a record. */
export async function verifyChain(
  database: SqliteDatabase.Database,
  vault: Pick<Vault, 'hash'>,
  head: ChainEnd | undefined,
): Promise<Verdict> {
  const rows = database.prepare<[number, number], AuditTable>('SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?');
  let end = EMPTY_CHAIN;
  for (;;) {
    const batch = rows.all(end.seq, BATCH);
    for (const row of batch) {
      const next = checkRow(vault.hash, end, row);
      if ('problem' in next) return { ok: false, ...next };
      if (next.seq === head?.seq && next.hash !== head.hash) return otherHistory(next.seq);
      end = next;
    }
    if (batch.length < BATCH) return compareEnd(end, head);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function compareEnd(end: ChainEnd, head: ChainEnd | undefined): Verdict {
  if (head === undefined && end.seq > 0) {
    return { ok: false, seq: end.seq, problem: 'the audit head file is missing or was changed' };
  }
  if (head !== undefined && head.seq > end.seq) {
    return { ok: false, seq: end.seq + 1, problem: `records ${end.seq + 1} to ${head.seq} were cut off` };
  }
  return { ok: true, records: end.seq };
}

const otherHistory = (seq: number): Verdict => ({
  ok: false,
  seq,
  problem: `record ${seq} is not the one that was written`,
});

async function readRecords(
  context: StoreContext,
  filter: Parameters<AuditLog['read']>[0],
): Promise<readonly AuditRecord[]> {
  const { after, login, kind, request } = filter;
  const direction = filter.newestFirst === true ? 'desc' : 'asc';
  let query = context.read.selectFrom('audit').selectAll().orderBy('seq', direction).limit(filter.limit);
  if (after !== undefined) query = query.where('seq', '>', after);
  if (login !== undefined) query = query.where('login', '=', login);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (request !== undefined) query = query.where('request', '=', request);
  return (await query.execute()).map(recordOfRow);
}

function recordOfRow(row: AuditTable): AuditRecord {
  const record = recordOf(row);
  if (record === undefined) throw new Error(`audit record ${row.seq} was changed`);
  return record;
}

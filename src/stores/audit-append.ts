import type SqliteDatabase from 'better-sqlite3';
import type { AuditEvent, AuditRecord } from '../core/audit.ts';
import type { Vault } from '../ports.ts';
import { type ChainEnd, chainRecord, EMPTY_CHAIN, rowOf } from './audit-chain.ts';
import { prepareCount } from './stat-count.ts';

/** Appends to the chain in the transaction that is under way on the writing connection. */
export type AuditAppender = {
  /** The end of the chain as this transaction sees it. */
  end(): ChainEnd;
  /** Puts an event behind `end` and counts it; answers the new end. */
  append(event: AuditEvent, end: ChainEnd): AuditRecord;
};

/** The statements that append, prepared once for a connection. */
export function prepareAppender(writer: SqliteDatabase.Database, vault: Pick<Vault, 'hash'>): AuditAppender {
  const newest = writer.prepare<[], ChainEnd>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
  const insert = writer.prepare(`
    INSERT INTO audit (seq, at, kind, login, actor, address, route, request, reason, detail, prev_hash, hash)
    VALUES (:seq, :at, :kind, :login, :actor, :address, :route, :request, :reason, :detail, :prev_hash, :hash)`);
  const count = prepareCount(writer);
  return {
    end: () => newest.get() ?? EMPTY_CHAIN,
    append: (event, end) => {
      const record = chainRecord(vault.hash, event, end);
      insert.run(rowOf(record));
      count(record);
      return record;
    },
  };
}

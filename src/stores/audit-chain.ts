import type { AuditEvent, AuditKind, AuditRecord } from '../core/audit.ts';
import type { AuditTable } from './schema.ts';

/** SHA-256 in base64url; handed in, because this folder knows no cryptography. */
export type Hash = (content: string) => string;

/** `prevHash` of the first record. */
export const CHAIN_START = '';

/** The end of the chain: the newest record's number and hash. */
export type ChainEnd = { readonly seq: number; readonly hash: string };

export const EMPTY_CHAIN: ChainEnd = { seq: 0, hash: CHAIN_START };

/** Puts an event at the end of the chain: its hash covers the event, its number and the hash before it. */
export function chainRecord(hash: Hash, event: AuditEvent, end: ChainEnd): AuditRecord {
  const record = { ...wellFormed(event), seq: end.seq + 1, prevHash: end.hash };
  return { ...record, hash: hash(canonical(record)) };
}

/**
 * Text that people typed may hold half of a surrogate pair, which no UTF-8 column can keep: it is replaced before it is
 * hashed, so that what is read back is what was hashed.
 */
function wellFormed(event: AuditEvent): AuditEvent {
  const detail = Object.entries(event.detail).map(([name, value]) => [name.toWellFormed(), fit(value)]);
  const fields = Object.entries(event).map(([name, value]) => [name, fit(value)]);
  // Only strings were replaced, by strings.
  return { ...(Object.fromEntries(fields) as AuditEvent), detail: Object.fromEntries(detail) };
}

const fit = (value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);

export type ChainProblem = { readonly seq: number; readonly problem: string };

/**
 * Checks the record that follows `end`. Answers the new end, or what is wrong with the first record that does not fit:
 * an edit breaks its hash, a deletion or a swap breaks the numbering or the link.
 */
export function checkRecord(hash: Hash, end: ChainEnd, record: AuditRecord): ChainEnd | ChainProblem {
  if (record.seq !== end.seq + 1) return { seq: end.seq + 1, problem: `record ${end.seq + 1} is missing` };
  if (record.prevHash !== end.hash)
    return { seq: record.seq, problem: `record ${record.seq} does not follow the one before it` };
  if (record.hash !== hash(canonical(record))) return { seq: record.seq, problem: `record ${record.seq} was changed` };
  return { seq: record.seq, hash: record.hash };
}

/** One text for one record, whatever the order of its members was: an array, with `detail` sorted by name. */
function canonical(record: Omit<AuditRecord, 'hash'>): string {
  const detail = Object.entries(record.detail).sort(([left], [right]) => (left < right ? -1 : 1));
  const { seq, prevHash, at, kind, login, actor, address, route, request, reason } = record;
  return JSON.stringify([
    'sumun audit 1',
    seq,
    prevHash,
    at,
    kind,
    login,
    actor,
    address,
    route,
    request,
    reason,
    detail,
  ]);
}

/** A row as the record it was written from; undefined if `detail` is not the text that was written. */
export function recordOf(row: AuditTable): AuditRecord | undefined {
  const { prev_hash: prevHash, kind, detail: text, ...rest } = row;
  const detail = parseDetail(text);
  // The column only ever receives an AuditKind; an edited row fails the check of its hash.
  return detail === undefined ? undefined : { ...rest, kind: kind as AuditKind, prevHash, detail };
}

/** A record as its row. */
export function rowOf(record: AuditRecord): AuditTable {
  const { prevHash, detail, ...rest } = record;
  return { ...rest, prev_hash: prevHash, detail: JSON.stringify(detail) };
}

/** `checkRecord` for a row as it stands in the table. */
export function checkRow(hash: Hash, end: ChainEnd, row: AuditTable): ChainEnd | ChainProblem {
  const record = recordOf(row);
  return record === undefined
    ? { seq: row.seq, problem: `record ${row.seq} was changed` }
    : checkRecord(hash, end, record);
}

function parseDetail(text: string): AuditRecord['detail'] | undefined {
  try {
    const detail = JSON.parse(text);
    return JSON.stringify(detail) === text ? detail : undefined;
  } catch {
    return undefined;
  }
}

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type SqliteDatabase from 'better-sqlite3';
import type { Log, Vault } from '../ports.ts';
import { type ChainEnd, checkRow, EMPTY_CHAIN } from './audit-chain.ts';
import type { AuditTable } from './schema.ts';

/** Shortest time between two writes of the head file. The records themselves are on disk before. */
const WRITE_EVERY = 50;

export type HeadOptions = {
  readonly file: string;
  /** Distinguishes this opening from every other one. */
  readonly owner: string;
  readonly reader: SqliteDatabase.Database;
  readonly vault: Pick<Vault, 'hash' | 'mac'>;
  readonly log: Log;
};

/**
 * The end of the audit chain in a file of its own, so that a cut tail is noticed. It is written after a commit and may
 * lag behind the table, never run ahead of it. Once it contradicts the table it is left alone: evidence is kept.
 */
export class AuditHead {
  readonly #options: HeadOptions;
  #next: ChainEnd | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFrozen = false;

  constructor(options: HeadOptions) {
    this.#options = options;
  }

  /** Called once at the start: makes the first head, or brings a head that lags behind up to the end of the table. */
  open(): void {
    // The file first: another process may append meanwhile, and the table must never look shorter than the head.
    const head = this.read();
    const newest = this.#newest();
    const problem = head === undefined ? missingHead(newest) : this.#walk(head);
    if (problem !== undefined) {
      this.#freeze(problem);
      return;
    }
    if (head === undefined || head.seq < newest.seq) this.#writeNow(newest);
  }

  /** What the file says; undefined if it is missing or its seal is broken. */
  read(): ChainEnd | undefined {
    return readHead(this.#options.file, this.#options.vault);
  }

  /** Told of a committed record. */
  advance(end: ChainEnd): void {
    if (this.#next === undefined || end.seq > this.#next.seq) this.#next = end;
    this.#timer ??= setTimeout(() => this.#writeSoon(), WRITE_EVERY).unref();
  }

  /** Writes what is outstanding. */
  async flush(): Promise<void> {
    this.#writeSoon();
    await this.#writing;
    if (this.#next !== undefined && !this.#isFrozen) await this.flush();
    clearTimeout(this.#timer);
  }

  #writeSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#next === undefined) return;
    const end = this.#next;
    this.#next = undefined;
    this.#writing = this.#replace(end)
      .catch((error: unknown) => this.#options.log.error('audit.head-not-written', { error: String(error) }))
      .finally(() => {
        this.#writing = undefined;
        if (this.#next !== undefined) this.#timer ??= setTimeout(() => this.#writeSoon(), WRITE_EVERY).unref();
      });
  }

  /** Another process may have been further; a head that the table contradicts is never written over. */
  async #replace(end: ChainEnd): Promise<void> {
    if (this.#isFrozen) return;
    const head = this.read();
    const problem = head === undefined ? missingHead(end) : this.#contradiction(head);
    if (problem !== undefined) {
      this.#freeze(problem);
      return;
    }
    if (head !== undefined && head.seq >= end.seq) return;
    const draft = this.#draft();
    const file = await open(draft, 'w', 0o600);
    await file.writeFile(encodeHead(end, this.#options.vault));
    await file.sync();
    await file.close();
    await rename(draft, this.#options.file);
  }

  #writeNow(end: ChainEnd): void {
    const draft = this.#draft();
    const file = openSync(draft, 'w', 0o600);
    writeSync(file, encodeHead(end, this.#options.vault));
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, this.#options.file);
  }

  /** A name of its own: several processes, or several openings in one, may replace the same head. */
  #draft(): string {
    return `${this.#options.file}.${this.#options.owner}.new`;
  }

  #freeze(problem: string): void {
    this.#isFrozen = true;
    this.#options.log.error('audit.broken', { problem });
  }

  #newest(): ChainEnd {
    const row = this.#options.reader
      .prepare<[], ChainEnd>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1')
      .get();
    return row ?? EMPTY_CHAIN;
  }

  /** What the head says that the table does not. */
  #contradiction(head: ChainEnd): string | undefined {
    if (head.seq === 0) return undefined;
    const hash = this.#options.reader.prepare('SELECT hash FROM audit WHERE seq = ?').pluck().get(head.seq);
    return hash === head.hash ? undefined : `the audit trail no longer holds record ${head.seq} as it was written`;
  }

  /** Walks from the head to the end of the table; answers what is wrong with the first record that does not fit. */
  #walk(head: ChainEnd): string | undefined {
    const contradiction = this.#contradiction(head);
    if (contradiction !== undefined) return contradiction;
    let end = head;
    const rows = this.#options.reader.prepare<[number], AuditTable>('SELECT * FROM audit WHERE seq > ? ORDER BY seq');
    for (const row of rows.iterate(head.seq)) {
      const next = checkRow(this.#options.vault.hash, end, row);
      if ('problem' in next) return next.problem;
      end = next;
    }
    return undefined;
  }
}

/** The text of a head file: the end of a chain and its seal. */
export const encodeHead = (end: ChainEnd, vault: Pick<Vault, 'mac'>): string =>
  `${JSON.stringify({ seq: end.seq, hash: end.hash, mac: sealOf(end, vault) })}\n`;

/** Reads a head file; undefined if it is missing or its seal is broken. */
export function readHead(file: string, vault: Pick<Vault, 'mac'>): ChainEnd | undefined {
  try {
    const { seq, hash, mac } = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof seq !== 'number' || typeof hash !== 'string') return undefined;
    return mac === sealOf({ seq, hash }, vault) ? { seq, hash } : undefined;
  } catch {
    return undefined;
  }
}

const sealOf = (end: ChainEnd, vault: Pick<Vault, 'mac'>): string => vault.mac('audit-head', `${end.seq}|${end.hash}`);

const missingHead = (newest: ChainEnd): string | undefined =>
  newest.seq === 0 ? undefined : 'the audit head file is missing or was changed';

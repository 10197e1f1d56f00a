import type SqliteDatabase from 'better-sqlite3';
import type { Kysely, Transaction } from 'kysely';
import type { AuditEvent } from '../core/audit.ts';
import type { AuditAppender } from './audit-append.ts';
import type { ChainEnd } from './audit-chain.ts';
import type { AuditHead } from './audit-head.ts';
import type { Tables } from './schema.ts';

/** Works that share one commit at most. The wait for the disk is the same for one as for many. */
const BATCH = 256;

/** A transaction under way. `audit` appends to the chain in it; `refuse` rolls all of it back and answers. */
export type Work<T> = {
  readonly trx: Transaction<Tables>;
  audit(event: AuditEvent): Promise<void>;
  refuse(answer: T): never;
};

export type CommitOptions = {
  readonly db: Kysely<Tables>;
  readonly writer: SqliteDatabase.Database;
  readonly appender: AuditAppender;
  readonly head: Pick<AuditHead, 'advance'>;
};

type Job = {
  run(batch: Batch): Promise<() => void>;
  reject(error: unknown): void;
};

/** What the works of one commit share. */
type Batch = { readonly trx: Transaction<Tables>; end: ChainEnd | undefined };

/**
 * Runs works one after the other and commits those that wait together with one wait for the disk. Each is all or
 * nothing by itself (a savepoint); none is answered before the commit that holds it is on disk, and where that commit
 * fails, none of it happened and every one of them fails.
 */
export class Commits {
  readonly #options: CommitOptions;
  readonly #savepoint: SqliteDatabase.Statement;
  readonly #release: SqliteDatabase.Statement;
  readonly #back: SqliteDatabase.Statement;
  #queue: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(options: CommitOptions) {
    this.#options = options;
    this.#savepoint = options.writer.prepare('SAVEPOINT work');
    this.#release = options.writer.prepare('RELEASE work');
    this.#back = options.writer.prepare('ROLLBACK TO work');
  }

  /** Runs work in a transaction. Throws what the work throws, and where the commit fails. */
  run<T>(work: (work: Work<T>) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        reject,
        run: async (batch) => {
          const answer = await this.#attempt(batch, work);
          return 'value' in answer ? () => resolve(answer.value) : () => reject(answer.error);
        },
      });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Whoever was answered by the last commit gets to ask again before the next one begins.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#commit(this.#queue.splice(0, BATCH));
    }
    this.#running = undefined;
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    const answers: (() => void)[] = [];
    let end: ChainEnd | undefined;
    try {
      await this.#options.db.transaction().execute(async (trx) => {
        const batch: Batch = { trx, end: undefined };
        for (const job of jobs) answers.push(await job.run(batch));
        end = batch.end;
      });
    } catch (error) {
      for (const job of jobs) job.reject(error);
      return;
    }
    if (end !== undefined) this.#options.head.advance(end);
    for (const answer of answers) answer();
  }

  async #attempt<T>(
    batch: Batch,
    work: (work: Work<T>) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly error: unknown }> {
    const { appender, writer } = this.#options;
    const before = batch.end;
    const refusal: { answer?: { readonly value: T } } = {};
    this.#savepoint.run();
    try {
      const value = await work({
        trx: batch.trx,
        audit: async (event) => {
          batch.end = appender.append(event, batch.end ?? appender.end());
        },
        refuse: (answer) => {
          refusal.answer = { value: answer };
          throw new RolledBack();
        },
      });
      this.#release.run();
      return { value };
    } catch (error) {
      // On some faults, a full disk for one, SQLite has given up the whole transaction: nothing of it can be kept.
      if (!writer.inTransaction) throw error;
      batch.end = before;
      this.#back.run();
      this.#release.run();
      return error instanceof RolledBack && refusal.answer !== undefined ? refusal.answer : { error };
    }
  }
}

class RolledBack extends Error {}

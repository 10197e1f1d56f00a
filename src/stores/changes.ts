import type SqliteDatabase from 'better-sqlite3';
import type { Milliseconds } from '../core/time.ts';
import type { ChangeFeed } from '../ports.ts';

/** How often the file is asked whether another process wrote to it. */
const LOOK_EVERY: Milliseconds = 200;

/**
 * Tells listeners that something they may have cached changed: at once for this process's own writes, and within a
 * fifth of a second for another's (`PRAGMA data_version`). A file that cannot be asked counts as changed.
 */
export class ChangeBus implements ChangeFeed {
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #version: unknown;

  constructor(database: SqliteDatabase.Database) {
    this.#version = versionOf(database);
    this.#timer = setInterval(() => this.#look(database), LOOK_EVERY).unref();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called after a commit that ends or changes what others may have cached. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #look(database: SqliteDatabase.Database): void {
    const version = versionOf(database);
    if (version !== undefined && version === this.#version) return;
    this.#version = version;
    this.tell();
  }
}

function versionOf(database: SqliteDatabase.Database): unknown {
  try {
    return database.pragma('data_version', { simple: true });
  } catch {
    return undefined;
  }
}

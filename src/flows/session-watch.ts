import { foldLogin } from '../core/identity/account.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant, Milliseconds } from '../core/time.ts';
import type { House } from '../ports.ts';

/** One open connection and the session, with its account, as they were when it was opened. */
type Watcher = { readonly session: Session; readonly close: () => void };

/** Checks of everything watched keep this distance, so that a busy command line does not keep the process busy. */
const PAUSE: Milliseconds = 400;

/** Open connections and the sessions they live on: closes them when the session ends or its account changes. */
export class SessionWatch {
  readonly #house: Pick<House, 'accounts' | 'sessions' | 'clock' | 'log'>;
  readonly #watchers = new Set<Watcher>();
  #pending: NodeJS.Timeout | undefined;
  #checkedAt: Instant = 0;

  constructor(house: Pick<House, 'accounts' | 'sessions' | 'clock' | 'log'>) {
    this.#house = house;
  }

  /** Calls `close` once when the session is over; answers how to stop watching. */
  add(session: Session, close: () => void): () => void {
    const watcher = { session, close };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Something changed somewhere: looks at every watched session, soon. */
  checkSoon(): void {
    if (this.#pending !== undefined || this.#watchers.size === 0) return;
    const wait = Math.min(PAUSE, Math.max(0, this.#checkedAt + PAUSE - this.#house.clock.now()));
    this.#pending = setTimeout(() => this.#checkAll(), wait).unref();
  }

  /** Looks at the watched sessions of one account now. What cannot be checked is closed. */
  check(accountId: string): void {
    this.#checkAccount(
      accountId,
      [...this.#watchers].filter(({ session }) => session.account.id === accountId),
    );
  }

  /** Closes what has been open longer than a session may last. */
  endOlderThan(max: Milliseconds, now: Instant): void {
    for (const watcher of this.#watchers) if (now - watcher.session.startedAt >= max) this.#end(watcher);
  }

  /** Stops looking. Connections that are still open are the door's to close. */
  close(): void {
    clearTimeout(this.#pending);
    this.#watchers.clear();
  }

  #checkAll(): void {
    this.#pending = undefined;
    this.#checkedAt = this.#house.clock.now();
    for (const [accountId, watchers] of Map.groupBy(this.#watchers, ({ session }) => session.account.id)) {
      this.#checkAccount(accountId, watchers);
    }
  }

  #checkAccount(accountId: string, watchers: readonly Watcher[]): void {
    if (watchers.length === 0) return;
    this.#endStale(accountId, watchers).catch((breakage: unknown) => {
      this.#house.log.error('sessions.watch', { error: String(breakage) });
      for (const watcher of watchers) this.#end(watcher);
    });
  }

  async #endStale(accountId: string, watchers: readonly Watcher[]): Promise<void> {
    const login = foldLogin(watchers[0]?.session.account.login ?? '') ?? '';
    const account = JSON.stringify(await this.#house.accounts.findByLogin(login));
    const signIns = await this.#house.sessions.list({ accountId }, this.#house.clock.now());
    const live = new Set(signIns.map(({ id }) => id));
    for (const watcher of watchers) {
      if (!live.has(watcher.session.id) || account !== JSON.stringify(watcher.session.account)) this.#end(watcher);
    }
  }

  #end(watcher: Watcher): void {
    if (this.#watchers.delete(watcher)) watcher.close();
  }
}

import { foldLogin } from '../core/identity/account.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant, Milliseconds } from '../core/time.ts';
import type { House } from '../ports.ts';

/** An open request, stream or tunnel. What is filled in by the watch belongs to the watch. */
export type Watcher = {
  /** Place in the list of the watch. */
  place: number;
  /** The session, with its account, as it was when the request came. */
  watched: Session | undefined;
  /** The session is over, or its account changed: what is open has to be closed. Called at most once. */
  onSessionEnd(): void;
};

/** Checks of everything watched keep this distance, so that a busy command line does not keep the process busy. */
const PAUSE: Milliseconds = 400;

/** Open connections and the sessions they live on: closes them when the session ends or its account changes. */
export class SessionWatch {
  readonly #house: Pick<House, 'accounts' | 'sessions' | 'clock' | 'log'>;
  /** Without gaps: whoever leaves is replaced by the last. A set would make garbage of every request. */
  readonly #watchers: Watcher[] = [];
  #pending: NodeJS.Timeout | undefined;
  #checkedAt: Instant = 0;

  constructor(house: Pick<House, 'accounts' | 'sessions' | 'clock' | 'log'>) {
    this.#house = house;
  }

  /** Tells the watcher once when the session is over. */
  add(session: Session, watcher: Watcher): void {
    watcher.watched = session;
    watcher.place = this.#watchers.length;
    this.#watchers.push(watcher);
  }

  /** Stops telling it; false if it was not told of anything any more. */
  remove(watcher: Watcher): boolean {
    if (this.#watchers[watcher.place] !== watcher) return false;
    const last = this.#watchers.pop();
    if (last === undefined || last === watcher) return true;
    this.#watchers[watcher.place] = last;
    last.place = watcher.place;
    return true;
  }

  /** Something changed somewhere: looks at every watched session, soon. */
  checkSoon(): void {
    if (this.#pending !== undefined || this.#watchers.length === 0) return;
    const wait = Math.min(PAUSE, Math.max(0, this.#checkedAt + PAUSE - this.#house.clock.now()));
    this.#pending = setTimeout(() => this.#checkAll(), wait).unref();
  }

  /** Looks at the watched sessions of one account now. What cannot be checked is closed. */
  check(accountId: string): void {
    this.#checkAccount(
      accountId,
      this.#watchers.filter((watcher) => watcher.watched?.account.id === accountId),
    );
  }

  /** Closes what has been open longer than a session may last. */
  endOlderThan(max: Milliseconds, now: Instant): void {
    for (const watcher of [...this.#watchers]) {
      if (watcher.watched !== undefined && now - watcher.watched.startedAt >= max) this.#end(watcher);
    }
  }

  /** Stops looking. Connections that are still open are the door's to close. */
  close(): void {
    clearTimeout(this.#pending);
    this.#watchers.length = 0;
  }

  #checkAll(): void {
    this.#pending = undefined;
    this.#checkedAt = this.#house.clock.now();
    for (const [accountId, watchers] of Map.groupBy(this.#watchers, ({ watched }) => watched?.account.id ?? '')) {
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
    const login = foldLogin(watchers[0]?.watched?.account.login ?? '') ?? '';
    const account = JSON.stringify(await this.#house.accounts.findByLogin(login));
    const signIns = await this.#house.sessions.list({ accountId }, this.#house.clock.now());
    const live = new Set(signIns.map(({ id }) => id));
    for (const watcher of watchers) {
      const session = watcher.watched;
      if (session === undefined || !live.has(session.id) || account !== JSON.stringify(session.account))
        this.#end(watcher);
    }
  }

  #end(watcher: Watcher): void {
    if (this.remove(watcher)) watcher.onSessionEnd();
  }
}

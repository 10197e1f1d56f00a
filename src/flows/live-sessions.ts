import type { Policy } from '../core/policy.ts';
import { isHandle } from '../core/session/handle.ts';
import { isLive, type Session } from '../core/session/session.ts';
import { type Instant, type Milliseconds, SECOND } from '../core/time.ts';
import type { House } from '../ports.ts';
import { type Client, type Entry, type Held, SessionEntries } from './session-entries.ts';
import { SessionWatch, type Watcher } from './session-watch.ts';

export type LiveSessionPorts = Pick<House, 'accounts' | 'sessions' | 'digests' | 'changes' | 'clock' | 'log'>;

/** A cached session is read anew at least this often, should a change ever have gone unheard. */
const REREAD: Milliseconds = 30 * SECOND;

/** The generation of an entry that has to be read anew whatever happens. */
const STALE = -1;

/** Longest user agent that is kept and compared. */
export const USER_AGENT_MAX = 512;

/** Last use is written at least this often. */
const FLUSH: Milliseconds = 30 * SECOND;

/**
 * The sessions of this process: a bounded cache in front of the store, told of changes by the change feed. Looking a
 * session up never lengthens it; `touch` does. Gateway and pages read the same object.
 */
export class LiveSessions {
  readonly #house: LiveSessionPorts;
  readonly #policy: () => Policy;
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();
  readonly #extras = new WeakMap<Session, Map<string, unknown>>();
  readonly #bySession = new SessionEntries();
  readonly #watch: SessionWatch;
  #touched = new Map<string, Instant>();
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  /** Entries of an earlier generation are read anew. */
  #generation = 0;
  /** Counts changes of any kind, so that a look-up can tell that one overtook it. */
  #epoch = 0;
  #latest: Instant;
  #flushedAt: Instant = 0;

  /** `notBefore` is the latest moment known from before: a clock that was set back over a restart revives nothing. */
  constructor(house: LiveSessionPorts, policy: () => Policy, { notBefore = 0, capacity = 200_000 } = {}) {
    this.#house = house;
    this.#policy = policy;
    this.#capacity = capacity;
    this.#latest = notBefore;
    this.#watch = new SessionWatch(house);
    this.#unsubscribe = house.changes.onChange(() => {
      this.#epoch++;
      this.#generation++;
      this.#watch.checkSoon();
    });
    this.#timer = setInterval(() => this.#tick(), SECOND).unref();
  }

  /**
   * The session of a cookie on this host if the cache knows for sure, without waiting: a session, `undefined` for a
   * cookie that opens nothing, or 'unknown' where `find` has to ask the store.
   */
  peek(cookie: string, host: string, now: Instant, client?: Client): Session | undefined | 'unknown' {
    const entry = this.#entries.get(cookie);
    if (entry === undefined) return isHandle(cookie) ? 'unknown' : undefined;
    if (entry.generation !== this.#generation || now - entry.readAt > REREAD) return 'unknown';
    if (entry.client === undefined && this.#policy().sessions.bindTo.length > 0) return 'unknown';
    entry.used = true;
    return this.#admit(entry, host, now, client);
  }

  /**
   * The live session of a cookie on this host, or undefined: unknown, ended, timed out, of another host, of a suspended
   * account, or used from elsewhere where the policy binds it. `client` is needed only where it does; without it, refused.
   */
  async find(cookie: string, host: string, now: Instant, client?: Client): Promise<Session | undefined> {
    const cached = this.peek(cookie, host, now, client);
    if (cached !== 'unknown') return cached;
    const epoch = this.#epoch;
    const stored = await this.#house.sessions.find(this.#house.digests.hash(cookie));
    if (stored === undefined) {
      this.#drop(cookie);
      return undefined;
    }
    const bound = this.#policy().sessions.bindTo.length > 0;
    const origin = bound ? await this.#originOf(stored, now) : undefined;
    // A change heard while the store was asked leaves the entry stale: the next look-up asks again.
    const generation = epoch === this.#epoch ? this.#generation : STALE;
    const entry = this.#hold(cookie, stored, { client: origin, generation, readAt: now });
    return this.#admit(entry, host, now, client);
  }

  /** Notes that a request of this session was served. Written to the store within half a minute. */
  touch(session: Session, now: Instant): void {
    const held: Held = session;
    if (now <= held.lastSeen) return;
    held.lastSeen = now;
    this.#touched.set(held.id, now);
  }

  /** Room for what may be kept with a session while neither it nor its account changes (hand-off headers). */
  extras(session: Session): Map<string, unknown> {
    const found = this.#extras.get(session);
    if (found !== undefined) return found;
    const made = new Map<string, unknown>();
    this.#extras.set(session, made);
    return made;
  }

  /**
   * Tells the watcher once, within a second, when the session ends or its account changes: at once if it has ended
   * already. Every open request, stream and tunnel registers itself here and leaves with `unwatch`.
   */
  watch(sessionId: string, watcher: Watcher): void {
    const entry = this.#bySession.find(sessionId, this.#generation);
    if (entry === undefined) {
      queueMicrotask(() => watcher.onSessionEnd());
      return;
    }
    this.#watch.add(entry.session, watcher);
    // A change was heard between the look-up and now: whether this session outlived it is still open.
    if (entry.generation !== this.#generation) this.#watch.check(entry.session.account.id);
  }

  unwatch(watcher: Watcher): void {
    this.#watch.remove(watcher);
  }

  /** Reads every session of an account anew: its sign-ins were changed by this process. */
  forget(accountId: string): void {
    this.#epoch++;
    for (const entry of this.#entries.values()) if (entry.session.account.id === accountId) entry.generation = STALE;
    this.#watch.check(accountId);
  }

  /** Writes when sessions were last used. A failure keeps them for the next time. */
  async flush(): Promise<void> {
    if (this.#touched.size === 0) return;
    const batch = this.#touched;
    this.#touched = new Map();
    try {
      await this.#house.sessions.touch(batch);
    } catch (breakage) {
      for (const [id, at] of batch) this.#touched.set(id, Math.max(at, this.#touched.get(id) ?? 0));
      throw breakage;
    }
  }

  /** Writes what is unwritten and stops listening. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.#watch.close();
    await this.flush();
  }

  #admit(entry: Entry, host: string, now: Instant, client: Client | undefined): Session | undefined {
    const { session } = entry;
    const { sessions } = this.#policy();
    if (session.host !== host || session.account.status !== 'active') return undefined;
    if (!isLive(session, sessions, this.#notBefore(now))) return undefined;
    for (const bond of sessions.bindTo) {
      const [was, is] =
        bond === 'address'
          ? [entry.client?.address, client?.address]
          : [entry.client?.userAgent, client?.userAgent.slice(0, USER_AGENT_MAX)];
      if (was === undefined || was !== is) return undefined;
    }
    return session;
  }

  /** Time never runs backwards here, so a clock that is set back neither lengthens nor revives a session. */
  #notBefore(now: Instant): Instant {
    this.#latest = Math.max(this.#latest, now);
    return this.#latest;
  }

  #hold(cookie: string, stored: Session, read: Pick<Entry, 'client' | 'generation' | 'readAt'>): Entry {
    const lastSeen = Math.max(stored.lastSeen, this.#touched.get(stored.id) ?? 0);
    const known = this.#entries.get(cookie);
    if (known !== undefined && sameSession(known.session, stored)) {
      known.session.lastSeen = Math.max(lastSeen, known.session.lastSeen);
      return Object.assign(known, read);
    }
    if (this.#entries.size >= this.#capacity) this.#makeRoom();
    this.#drop(cookie);
    const entry = { session: { ...stored, lastSeen }, ...read, used: false, next: undefined };
    this.#entries.set(alone(cookie), entry);
    this.#bySession.add(entry);
    return entry;
  }

  #drop(cookie: string): void {
    const entry = this.#entries.get(cookie);
    this.#entries.delete(cookie);
    if (entry !== undefined) this.#bySession.remove(entry);
  }

  /** Drops a tenth of the entries, oldest first; one that was used since gets a second chance. */
  #makeRoom(): void {
    let left = this.#entries.size + Math.ceil(this.#capacity / 10);
    const target = this.#capacity - Math.ceil(this.#capacity / 10);
    for (const [cookie, entry] of this.#entries) {
      if (this.#entries.size <= target || left-- <= 0) break;
      if (!entry.used) {
        this.#drop(cookie);
        continue;
      }
      entry.used = false;
      this.#entries.delete(cookie);
      this.#entries.set(cookie, entry);
    }
  }

  async #originOf(session: Session, now: Instant): Promise<Client | undefined> {
    const signIns = await this.#house.sessions.list({ accountId: session.account.id }, now);
    const signIn = signIns.find(({ id }) => id === session.id);
    return signIn && { address: signIn.address, userAgent: signIn.userAgent };
  }

  #tick(): void {
    const { idle, max } = this.#policy().sessions;
    const now = this.#notBefore(this.#house.clock.now());
    this.#watch.endOlderThan(max, now);
    // What is written must not lag so far behind that the store takes a session in use for an idle one.
    if (now - this.#flushedAt < Math.min(FLUSH, idle / 4)) return;
    this.#flushedAt = now;
    this.flush().catch((breakage: unknown) => this.#house.log.error('sessions.flush', { error: String(breakage) }));
  }
}

/** True if nothing but the time of last use differs. */
const sameSession = (left: Session, right: Session): boolean =>
  JSON.stringify({ ...left, lastSeen: 0 }) === JSON.stringify({ ...right, lastSeen: 0 });

/** The same text, cut loose: a cookie that is a view into a request's head would keep the whole head in memory. */
const alone = (text: string): string => Array.from(text).join('');

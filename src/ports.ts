/**
 * Every interface to the outside world. `flows` and the doors know these; `stores`, `crypto` and the process edge
 * implement them. Methods promise; a broken promise (disk full, database gone) is a thrown exception, and every door
 * answers an exception with a refusal.
 */
import type { DenyReason } from './core/access/decide.ts';
import type { LocalText, Route } from './core/access/route.ts';
import type { AuditEvent, AuditRecord } from './core/audit.ts';
import type { Account, Authenticator } from './core/identity/account.ts';
import type { ApiClient } from './core/identity/api-client.ts';
import type { Factor, Proofs } from './core/identity/factors.ts';
import type { SealingCipher, SmsSettings } from './core/policy.ts';
import type { HandOverRefusal } from './core/session/hand-over.ts';
import type { Session } from './core/session/session.ts';
import type { Instant, Milliseconds } from './core/time.ts';
import type { Challenge, LiveCode, LookupCode, PendingVerification } from './core/verification/challenge.ts';
import type { OcraInput } from './core/verification/ocra.ts';
import type { Payment } from './core/verification/payment.ts';
import type { AttemptKey, AttemptLimits, Reservation } from './core/verification/throttle.ts';

/** The only reading of the time. */
export type Clock = { now(): Instant };

/** Bytes from a cryptographically secure source. */
export type Random = { bytes(count: number): Uint8Array };

/** A structured log: one event, one line. Values are escaped by the writer; secrets are never handed in. */
export type Log = {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
};

/** Hashes and checks what a person knows (Argon2id), in a bounded pool. */
export type SecretHasher = {
  hash(secret: string): Promise<string>;
  /**
   * True if the secret matches. With `hash` undefined the same work is done on a dummy record and the answer is false.
   * Throws `Busy` when the queue of the pool is full: the caller answers 503 before anything was computed.
   */
  verify(hash: string | undefined, secret: string): Promise<boolean>;
};

/** Thrown where a bounded resource is exhausted. Nothing was decided; the caller may try again later. */
export class Busy extends Error {
  override readonly name = 'Busy';
}

/** An OTP authenticator ready to answer: its code for a moving factor. The seed stays inside `crypto`. */
export type BoundAuthenticator = Authenticator & {
  codeAt(movingFactor: number): string;
  /** Answer to an OCRA challenge (RFC 6287); throws where the suite wants an input that is not given. */
  respond(input: OcraInput): string;
};

/** One page of a list in key order: `next` is handed in to get the following one, absent at the end. */
export type PageOf<T> = { readonly items: readonly T[]; readonly next: string | undefined };

export type NewAccount = {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
};

/** Subscribers and what they know. Logins are looked up by `foldLogin`. */
export type AccountStore = {
  findByLogin(foldedLogin: string): Promise<Account | undefined>;
  find(id: string): Promise<Account | undefined>;
  list(filter?: { readonly group?: string; readonly status?: Account['status'] }): Promise<readonly Account[]>;
  /** Accounts in the order of their folded login, at most `limit`; `search` is a beginning of login or name. */
  page(filter: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly search?: string;
    readonly group?: string;
    readonly status?: Account['status'];
  }): Promise<PageOf<Account>>;
  /** Group names in order, with how many people each has. */
  groups(filter: {
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<PageOf<{ readonly name: string; readonly members: number }>>;
  /** 'exists' if the folded login is taken. */
  add(account: NewAccount, event: AuditEvent): Promise<Account | 'exists'>;
  update(id: string, changes: Partial<NewAccount>, event: AuditEvent): Promise<'updated' | 'missing' | 'exists'>;
  /** Suspending also ends every sign-in of the account, in the same transaction. */
  setStatus(id: string, status: Account['status'], event: AuditEvent): Promise<'updated' | 'missing'>;
  /** Deletes the person, their authenticators and sign-ins. The audit trail stays. */
  delete(id: string, event: AuditEvent): Promise<'deleted' | 'missing'>;
  secretHash(id: string, kind: 'pw' | 'pin'): Promise<string | undefined>;
  /** Setting a secret ends every sign-in of the account. */
  setSecret(id: string, kind: 'pw' | 'pin', hash: string, event: AuditEvent): Promise<void>;
};

export type NewAuthenticator = Pick<
  Authenticator,
  'accountId' | 'kind' | 'label' | 'algorithm' | 'digits' | 'period'
> & {
  readonly suite?: string;
  readonly serial?: string;
  readonly seed: Uint8Array;
  /** Where its moving factor begins; an imported token may be ahead. */
  readonly movingFactor?: number;
};

/** OTP authenticators. Seeds are sealed when they go in and only come out bound to `codeAt`. */
export type AuthenticatorStore = {
  list(accountId: string): Promise<readonly Authenticator[]>;
  find(id: string): Promise<Authenticator | undefined>;
  /** Active authenticators of an account, ready to answer. A seed that cannot be opened is an exception. */
  bind(accountId: string): Promise<readonly BoundAuthenticator[]>;
  /** One authenticator ready to answer, whatever its status; undefined if there is none. */
  bindOne(id: string): Promise<BoundAuthenticator | undefined>;
  /** An authenticator that belongs to nobody, for doing the same work for an unknown account. */
  decoy(): BoundAuthenticator;
  /**
   * 'exists' if a token with this serial is there already. A secret that the account has in the same form already goes
   * on from where that one is, and both move together from then on: a used code counts with neither.
   */
  add(authenticator: NewAuthenticator, event: AuditEvent): Promise<Authenticator | 'exists'>;
  findBySerial(serial: string): Promise<Authenticator | undefined>;
  page(filter: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly accountId?: string;
    readonly status?: Authenticator['status'];
    readonly kind?: Authenticator['kind'];
  }): Promise<PageOf<Authenticator>>;
  relabel(id: string, label: string, event: AuditEvent): Promise<'updated' | 'missing'>;
  delete(id: string, event: AuditEvent): Promise<'deleted' | 'missing'>;
  setStatus(id: string, status: Authenticator['status'], event: AuditEvent): Promise<'updated' | 'missing'>;
  /** Moves the factor forward to what resynchronisation found; 'conflict' if it has moved past that meanwhile. */
  resynchronise(id: string, to: number, drift: number, event: AuditEvent): Promise<'updated' | 'conflict'>;
};

/** Where attempts are counted before anything is checked. */
export type AttemptStore = {
  /**
   * Counts one attempt against the key, atomically across processes, and says whether it may be evaluated.
   * The failure that reaches the limit is still evaluated; the next is not.
   */
  reserve(key: AttemptKey, limits: AttemptLimits, now: Instant): Promise<Reservation>;
  /** Takes one reserved attempt back: a replayed code is refused but is not a guess. */
  release(key: AttemptKey, limits: AttemptLimits): Promise<void>;
  /** Forgets all attempts of the account: an administrator's act. */
  unlock(accountId: string, foldedLogin: string, event: AuditEvent): Promise<void>;
  /** The latest moment until which any bucket of this login is locked, or undefined. */
  lockedUntil(foldedLogin: string, now: Instant): Promise<Instant | undefined>;
};

/** One change of a verification's commit. Each carries the condition under which it still holds. */
export type StateChange =
  | {
      readonly kind: 'advance-moving-factor';
      readonly authenticator: string;
      readonly to: number;
      readonly drift: number;
    }
  | { readonly kind: 'clear-attempts'; readonly key: AttemptKey }
  /** Spends a challenge: open and not expired at the event's time. Open ones bound to the same thing are voided. */
  | { readonly kind: 'use-challenge'; readonly challenge: string }
  /** Spends a server-synchronised code: neither used nor voided nor expired. */
  | { readonly kind: 'use-live-code'; readonly code: string }
  /** Spends a recovery or temporary code: unused and not expired. */
  | { readonly kind: 'use-lookup-code'; readonly code: string }
  /** Spends a verification under way: open and not expired. */
  | { readonly kind: 'spend-pending'; readonly pending: string }
  /** Begins a verification that waits for more. */
  | { readonly kind: 'add-pending'; readonly pending: PendingVerification }
  /** Notes what more is proved of it: open, not expired, and still as it was when it was read. */
  | {
      readonly kind: 'advance-pending';
      readonly pending: string;
      readonly was: readonly Factor[];
      readonly remaining: readonly Factor[];
      readonly proofs: Proofs;
      readonly challengeId: string | undefined;
    }
  /** Decides a payment: pending and not expired. */
  | {
      readonly kind: 'decide-payment';
      readonly payment: string;
      readonly state: 'approved' | 'rejected' | 'mismatch' | 'cancelled';
      readonly evidence: string | undefined;
    };

/** What a completed sign-in writes, in the same transaction as the state changes that earned it. */
export type SignInWrite = {
  readonly accountId: string;
  readonly proofs: Proofs;
  readonly host: string;
  /** SHA-256 of the new cookie value. */
  readonly handleHash: string;
  /** Step-up: the sign-in that rises. All its handles on this host are replaced by the new one. */
  readonly riseFrom?: string;
  readonly startedAt: Instant;
  readonly address: string;
  readonly userAgent: string;
  readonly concurrent: { readonly max: number; readonly then: 'end_oldest' | 'refuse' };
  /** The overall and inactivity timeouts, so that dead sign-ins do not count as concurrent. */
  readonly limits: { readonly idle: Milliseconds; readonly max: Milliseconds };
  /** Login transaction to spend; a second spending is a conflict. */
  readonly transaction: string;
  /** The sign-in this browser had before and has no more: it ends with this commit. */
  readonly replaces?: string | undefined;
};

/** A one-time code that carries a sign-in from the portal to the host where a login transaction began. */
export type HandOver = {
  /** SHA-256 of the code. */
  readonly hash: string;
  /** The login transaction of that host: it says which browser, which host and where to. */
  readonly transaction: string;
  /** The sign-in that is carried over. */
  readonly signIn: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
};

/** A browser that shows a hand-over code on a host. */
export type Redemption = {
  readonly codeHash: string;
  /** SHA-256 of the browser cookie of that host; the empty string without one. */
  readonly browserHash: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** SHA-256 of the new cookie value. */
  readonly handleHash: string;
  /** The live session this browser has on the host already: its sign-in ends if it is another one. */
  readonly replaces: string | undefined;
  readonly now: Instant;
};

export type Redeemed =
  | {
      readonly kind: 'redeemed';
      readonly accountId: string;
      readonly login: string;
      readonly signIn: string;
      readonly transaction: LoginTransaction;
    }
  | {
      readonly kind: 'refused';
      readonly reason: HandOverRefusal;
      /** Login and route it was about, where that is known. */
      readonly login: string;
      readonly route: string;
    };

export type SignInSummary = {
  readonly id: string;
  readonly accountId: string;
  readonly login: string;
  readonly amr: readonly string[];
  readonly startedAt: Instant;
  readonly lastSeen: Instant;
  readonly address: string;
  readonly userAgent: string;
  readonly host: string;
};

/** Sign-ins and the handles (cookies, stored as a hash) that point to them. */
export type SessionStore = {
  /**
   * The session a handle points to on its host, with its account as it is now and what was proved when the handle was
   * made; undefined if there is none or it ended.
   */
  find(handleHash: string): Promise<Session | undefined>;
  /**
   * All state changes, the sign-in and the audit record, or nothing. 'conflict': a condition no longer holds, someone
   * was first. 'too-many': the account has its number of concurrent sign-ins and the policy refuses another.
   */
  commitSignIn(
    changes: readonly StateChange[],
    signIn: SignInWrite,
    event: AuditEvent,
  ): Promise<'committed' | 'conflict' | 'too-many'>;
  /** Keeps a hand-over code. */
  addHandOver(handOver: HandOver): Promise<void>;
  /**
   * Spends a hand-over code, whoever shows it: it comes out once. If everything about it holds, the sign-in gets a handle
   * on that host with all that was proved, in place of its older ones there, and the transaction is spent; else the code
   * is gone and nothing else happened. The event is appended in the same transaction, except for a code nobody issued.
   */
  redeem(redemption: Redemption, eventOf: (outcome: Redeemed) => AuditEvent): Promise<Redeemed>;
  /** Writes when sign-ins were last used, in one transaction. Never moves a time back. */
  touch(lastSeen: ReadonlyMap<string, Instant>): Promise<void>;
  list(filter: { readonly accountId?: string }, now: Instant): Promise<readonly SignInSummary[]>;
  /** Live sign-ins in the order of their identifiers. */
  page(
    filter: { readonly after: string | undefined; readonly limit: number; readonly accountId?: string },
    now: Instant,
  ): Promise<PageOf<SignInSummary>>;
  /** One live sign-in by its identifier. */
  findLive(id: string, now: Instant): Promise<SignInSummary | undefined>;
  /** How many sign-ins are live. */
  countLive(now: Instant): Promise<number>;
  /** Ends sign-ins: one, all of an account, or all. Answers how many ended. */
  revoke(which: { readonly id: string } | { readonly accountId: string } | 'all', event: AuditEvent): Promise<number>;
  /** Removes what expired before `now`: sign-ins, transactions, kept posts, stale attempts. */
  sweep(now: Instant, limits: { readonly idle: Milliseconds; readonly max: Milliseconds }): Promise<void>;
};

/** State changes of a verification that opens no session (`token test`, API, RADIUS): all or nothing. */
export type VerificationStore = {
  commit(changes: readonly StateChange[], event: AuditEvent): Promise<'committed' | 'conflict'>;
};

/** A text message on its way. The code in it is derived when it is sent; the row holds none. */
export type Message = {
  readonly id: string;
  readonly challengeId: string;
  readonly accountId: string;
  /** Number on file when it was asked for. */
  readonly to: string;
  readonly language: 'ko' | 'en' | 'ja';
  /** Host for the domain-bound last line; the empty string for none. */
  readonly host: string;
  readonly state: 'queued' | 'sending' | 'sent' | 'delivered' | 'failed';
  readonly tries: number;
  readonly nextAt: Instant;
  readonly provider: string;
  /** The provider's own identifier, for its receipt. */
  readonly reference: string;
  readonly createdAt: Instant;
};

/** Which limits a message has to keep, and whom it counts for. */
export type MessageLimits = Pick<SmsSettings['code'], 'perNumber' | 'perUser' | 'perAddress' | 'perDay' | 'budget'>;

/** Outstanding questions: created, tried, resent, voided. They are spent by a `StateChange`. */
export type ChallengeStore = {
  /**
   * Stores a challenge, voids older open ones bound to the same thing, and queues its message, in one transaction.
   * 'limited' with the moment it may be tried again where a limit of the message is reached: then nothing was written.
   * `message` absent: nothing is sent (an unknown login, or another method).
   */
  add(
    challenge: Challenge,
    message:
      | { readonly to: string; readonly language: 'ko' | 'en' | 'ja'; readonly host: string; readonly address: string }
      | undefined,
    limits: MessageLimits,
    event: AuditEvent,
  ): Promise<{ readonly kind: 'added' } | { readonly kind: 'limited'; readonly until: Instant }>;
  find(id: string): Promise<Challenge | undefined>;
  /** Counts one try before it is looked at, atomically: 'tried' while it is open, unexpired and has tries left. */
  reserveTry(id: string, now: Instant): Promise<'tried' | 'expired' | 'exhausted' | 'none'>;
  /** Queues the message again if `resendAfter` has passed and the limits allow; moves `resendAfter` on by `resend`. */
  resend(
    id: string,
    resend: Milliseconds,
    message:
      | { readonly to: string; readonly language: 'ko' | 'en' | 'ja'; readonly host: string; readonly address: string }
      | undefined,
    limits: MessageLimits,
    event: AuditEvent,
  ): Promise<
    { readonly kind: 'queued' } | { readonly kind: 'limited'; readonly until: Instant } | { readonly kind: 'gone' }
  >;
  cancel(id: string, event: AuditEvent): Promise<'cancelled' | 'gone'>;
};

/** Verifications that wait for more. Begun and advanced by a `StateChange`. */
export type PendingStore = {
  /** Undefined when unknown, spent or expired at `now`. */
  find(id: string, now: Instant): Promise<PendingVerification | undefined>;
};

/** Server-synchronised codes: one live code for each authenticator at a time. */
export type LiveCodeStore = {
  /**
   * Issues the next code of an active `server` authenticator: counter one up, every older one dead. 'limited' beyond
   * `LIVE_CODES_PER_MINUTE`.
   */
  issue(
    authenticatorId: string,
    code: {
      readonly nonce: Uint8Array;
      readonly contextHash: string;
      readonly boundTo: string;
      readonly ttl: Milliseconds;
    },
    event: AuditEvent,
  ): Promise<LiveCode | 'missing' | 'limited'>;
  /** The live codes of an account's active authenticators. */
  current(accountId: string, now: Instant): Promise<readonly LiveCode[]>;
  /** Counts a wrong try against live codes; at `LIVE_CODE_TRIES` a code is dead. */
  countWrong(ids: readonly string[], now: Instant): Promise<void>;
};

/** Recovery codes and temporary codes, as keyed digests. Spent by a `StateChange`. */
export type LookupStore = {
  /** Unused, unexpired codes. */
  list(accountId: string, now: Instant): Promise<readonly LookupCode[]>;
  /** Replaces every recovery code of the account. */
  replaceRecovery(accountId: string, macs: readonly string[], event: AuditEvent): Promise<void>;
  /** Adds a temporary code; an older unused one dies. */
  addTemporary(accountId: string, mac: string, expiresAt: Instant, event: AuditEvent): Promise<void>;
};

/** Keys of the API. Only a keyed digest of a secret is stored. */
export type ClientStore = {
  findKey(keyId: string): Promise<{ readonly client: ApiClient; readonly secretMac: string } | undefined>;
  list(): Promise<readonly ApiClient[]>;
  /** 'exists' if a client of this name has an active key. */
  add(client: ApiClient, secretMac: string, event: AuditEvent): Promise<'added' | 'exists'>;
  /** A new key with the same rights; the old ones end after `overlap`. */
  rotate(
    name: string,
    next: { readonly keyId: string; readonly secretMac: string },
    overlap: Milliseconds,
    event: AuditEvent,
  ): Promise<ApiClient | 'missing'>;
  /** Ends every key of the name at once. */
  revoke(name: string, event: AuditEvent): Promise<'revoked' | 'missing'>;
  /** Writes when keys were last used; never moves a time back. */
  touch(lastUsed: ReadonlyMap<string, Instant>): Promise<void>;
};

/** Answers kept so that a repeated call is answered the same (Idempotency-Key). */
export type IdempotencyStore = {
  /** Takes the key, atomically: exactly one caller hears 'new'. `scope` is the client's name and the operation. */
  begin(
    scope: string,
    key: string,
    bodyHash: string,
    now: Instant,
    ttl: Milliseconds,
  ): Promise<
    | { readonly kind: 'new' }
    | { readonly kind: 'stored'; readonly status: number; readonly body: string }
    | { readonly kind: 'mismatch' }
    | { readonly kind: 'in-progress' }
  >;
  /** Keeps the answer, sealed. */
  finish(scope: string, key: string, status: number, body: string): Promise<void>;
  /** Gives the key back: no decision was made. */
  abandon(scope: string, key: string): Promise<void>;
};

/** The queue of text messages. */
export type MessageStore = {
  /** Takes messages that are due, at most `limit`; a taken one is due again after `lease` should its taker die. */
  claim(limit: number, now: Instant, lease: Milliseconds): Promise<readonly Message[]>;
  sent(id: string, provider: string, reference: string, event: AuditEvent): Promise<void>;
  /** Not sent: to be tried again at a moment, or never. */
  failed(id: string, error: string, again: Instant | undefined, event: AuditEvent): Promise<void>;
  /** A provider's delivery receipt. */
  receipt(provider: string, reference: string, delivered: boolean, now: Instant): Promise<'noted' | 'unknown'>;
  find(id: string): Promise<Message | undefined>;
  /** Messages by state since a moment. */
  counts(since: Instant): Promise<Readonly<Record<Message['state'], number>>>;
};

/** Transaction authentication. Decided by a `StateChange`. */
export type PaymentStore = {
  add(payment: Payment, event: AuditEvent): Promise<void>;
  find(id: string): Promise<Payment | undefined>;
};

/** One hour's count of decisions of one sort. */
export type StatRow = {
  /** Beginning of the hour. */
  readonly hour: Instant;
  readonly app: string;
  readonly method: string;
  readonly channel: string;
  readonly result: 'accepted' | 'rejected' | 'locked' | 'challenged';
  readonly reason: string;
  readonly count: number;
};

/** Counters per hour, written with the audit record of the decision they count. */
export type StatStore = {
  read(filter: { readonly from: Instant; readonly to: Instant; readonly app?: string }): Promise<readonly StatRow[]>;
  /** Sums since the beginning, without the hour: for a scraper. */
  totals(): Promise<readonly Omit<StatRow, 'hour'>[]>;
};

/** Switches an administrator throws for a time. */
export type SwitchStore = {
  /** Until when the OTP service is declared down; undefined if it is not. */
  outageUntil(now: Instant): Promise<Instant | undefined>;
  /** `until` undefined ends it. */
  declareOutage(until: Instant | undefined, event: AuditEvent): Promise<void>;
  /** Routes that are open without sign-in, by name, and until when. */
  openings(now: Instant): Promise<ReadonlyMap<string, Instant>>;
  /** Sealed codes that were neither used nor voided and have not expired. */
  sealedCodes(now: Instant): Promise<readonly SealedCode[]>;
  sealCode(code: SealedCode, event: AuditEvent): Promise<void>;
  voidCode(hash: string, event: AuditEvent): Promise<'voided' | 'missing'>;
  /** Spends a sealed code and opens one of its routes: 'opened' for exactly one caller. At the event's time. */
  openRoute(
    opening: { readonly codeHash: string; readonly route: string; readonly until: Instant },
    event: AuditEvent,
  ): Promise<'opened' | 'refused'>;
  closeRoute(route: string, event: AuditEvent): Promise<'closed' | 'not-open'>;
};

/** A code that waits in an envelope: its SHA-256, and the routes it may open; `*` stands for every one. */
export type SealedCode = { readonly hash: string; readonly routes: readonly string[]; readonly until: Instant };

/** A sign-in in progress. It proves nothing and opens nothing. */
export type LoginTransaction = {
  readonly id: string;
  /** SHA-256 of the browser cookie it is bound to. */
  readonly browserHash: string;
  readonly host: string;
  readonly route: string;
  /** Path and query to return to, on the same host. */
  readonly returnTo: string;
  readonly need: readonly Factor[];
  /** The sign-in that has to rise (step-up), if there is one. */
  readonly riseFrom: string | undefined;
  readonly keptPost: string | undefined;
  /** Method of the request that has to wait. */
  readonly method?: string | undefined;
  /** Where people sign in on the portal: the origin of this host, to which the browser comes back. */
  readonly origin?: string | undefined;
  /** On the portal: the transaction of another host that this one is for. */
  readonly onBehalfOf?: string | undefined;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
};

/** A form POST that met no session, sealed with a key that only the browser's cookie holds. */
export type KeptPost = {
  readonly id: string;
  readonly browserHash: string;
  /** If an expired session came with the post, only its account is offered it. */
  readonly accountId: string | undefined;
  readonly host: string;
  readonly target: string;
  readonly contentType: string;
  readonly sealedBody: Uint8Array;
  readonly size: number;
  readonly expiresAt: Instant;
};

/** Login transactions, kept posts and known browsers: state of a browser that is not (yet) a session. */
export type BrowserStore = {
  addTransaction(transaction: LoginTransaction): Promise<void>;
  /** Undefined when unknown, spent or expired at `now`. Expiry is compared here, not left to a sweeper. */
  findTransaction(id: string, now: Instant): Promise<LoginTransaction | undefined>;
  keep(post: KeptPost): Promise<void>;
  findKept(id: string, now: Instant): Promise<KeptPost | undefined>;
  /** Spends a kept post: 'spent' for exactly one caller. */
  spendKept(id: string, now: Instant): Promise<'spent' | 'gone'>;
  /** True if this browser completed a sign-in of this account before. */
  isKnown(browserHash: string, accountId: string): Promise<boolean>;
  remember(browserHash: string, accountId: string, now: Instant): Promise<void>;
};

/** The account that an expired or ended handle belonged to, for offering a kept post to the same person only. */
export type ExpiredSessions = {
  ownerOf(handleHash: string): Promise<{ accountId: string; revoked: boolean } | undefined>;
};

/** The hash chain. Every write that matters appends in its own transaction; this is for reading, checking and lone events. */
export type AuditLog = {
  append(event: AuditEvent): Promise<void>;
  read(filter: {
    readonly after?: number;
    readonly limit: number;
    readonly login?: string;
    readonly kind?: string;
    readonly request?: string;
    readonly newestFirst?: boolean;
  }): Promise<readonly AuditRecord[]>;
  /** Newest first; `after` is the `seq` of the last record of the page before, as text. `from` and `to` are within. */
  page(filter: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly login?: string;
    readonly kind?: string;
    readonly request?: string;
    readonly from?: Instant;
    readonly to?: Instant;
  }): Promise<PageOf<AuditRecord>>;
  /** Walks the chain and compares its end with the sealed head file. */
  verify(): Promise<
    | { readonly ok: true; readonly records: number }
    | { readonly ok: false; readonly seq: number; readonly problem: string }
  >;
};

/** Told of changes that other processes made, so that caches and open connections follow within a second. */
export type ChangeFeed = { onChange(listener: () => void): () => void };

/** Seals small secrets bound to a row (AEAD; the context is additional data). */
export type Sealer = {
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** Throws if the key is unknown or the bytes or the context were changed. */
  open(sealed: Uint8Array, context: string): Uint8Array;
};

/** Signs identity assertions (JWT). `publicKeys` is the JWK set of every key still valid. */
export type AssertionSigner = {
  sign(claims: Readonly<Record<string, unknown>>, now: Instant): Promise<string>;
  publicKeys(now: Instant): { readonly keys: readonly Readonly<Record<string, unknown>>[] };
};

/** A request that did not simply pass, kept for some weeks so that its number can be explained. */
export type RecordedRequest = {
  readonly id: string; // ULID
  readonly at: Instant;
  readonly method: string;
  readonly url: string; // scheme://host[:port]/path, query values removed
  readonly address: string;
  readonly login: string;
  readonly have: Proofs;
  readonly status: number;
  readonly outcome: string; // the tag and reason of the decision
};

/** Requests that can be looked up by the number on a page. Recording never delays an answer and may drop under flood. */
export type RequestLog = {
  record(request: RecordedRequest): void;
  /** The newest request with this number (`K7QF-2M9D`, hyphen and case optional). */
  find(number: string): Promise<RecordedRequest | undefined>;
  flush(): Promise<void>;
};

/** What a page says. The door that answers decides the status; texts, language and layout belong to the renderer. */
export type Page =
  | {
      readonly kind: 'denied';
      readonly route: Route;
      readonly reason: DenyReason;
      readonly session: Session | undefined;
    }
  | { readonly kind: 'no-route'; readonly session: Session | undefined }
  | { readonly kind: 'unknown-host' }
  | { readonly kind: 'bad-request'; readonly code: string }
  | { readonly kind: 'method-refused' }
  | { readonly kind: 'too-large'; readonly max: number }
  | { readonly kind: 'too-many'; readonly retryAt: Instant }
  | { readonly kind: 'foreign-origin' }
  | {
      readonly kind: 'upstream';
      readonly route: Route;
      readonly cause: 'unreachable' | 'timeout' | 'broken';
      readonly signedIn: boolean;
      readonly retry: 'link' | 'resubmit';
    }
  | {
      readonly kind: 'post-not-kept';
      readonly why: 'too-large' | 'revoked' | 'off' | 'cross-site';
      readonly loginUrl: string;
    }
  /** A request that no page can answer (a script, an API client) needs a sign-in or more factors: 401 with the address. */
  | {
      readonly kind: 'sign-in-required';
      readonly code: 'sign_in_required' | 'step_up_required';
      readonly loginUrl: string;
    }
  /** The application is closed for a while, in the words of whoever closed it. */
  | {
      readonly kind: 'maintenance';
      readonly route: Route;
      readonly text: LocalText;
      /** When it should be over. */
      readonly until: Instant | undefined;
    }
  | { readonly kind: 'unavailable' };

/** What the renderer needs to know of the request: for language, footer and links. */
export type PageContext = {
  readonly requestId: string;
  readonly host: string;
  readonly path: string;
  /** Query of the request, for `?lang=`. */
  readonly query: string;
  readonly acceptLanguage: string | undefined;
  readonly cookie: string | undefined;
  readonly now: Instant;
};

/** Renders our own pages and problem documents (RFC 9457); the same texts for both. */
export type Pages = {
  html(
    page: Page,
    status: number,
    context: PageContext,
  ): { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  problem(
    page: Page,
    status: number,
    context: PageContext,
  ): { readonly headers: Readonly<Record<string, string>>; readonly body: string };
};

/** The keys at rest: data keys wrapped by the master key, one active, older ones kept for opening. */
export type KeyRing = {
  status(): Promise<{
    readonly sealing: readonly {
      readonly id: string;
      readonly active: boolean;
      readonly cipher: SealingCipher;
      readonly createdAt: Instant;
      readonly seals: number;
    }[];
    readonly signing: readonly {
      readonly id: string;
      readonly algorithm: string;
      readonly active: boolean;
      readonly createdAt: Instant;
      readonly retiresAt: Instant | undefined;
    }[];
  }>;
  /**
   * Makes a new sealing key (of the cipher the policy names), seals every seed anew with it in small steps while others
   * read and write, and a new signing key; old signing keys stay published for the overlap.
   */
  rotate(event: AuditEvent): Promise<{ readonly resealed: number }>;
};

/** SHA-256 and keyed digests of short texts, in base64url. */
export type Digests = {
  /** Of a cookie value, for looking it up: never stored or logged in clear. */
  hash(text: string): string;
  /** Keyed, with a key of its own for each purpose (HKDF from the master key). */
  mac(purpose: 'csrf' | 'kept-post' | 'api-key' | 'lookup-code' | 'cursor', text: string): string;
  /** Digits derived from a text with a key of its own: the code of an SMS challenge. Uniform to one part in 2^40. */
  code(text: string, digits: 6 | 8): string;
  /** True if two texts are equal; takes the same time wherever they differ. */
  equal(left: string, right: string): boolean;
  /** Seals with a key that is derived from a secret only the browser holds. */
  sealFor(browserSecret: string, plain: Uint8Array, context: string): Uint8Array;
  openFor(browserSecret: string, sealed: Uint8Array, context: string): Uint8Array;
};

/** The opened house: every port, ready, on one database and one set of keys. */
export type House = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly digests: Digests;
  readonly hasher: SecretHasher;
  readonly signer: AssertionSigner;
  readonly keys: KeyRing;
  readonly accounts: AccountStore;
  readonly authenticators: AuthenticatorStore;
  readonly attempts: AttemptStore;
  readonly sessions: SessionStore;
  readonly verifications: VerificationStore;
  readonly browsers: BrowserStore;
  readonly expired: ExpiredSessions;
  readonly challenges: ChallengeStore;
  readonly pending: PendingStore;
  readonly liveCodes: LiveCodeStore;
  readonly lookups: LookupStore;
  readonly clients: ClientStore;
  readonly idempotency: IdempotencyStore;
  readonly messages: MessageStore;
  readonly payments: PaymentStore;
  readonly stats: StatStore;
  readonly switches: SwitchStore;
  readonly audit: AuditLog;
  readonly changes: ChangeFeed;
  readonly requests: RequestLog;
  close(): Promise<void>;
};

/** A data key as the database keeps it: sealed under the master key, with a canary sealed under the key itself. */
export type WrappedKey = {
  readonly id: string;
  readonly wrapped: Uint8Array;
  readonly canary: Uint8Array;
  /** What is sealed with it. */
  readonly cipher: SealingCipher;
};

/** What the stores need of cryptography. They see no key; an opened seed goes straight into `bindCode`. */
export type Vault = {
  /** SHA-256 in base64url. */
  hash(content: string | Uint8Array): string;
  /** Keyed digest in base64url, with a key of its own for each purpose. */
  mac(purpose: 'attempt' | 'audit-head' | 'message-number' | 'seed', text: string): string;
  newDataKey(cipher: SealingCipher): WrappedKey;
  /** Throws if the master key is not the one they were wrapped with. */
  openDataKeys(keys: readonly WrappedKey[], activeId: string): Sealer;
  bindCode(seed: Uint8Array, parameters: Pick<Authenticator, 'algorithm' | 'digits'>): (movingFactor: number) => string;
  bindResponse(seed: Uint8Array, suite: string): (input: OcraInput) => string;
};

/** The signing keys in their folder, beside the signer that uses them. */
export type SigningKeys = {
  status(now: Instant): Awaited<ReturnType<KeyRing['status']>>['signing'];
  /** Makes a new signing key. It signs once it has been published long enough for caches of the key set to expire. */
  rotate(now: Instant): Promise<void>;
};

/** One file inside a backup. */
export type ArchiveEntry = { readonly name: string; readonly content: Uint8Array };

/** Packs files into one sealed backup and opens it again. */
export type Archive = {
  /** True if the archive opens with a pass-phrase and therefore has to bring the master key along. */
  readonly carriesMasterKey: boolean;
  seal(entries: readonly ArchiveEntry[], about: Readonly<Record<string, string | number>>): Uint8Array;
  /** Throws if the key is another one or a byte was changed. */
  open(bytes: Uint8Array): {
    readonly entries: readonly ArchiveEntry[];
    readonly about: Readonly<Record<string, string | number>>;
  };
};

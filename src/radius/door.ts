import type { Policy, RadiusClient } from '../core/policy.ts';
import { encodeUlid, requestNumber } from '../core/request-number.ts';
import type { Instant } from '../core/time.ts';
import { auditEvent } from '../flows/origin.ts';
import type { AuditLog, Clock, Log, Random } from '../ports.ts';
import { Access, type Decision, reject, type Verifier } from './access.ts';
import { type AccessRequest, readAccessRequest } from './access-request.ts';
import { createClientTable, type FindClient, type KnownClient } from './clients.ts';
import { Complaints, remedyFor } from './complaints.ts';
import { type Counter, type Counts, zeroCounts } from './counters.ts';
import { Duplicates, duplicateKey } from './duplicates.ts';
import { type SharedSecret, sealReply } from './integrity.ts';
import { ATTRIBUTE, CODE, decodePacket, firstValue, type NewAttribute, type Packet } from './packet.ts';
import { Rates } from './rate.ts';
import { SoftDuplicates } from './soft-duplicates.ts';
import { faultOf } from './soundness.ts';

/** Packets in work at once. What comes beyond is not answered: the client sends it again. */
const IN_WORK_MAX = 512;

/** Where a packet came from. */
export type Source = {
  readonly address: string;
  /** Replaces the client's secret (RFC 6614 §2.3). */
  readonly secret?: SharedSecret;
};

/** What becomes of a packet. A connection that brings an unsound one is closed (RFC 6613 §2.6.4). */
export type Received =
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  | { readonly kind: 'silence' }
  | { readonly kind: 'unsound' };

const SILENCE: Received = { kind: 'silence' };
const UNSOUND: Received = { kind: 'unsound' };

export type DoorParts = {
  readonly policy: () => Policy;
  readonly verifier: Verifier;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** The way of one packet, whatever it travelled on. What is not to be answered is counted and dropped without a word. */
export class RadiusDoor {
  readonly counts: Counts = zeroCounts();
  readonly #parts: DoorParts;
  readonly #access: Access;
  readonly #duplicates = new Duplicates();
  readonly #soft: SoftDuplicates<Decision | undefined>;
  readonly #rates = new Rates();
  readonly #complaints = new Complaints();
  readonly #inWork = new Set<Promise<unknown>>();
  #clients: { readonly of: readonly RadiusClient[]; readonly find: FindClient } | undefined;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#access = new Access(parts.verifier, parts.log);
    this.#soft = new SoftDuplicates(parts.random.bytes(32));
  }

  /** True if an address is a client's. */
  knows(address: string): boolean {
    return this.#find(address) !== undefined;
  }

  async receive(datagram: Buffer, source: Source): Promise<Received> {
    const now = this.#parts.clock.now();
    const found = this.#find(source.address);
    if (found === undefined) return this.#drop('unknown_client', source, now);
    const known = source.secret === undefined ? found : { ...found, secret: source.secret };
    const packet = decodePacket(datagram);
    if (packet === undefined) return this.#drop('malformed', source, now, known.client);
    const fault = faultOf(packet, known, this.#parts.policy().radius.accounting);
    if (fault !== undefined) return this.#drop(fault, source, now, known.client, packet);
    if (packet.code === CODE.accessRequest) return this.#answerOnce(packet, known, source, now);
    if (!this.#rates.take(known.client.name, known.client.rate.client, now)) {
      return this.#drop('rate_client', source, now, known.client, packet);
    }
    return packet.code === CODE.statusServer ? this.#status(packet, known) : this.#account(packet, known);
  }

  /** Settles when nothing is in work any more. */
  async settled(): Promise<void> {
    while (this.#inWork.size > 0) await Promise.allSettled(this.#inWork);
  }

  #find(address: string): KnownClient | undefined {
    const { clients } = this.#parts.policy().radius;
    if (this.#clients?.of !== clients) this.#clients = { of: clients, find: createClientTable(clients) };
    return this.#clients.find(address);
  }

  async #answerOnce(packet: Packet, known: KnownClient, source: Source, now: Instant): Promise<Received> {
    const { client, secret } = known;
    const key = duplicateKey(packet, secret, source.address);
    const seen = this.#duplicates.take(client.name, key, now);
    if (seen.kind === 'in-progress') return this.#count('in_progress');
    if (seen.kind === 'answered') {
      this.counts.duplicates += 1;
      return { kind: 'reply', bytes: seen.reply };
    }
    const received = await this.#tracked(this.#answer(packet, known, source, now));
    if (received.kind === 'reply') this.#duplicates.answer(client.name, key, received.bytes);
    else this.#duplicates.forget(client.name, key);
    return received;
  }

  async #answer(packet: Packet, known: KnownClient, source: Source, now: Instant): Promise<Received> {
    const { client } = known;
    const drop = (reason: Counter): Received => this.#drop(reason, source, now, client, packet);
    if (this.#inWork.size >= IN_WORK_MAX) return drop('overloaded');
    if (!this.#rates.take(client.name, client.rate.client, now)) return drop('rate_client');
    try {
      const decision = await this.#decide(packet, known, source.address, now);
      if (typeof decision === 'string') return drop(decision);
      return { kind: 'reply', bytes: this.#seal(packet, known, decision) };
    } catch (breakage) {
      this.#parts.log.error('radius', { client: client.name, error: String(breakage) });
      return this.#count('broken');
    }
  }

  async #decide(packet: Packet, known: KnownClient, source: string, now: Instant): Promise<Decision | Counter> {
    const { client } = known;
    const language = this.#parts.policy().pages.languages[0] ?? 'en';
    const access = readAccessRequest(packet, known, source);
    if (access === 'malformed') return access;
    if (typeof access === 'string') {
      if (access !== 'login') this.#complain(`unreadable: ${access}`, source, now, client, REMEDIES[access]);
      return reject(language);
    }
    const request = requestNumber(encodeUlid(now, this.#parts.random.bytes(10)));
    const decide = async (): Promise<Decision | undefined> =>
      this.#rates.take(`${client.name} ${access.login}`, client.rate.user, now)
        ? this.#access.decide(access, { client, source, now, request, language })
        : undefined;
    // CHAP hides what was asked: nothing can be recognised in it. And who asks has to be certain.
    const life = client.requireMessageAuthenticator && access.typed.kind === 'pap' ? client.softDuplicate : 0;
    const decision = await this.#soft.once(questionOf(client, source, access), now, life, decide);
    return decision ?? 'rate_user';
  }

  /** The reply to one packet: what was decided, and its Proxy-State unmodified and in order (RFC 2865 §5.33). */
  #seal(packet: Packet, { client, secret }: KnownClient, decision: Decision): Buffer {
    const echoed = proxyStates(packet);
    try {
      const bytes = sealReply(packet, secret, decision.code, [...decision.attributes, ...echoed]);
      this.counts[COUNTER_OF[decision.code]] += 1;
      return bytes;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#parts.log.error('radius.reply', { client: client.name, error: error.message });
      this.counts.rejects += 1;
      return sealReply(packet, secret, CODE.accessReject, echoed);
    }
  }

  /** RFC 5997 §4: alive, said as an Access-Accept without anything in it. */
  #status(packet: Packet, { secret }: KnownClient): Received {
    this.counts.status_server += 1;
    return { kind: 'reply', bytes: sealReply(packet, secret, CODE.accessAccept, proxyStates(packet)) };
  }

  /** RFC 2866 §2: acknowledged once it is recorded, here in the log. */
  #account(packet: Packet, { client, secret }: KnownClient): Received {
    const status = firstValue(packet, ATTRIBUTE.acctStatusType);
    const session = firstValue(packet, ATTRIBUTE.acctSessionId)?.toString('utf8');
    const what = status?.length === 4 ? status.readUInt32BE(0) : undefined;
    this.#parts.log.info('radius.accounting', { client: client.name, status: what, session });
    this.counts.accounting += 1;
    const messageAuthenticator = firstValue(packet, ATTRIBUTE.messageAuthenticator) !== undefined;
    const attributes = proxyStates(packet);
    const bytes = sealReply(packet, secret, CODE.accountingResponse, attributes, { messageAuthenticator });
    return { kind: 'reply', bytes };
  }

  #count(reason: Counter): Received {
    this.counts[reason] += 1;
    return SILENCE;
  }

  #drop(reason: Counter, source: Source, now: Instant, client?: RadiusClient, packet?: Packet): Received {
    this.counts[reason] += 1;
    this.#complain(reason, source.address, now, client, remedyFor(reason, packet));
    return AUTHENTIC.has(reason) ? SILENCE : UNSOUND;
  }

  /** One line an hour, and one audit record where it concerns a client. */
  #complain(
    reason: string,
    address: string,
    now: Instant,
    client: RadiusClient | undefined,
    remedy: string | undefined,
  ): void {
    if (!this.#complaints.maySpeak(`${client?.name ?? address} ${reason}`, now)) return;
    const { log, audit } = this.#parts;
    log.warn('radius.refused', { reason, address, client: client?.name, remedy });
    if (client === undefined) return;
    const origin = { actor: 'system', address, request: '' };
    const written = audit.append(auditEvent('radius.refused', now, origin, { reason, route: client.name }));
    void this.#tracked(written.catch((breakage: unknown) => log.error('radius.audit', { error: String(breakage) })));
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    const done = work.finally(() => this.#inWork.delete(done));
    this.#inWork.add(done);
    return done;
  }
}

const COUNTER_OF = {
  [CODE.accessAccept]: 'accepts',
  [CODE.accessReject]: 'rejects',
  [CODE.accessChallenge]: 'challenges',
} as const satisfies Record<Decision['code'], Counter>;

/** What to do where a sound packet holds no password that can be read. */
const REMEDIES = {
  eap: 'EAP is not spoken: let the client use PAP',
  password: 'the shared secret may differ, or the password is not UTF-8',
  chap: 'let the client use PAP; CHAP needs chap: true and auth: id+otp',
} as const;

/** Reasons for silence towards a packet that was sound. */
const AUTHENTIC: ReadonlySet<Counter> = new Set(['rate_client', 'rate_user', 'overloaded', 'accounting_off']);

const proxyStates = (packet: Packet): readonly NewAttribute[] =>
  packet.attributes.filter(({ type }) => type === ATTRIBUTE.proxyState);

const questionOf = (
  client: RadiusClient,
  source: string,
  { login, typed, state }: AccessRequest,
): readonly string[] => [
  client.name,
  source,
  login,
  typed.kind === 'pap' ? typed.text : '',
  state?.toString('base64') ?? '',
];

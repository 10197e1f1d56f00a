import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Language, ListenAddress, Policy } from '../../core/policy.ts';
import { SECOND } from '../../core/time.ts';
import type { HashingPlaces } from '../../crypto/password.ts';
import { auditEvent } from '../../flows/origin.ts';
import { RateLimits } from '../../gateway/rate.ts';
import type { House } from '../../ports.ts';
import { Census } from './census.ts';
import { deathsAfter, type Exit, Member, pauseBefore } from './member.ts';
import type { ConfigSource, OpenedOnce, Question, Report, ToPrimary } from './messages.ts';
import { sumOf, type Totals } from './totals.ts';

/** How long workers may take to read a configuration before a reload is refused. */
const PREPARING = 10 * SECOND;

/** What a worker may take to end, beside the time it drains for, before it is killed. */
const ENDING = 10 * SECOND;

export type CrewParts = {
  readonly size: number;
  readonly house: Pick<House, 'clock' | 'log' | 'audit'>;
  /** The policy in force. */
  readonly policy: () => Policy;
  readonly places: HashingPlaces;
  readonly language: Language;
  readonly opened: OpenedOnce;
};

type Vote = { readonly digest: string; readonly open: Set<Member>; settle(fault: string | undefined): void };

/** The worker processes of a server: started, watched, started again, reloaded together, drained together. */
export class Crew {
  readonly #parts: CrewParts;
  readonly #members = new Map<number, Member>();
  readonly #deaths = new Map<number, number>();
  readonly #rates = new RateLimits();
  readonly #census: Census;
  readonly #waiting = new Set<NodeJS.Timeout>();
  #source: ConfigSource;
  #past: readonly Report[] = [];
  #vote: Vote | undefined;
  #start: PromiseWithResolvers<readonly ListenAddress[]> | undefined = Promise.withResolvers();
  #stopped: (() => void) | undefined;

  constructor(parts: CrewParts, source: ConfigSource) {
    this.#parts = parts;
    this.#source = source;
    this.#census = new Census(() => parts.policy().server.limits);
  }

  /** Starts every worker. Resolves with the gateway's addresses when all of them listen; rejects if one of them cannot. */
  start(): Promise<readonly ListenAddress[]> {
    // Each connection goes to the next worker in turn: left to the system, a few would get most of them.
    cluster.schedulingPolicy = cluster.SCHED_RR;
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    cluster.setupPrimary({ exec: fileURLToPath(new URL(`./entry.${extension}`, import.meta.url)), args: [] });
    const starting = this.#start?.promise ?? Promise.reject(new Error('started twice'));
    for (let slot = 1; slot <= this.#parts.size; slot++) this.#fork(slot);
    return starting;
  }

  /** How many workers accept connections. */
  get listening(): number {
    return [...this.#members.values()].filter((member) => member.isUp).length;
  }

  /** What all workers used and counted, those that ended included. Up to a second old. */
  totals(): Totals {
    const living = [...this.#members.values()].flatMap(({ report }) => (report === undefined ? [] : [report]));
    return { ...sumOf(living, this.#past), workers: this.listening };
  }

  /** Has every worker read a configuration without using it. Answers why one of them cannot, if so. */
  prepare(source: ConfigSource): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const open = new Set([...this.#members.values()].filter(({ isGone }) => !isGone));
    const timer = setTimeout(() => this.#vote?.settle('a worker did not answer'), PREPARING);
    this.#vote = {
      digest: source.digest,
      open,
      settle: (fault) => {
        clearTimeout(timer);
        this.#vote = undefined;
        if (fault !== undefined) this.#tellAll({ kind: 'abandon', digest: source.digest });
        resolve(fault);
      },
    };
    for (const member of open) member.say({ kind: 'prepare', source });
    if (open.size === 0) this.#vote.settle(undefined);
    return promise;
  }

  /** Puts what was prepared in force everywhere; workers that are started later begin with it. */
  commit(source: ConfigSource): void {
    this.#source = source;
    this.#tellAll({ kind: 'commit', source });
  }

  /** Lets every worker drain and end. Resolves when none is left. */
  async close(): Promise<void> {
    for (const timer of this.#waiting) clearTimeout(timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stopped = resolve;
    if (this.#members.size === 0) return;
    this.#tellAll({ kind: 'stop' });
    const timer = setTimeout(() => this.#killAll(), this.#parts.policy().server.drain + ENDING);
    await promise;
    clearTimeout(timer);
  }

  /** Ends a drain that is under way. */
  cut(): void {
    this.#tellAll({ kind: 'cut' });
  }

  #tellAll(word: Parameters<Member['say']>[0]): void {
    for (const member of this.#members.values()) member.say(word);
  }

  #killAll(): void {
    for (const member of this.#members.values()) member.kill();
  }

  #fork(slot: number): void {
    const member = new Member(slot, cluster.fork(), this.#parts.house.clock.now(), {
      heard: (word, from) => this.#hear(word, from),
      lost: (exit, from) => this.#onLost(exit, from),
    });
    this.#members.set(slot, member);
    const { language, opened } = this.#parts;
    member.say({ kind: 'begin', slot, language, opened, source: this.#source });
  }

  #hear(word: ToPrimary, member: Member): void {
    switch (word.kind) {
      case 'up':
        member.isUp = true;
        this.#parts.house.log.info('server.worker-up', { worker: member.slot, pid: member.worker.process.pid });
        this.#onUp(word.addresses);
        return;
      case 'failed':
        this.#onFailed(word.message, member);
        return;
      case 'prepared':
        if (this.#vote?.digest === word.digest) this.#count(member, word.fault);
        return;
      case 'ask':
        this.#answer(word.id, word.question, member);
        return;
      case 'leave-place':
        member.places.shift()?.();
        return;
      case 'opened': {
        const status = this.#census.opened(member.worker.id, word.id, word.address);
        if (status !== undefined) member.say({ kind: 'turn-away', id: word.id, status });
        return;
      }
      case 'closed':
        this.#census.closed(member.worker.id, word.id);
        return;
      case 'report':
        member.report = word.report;
    }
  }

  #answer(id: number, question: Question, member: Member): void {
    if (question.kind === 'rate') {
      const { route, rate, who } = question;
      const retryAt = this.#rates.takeFrom(route, rate, who, this.#parts.house.clock.now());
      member.say({ kind: 'answer', id, answer: retryAt ?? null });
      return;
    }
    this.#parts.places.take().then(
      (leave) => {
        if (member.isGone) leave();
        else member.places.push(leave);
        member.say({ kind: 'answer', id, answer: 'taken' });
      },
      () => member.say({ kind: 'answer', id, answer: 'busy' }),
    );
  }

  #onUp(addresses: readonly ListenAddress[]): void {
    if (this.listening < this.#parts.size) return;
    this.#start?.resolve(addresses);
    this.#start = undefined;
  }

  #onFailed(message: string, { slot }: Member): void {
    this.#parts.house.log.error('server.worker-failed', { worker: slot, error: message });
    this.#giveUpStarting(message);
  }

  /** A server that cannot start with all of its workers does not start. */
  #giveUpStarting(message: string): void {
    if (this.#start === undefined) return;
    this.#start.reject(new Error(message));
    this.#start = undefined;
    this.#stopped ??= () => undefined;
    this.#killAll();
  }

  #count(member: Member, fault: string | undefined): void {
    const { slot } = member;
    if (fault !== undefined) this.#parts.house.log.error('config.worker-refused', { worker: slot, fault });
    this.#vote?.open.delete(member);
    if (fault !== undefined) this.#vote?.settle(fault);
    else if (this.#vote?.open.size === 0) this.#vote.settle(undefined);
  }

  #onLost(exit: Exit, member: Member): void {
    this.#members.delete(member.slot);
    this.#census.lost(member.worker.id);
    if (member.report !== undefined) this.#past = [sumOf([], [...this.#past, member.report])];
    // Whoever replaces it begins with what is in force by then.
    if (this.#vote?.open.has(member) === true) this.#count(member, undefined);
    if (this.#stopped !== undefined) {
      if (this.#members.size === 0) this.#stopped();
      return;
    }
    this.#giveUpStarting(`worker ${member.slot} ended while it started`);
    if (this.#stopped === undefined) this.#replace(exit, member);
  }

  #replace({ code, signal }: Exit, { slot, startedAt, worker }: Member): void {
    const { log, audit, clock } = this.#parts.house;
    const deaths = deathsAfter(this.#deaths.get(slot) ?? 0, clock.now() - startedAt);
    this.#deaths.set(slot, deaths);
    const pause = pauseBefore(deaths);
    const detail = { worker: slot, pid: worker.process.pid ?? 0, code: code ?? -1, signal: signal ?? '', pause };
    log.error('server.worker-lost', detail);
    audit
      .append(auditEvent('server.worker-lost', clock.now(), { actor: 'system', address: '', request: '' }, { detail }))
      .catch((breakage: unknown) => log.error('audit.append', { error: String(breakage) }));
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.#fork(slot);
    }, pause);
    this.#waiting.add(timer);
  }
}

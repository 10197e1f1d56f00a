import { type StatsListener, unwatchFile, watchFile } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { endsSoon, wildcardOf } from '../../core/access/certificate.ts';
import type { TlsCertificate } from '../../core/policy.ts';
import { DAY, HOUR, type Instant } from '../../core/time.ts';
import type { Log } from '../../ports.ts';
import { makePair, readPair, type TlsPair } from './tls-pairs.ts';

/** How often the files are looked at. */
const LOOK = 500;

/** Certificate and key are written one after the other: how long after the first of them both are read. */
const SETTLE = 200;

/** Contexts are made anew this often, and with them the keys of session tickets. */
const LIFE = 12 * HOUR;

/** Certificates in force together. */
export type CertificateSet = {
  /** For clients that name no host, or one that nobody names. */
  readonly first: TlsPair;
  /** Contexts by the names and wildcards of their certificates; the first certificate with a name has it. */
  readonly byName: ReadonlyMap<string, SecureContext>;
  readonly isSingle: boolean;
  readonly texts: string;
};

/** The context for a client that named this host (RFC 6066 §3). */
export function contextFor({ first, byName }: CertificateSet, host: string): SecureContext {
  const name = host.toLowerCase();
  return byName.get(name) ?? byName.get(wildcardOf(name) ?? '') ?? first.context;
}

/**
 * The certificates of the listeners, kept up to date with their files. What cannot be used is logged and never takes the
 * place of what can: a pair that does not fit, has expired or cannot be read leaves the one before in force.
 */
export class Certificates {
  readonly #log: Log;
  readonly #clock: { now(): Instant };
  readonly #watched = new Set<string>();
  readonly #onChange: StatsListener = () => this.#settle();
  readonly #rotation: NodeJS.Timeout;
  #source: readonly TlsCertificate[];
  #loaded: CertificateSet | undefined;
  #refused = '';
  #timer: NodeJS.Timeout | undefined;

  /** Throws if one of the certificates cannot be used. An empty list is fine and holds nothing. */
  constructor(source: readonly TlsCertificate[], log: Log, clock: { now(): Instant }) {
    this.#log = log;
    this.#clock = clock;
    this.#source = source;
    if (source.length > 0) this.#loaded = this.#make(source);
    this.#watch();
    this.#rotation = setInterval(() => this.#load(true), LIFE).unref();
  }

  /** What is in force; undefined if there is no certificate. It is another object after every change. */
  get current(): CertificateSet | undefined {
    return this.#loaded;
  }

  /** Takes over the list of a configuration that was loaded since; the same list costs nothing. */
  follow(source: readonly TlsCertificate[]): void {
    if (source === this.#source) return;
    this.#source = source;
    this.#watch();
    this.#load(true);
  }

  close(): void {
    clearInterval(this.#rotation);
    clearTimeout(this.#timer);
    this.#source = [];
    this.#watch();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(false), SETTLE).unref();
  }

  #load(always: boolean): void {
    if (this.#source.length === 0) return;
    try {
      const loaded = this.#make(this.#source, always ? undefined : this.#loaded?.texts);
      if (loaded === undefined) return;
      this.#loaded = loaded;
      this.#refused = '';
      this.#log.info('tls.loaded', { certificates: this.#source.length });
    } catch (fault) {
      const error = fault instanceof Error ? fault.message : String(fault);
      if (error !== this.#refused) this.#log.error('tls.refused', { error, kept: this.#loaded !== undefined });
      this.#refused = error;
    }
  }

  #make(source: readonly TlsCertificate[]): CertificateSet;
  #make(source: readonly TlsCertificate[], unless: string | undefined): CertificateSet | undefined;
  #make(source: readonly TlsCertificate[], unless?: string): CertificateSet | undefined {
    const now = this.#clock.now();
    const read = source.map((certificate) => ({
      file: certificate.cert,
      texts: attempt(certificate.cert, () => readPair(certificate)),
    }));
    const texts = JSON.stringify(read);
    if (texts === unless) return undefined;
    const pairs = read.map((each) => attempt(each.file, () => makePair(each.file, each.texts, now)));
    for (const pair of pairs) this.#warnOfEnd(pair, now);
    const byName = new Map<string, SecureContext>();
    for (const { names, context } of pairs) for (const name of names) if (!byName.has(name)) byName.set(name, context);
    const [first] = pairs;
    if (first === undefined) throw new Error('no certificate');
    return { first, byName, isSingle: pairs.length === 1, texts };
  }

  #warnOfEnd(pair: TlsPair, now: Instant): void {
    if (!endsSoon(pair, now)) return;
    this.#log.warn('tls.certificate-ends', { file: pair.file, days: Math.floor((pair.until - now) / DAY) });
  }

  /** Polls the files: a change is seen however they are written, replaced or linked. */
  #watch(): void {
    const files = new Set(
      this.#source.flatMap(({ cert, keyFile }) => (keyFile === undefined ? [cert] : [cert, keyFile])),
    );
    for (const file of this.#watched) {
      if (files.has(file)) continue;
      unwatchFile(file, this.#onChange);
      this.#watched.delete(file);
    }
    for (const file of files) {
      if (this.#watched.has(file)) continue;
      watchFile(file, { interval: LOOK, persistent: false }, this.#onChange);
      this.#watched.add(file);
    }
  }
}

/** What went wrong, with the file it went wrong with. */
function attempt<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (fault) {
    throw new Error(`${file}: ${fault instanceof Error ? fault.message : String(fault)}`, { cause: fault });
  }
}

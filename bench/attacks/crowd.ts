/** Many connections from many addresses, and what became of them. */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { AttackerResult, AttackerSettings } from './attacker-client.ts';

/** Connections from one loopback address: below what the gateway allows one address. */
const PER_ADDRESS = 200;

/** Beginnings at one time, so that the backlog of the listener is not what is measured. */
const AT_ONCE = 100;

export class Crowd {
  readonly #settings: AttackerSettings;
  readonly #open = new Set<Socket>();
  readonly #begun = new Set<Socket>();
  readonly #answers = new Map<string, number>();
  #opened = 0;
  #closedByGateway = 0;
  #bytesRead = 0;
  #lastOpenedAt = 0;
  #allClosedAt: number | undefined;
  #stopped = false;
  readonly #startedAt = performance.now();

  constructor(settings: AttackerSettings) {
    this.#settings = settings;
  }

  /** True once the attack is over. */
  get isOver(): boolean {
    return this.#stopped || performance.now() - this.#startedAt > this.#settings.seconds * 1000;
  }

  /** Every open connection of which something was made by `fill`. */
  get begun(): ReadonlySet<Socket> {
    return this.#begun;
  }

  /** Begins one connection; undefined if it was refused. `bare` leaves the handshake of TLS to the caller. */
  async begin(options: { readonly bare?: boolean } = {}): Promise<Socket | undefined> {
    const { port, tls, host } = this.#settings;
    const at = Math.floor(this.#opened / PER_ADDRESS) % 250;
    this.#opened += 1;
    const to = { port, host: '127.0.0.1', localAddress: `127.0.1.${at + 1}` };
    const secure = tls && options.bare !== true;
    const socket = secure ? connectTls({ ...to, servername: host, rejectUnauthorized: false }) : connect(to);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once(secure ? 'secureConnect' : 'connect', () => resolve(true));
    socket.once('close', () => resolve(false));
    socket.on('error', () => {});
    this.#open.add(socket);
    this.#lastOpenedAt = performance.now();
    this.#allClosedAt = undefined;
    this.#watch(socket);
    return (await promise) ? socket : undefined;
  }

  /** Begins so many connections and does something with each. */
  async fill(count: number, use: (socket: Socket) => void): Promise<void> {
    for (let made = 0; made < count && !this.isOver; made += AT_ONCE) {
      const begun = Array.from({ length: Math.min(AT_ONCE, count - made) }, () => this.begin());
      for (const socket of await Promise.all(begun)) {
        if (socket === undefined || !this.#open.has(socket)) continue;
        use(socket);
        this.#begun.add(socket);
      }
    }
  }

  /** Begins something so many times a second until the attack is over. */
  async atRate(begin: () => void): Promise<void> {
    const startedAt = performance.now();
    for (let begun = 0; !this.isOver; ) {
      const due = ((performance.now() - startedAt) / 1000) * this.#settings.rate;
      for (; begun < due && this.#open.size < this.#settings.connections; begun += 1) begin();
      // What could not begin in time is left out, as by an attacker with so many connections.
      if (begun < due) begun = Math.floor(due);
      await wait(2);
    }
  }

  /** Waits until the gateway has closed every connection, or the attack is over. */
  async untilClosed(): Promise<void> {
    while (this.#open.size > 0 && !this.isOver) await wait(100);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Cuts what is left and says what happened. */
  finish(): AttackerResult {
    const left = this.#open.size;
    for (const socket of this.#open) socket.destroy();
    const closedAt = left === 0 ? this.#allClosedAt : undefined;
    return {
      opened: this.#opened,
      closedByGateway: this.#closedByGateway,
      left,
      secondsUntilAllClosed: closedAt === undefined ? undefined : (closedAt - this.#lastOpenedAt) / 1000,
      answers: Object.fromEntries([...this.#answers].sort()),
      bytesRead: this.#bytesRead,
    };
  }

  /** Counts the answer of a connection by its status. */
  #watch(socket: Socket): void {
    let isAnswered = false;
    socket.on('data', (bytes: Buffer) => {
      this.#bytesRead += bytes.length;
      if (isAnswered) return;
      isAnswered = true;
      const line = bytes.toString('latin1', 0, 12);
      this.#count(line.startsWith('HTTP/1.1 ') ? line.slice(9) : 'other');
    });
    // Whoever is told to go, goes: half-open connections are not part of any attack here.
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      this.#begun.delete(socket);
      if (!this.#open.delete(socket)) return;
      if (!this.isOver) this.#closedByGateway += 1;
      if (!isAnswered) this.#count('none');
      if (this.#open.size === 0) this.#allClosedAt = performance.now();
    });
  }

  #count(answer: string): void {
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
  }
}

import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readReply } from '../../src/radius/client.ts';
import { sealRequest } from '../../src/radius/integrity.ts';
import { ATTRIBUTE, CODE, decodePacket, type NewAttribute, type Packet } from '../../src/radius/packet.ts';
import { hideUserPassword } from '../../src/radius/user-password.ts';

/** How long the same octets are repeated, and how often, before a request has no answer. */
const REPEAT_MS = 400;
const REPEATS = 12;

type Waiting = { readonly request: Packet; settle(reply: Packet | undefined): void };

/** A NAS with one socket: many requests at once, each repeated until its reply comes (RFC 5080 §2.2.1). */
export class Nas {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #secret: Buffer;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #isClosed = false;

  private constructor(socket: Socket, port: number, secret: string) {
    this.#socket = socket;
    this.#port = port;
    this.#secret = Buffer.from(secret);
    socket.on('message', (datagram) => this.#hear(datagram));
    socket.on('error', () => undefined);
  }

  static async open(port: number, secret: string): Promise<Nas> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Nas(socket, port, secret);
  }

  /** True if there is an identifier for another request. */
  get isFree(): boolean {
    return this.#waiting.size < 256;
  }

  /** Undefined where no authentic reply comes. */
  ask(login: string, password: string, attributes: readonly NewAttribute[] = []): Promise<Packet | undefined> {
    if (this.#isClosed || !this.isFree) return Promise.resolve(undefined);
    while (this.#waiting.has(this.#next)) this.#next = (this.#next + 1) % 256;
    const identifier = this.#next;
    this.#next = (this.#next + 1) % 256;
    const authenticator = randomBytes(16);
    const bytes = sealRequest(CODE.accessRequest, identifier, authenticator, this.#secret, [
      { type: ATTRIBUTE.userName, value: Buffer.from(login) },
      { type: ATTRIBUTE.userPassword, value: hideUserPassword(password, this.#secret, authenticator) },
      ...attributes,
    ]);
    const request = decodePacket(bytes);
    if (request === undefined) throw new Error('a packet made here is of sound form');
    return new Promise((resolve) => {
      let left = REPEATS;
      const send = (): void => {
        if (left === 0) settle(undefined);
        else this.#socket.send(bytes, this.#port, '127.0.0.1', () => undefined);
        left -= 1;
      };
      const timer = setInterval(send, REPEAT_MS);
      const settle = (reply: Packet | undefined): void => {
        clearInterval(timer);
        this.#waiting.delete(identifier);
        resolve(reply);
      };
      this.#waiting.set(identifier, { request, settle });
      send();
    });
  }

  /** What still waits has no answer. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { settle } of [...this.#waiting.values()]) settle(undefined);
    this.#socket.close();
  }

  #hear(datagram: Buffer): void {
    const waiting = this.#waiting.get(datagram[1] ?? -1);
    const reply = waiting && readReply(datagram, waiting.request, this.#secret);
    if (reply !== undefined) waiting?.settle(reply);
  }
}

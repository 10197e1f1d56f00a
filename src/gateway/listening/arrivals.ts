import type { Socket } from 'node:net';
import { type Address, containsAny, readAddress } from '../../core/access/cidr.ts';
import { type ProxyHeader, readProxyHeader } from '../../core/access/proxy-protocol.ts';
import type { ServerSettings } from '../../core/policy.ts';
import type { ConnectionCaps } from '../connection-caps.ts';
import type { Gate } from '../gate.ts';
import { OnceAMinute } from '../once-a-minute.ts';
import type { Certificates } from './certificates.ts';
import { readFirstOctets, type Verdict } from './first-octets.ts';
import { HANDSHAKE, Handshakes } from './handshakes.ts';

/** A connection that may speak HTTP. */
export type Accepted = {
  /** A TLS socket where `server.tls` is set. */
  readonly socket: Socket;
  readonly scheme: 'http' | 'https';
  /** The client as the PROXY header of a trusted peer says, else the socket's other end. */
  readonly peer: Address;
  /** True if the other end is a load balancer that spoke the PROXY protocol. */
  readonly isProxied: boolean;
  /** False where a load balancer does not say who the client is: its X-Forwarded-* could be the client's own. */
  readonly mayForward: boolean;
};

type Client = Omit<Accepted, 'socket'>;

/**
 * Brings connections from the accept queue to HTTP: limits, PROXY header, TLS, each within `limits.header_time` together.
 * A listener that needs neither hands connections on at once.
 */
export class Arrivals {
  readonly #gate: Gate;
  readonly #caps: ConnectionCaps;
  readonly #certificates: Certificates;
  readonly #accept: (connection: Accepted) => void;
  readonly #withTls: boolean;
  readonly #handshakes = new Handshakes();
  readonly #waiting = new Set<Socket>();
  readonly #complaints = new OnceAMinute();

  constructor(parts: {
    readonly gate: Gate;
    readonly caps: ConnectionCaps;
    readonly certificates: Certificates;
    /** False for a listener that stays plain although there are certificates. */
    readonly withTls: boolean;
    readonly accept: (connection: Accepted) => void;
  }) {
    this.#gate = parts.gate;
    this.#caps = parts.caps;
    this.#certificates = parts.certificates;
    this.#withTls = parts.withTls;
    this.#accept = parts.accept;
  }

  /** Takes a connection from its first moment. */
  take(socket: Socket): void {
    const { server } = this.#gate.running.policy;
    const peer = readAddress(socket.remoteAddress ?? '');
    if (peer === undefined) socket.destroy();
    else if (server.proxyProtocol !== 'none') this.#takeProxied(socket, peer, server, server.proxyProtocol);
    else if (this.#caps.admit(socket))
      this.#enter(socket, { scheme: 'http', peer, isProxied: false, mayForward: true }, undefined);
  }

  /** Cuts what has not come as far as HTTP. */
  close(): void {
    for (const socket of [...this.#waiting]) socket.destroy();
  }

  /** Only a trusted peer may say who the client is, and with the PROXY protocol set it has to (§2). */
  #takeProxied(socket: Socket, peer: Address, server: ServerSettings, version: 'v1' | 'v2'): void {
    if (!containsAny(server.trustedProxies, peer)) {
      this.#complain('proxy-protocol.untrusted', peer, 'not in server.trusted_proxies');
      socket.destroy();
      return;
    }
    const settle = this.#wait(socket);
    let header: ProxyHeader = { kind: 'more' };
    const judge = (bytes: Buffer): Verdict => {
      header = readProxyHeader(version, bytes);
      if (header.kind === 'more') return 'more';
      if (header.kind === 'whole') return { skip: header.length };
      this.#complain('proxy-protocol.refused', peer, `no PROXY ${version} header`);
      return 'refused';
    };
    readFirstOctets(socket, judge, () => {
      if (header.kind !== 'whole') return;
      const client = header.client ?? peer;
      const scheme = header.isTls ? 'https' : 'http';
      if (!this.#caps.admit(socket, client.text)) return;
      this.#enter(socket, { scheme, peer: client, isProxied: true, mayForward: header.client !== undefined }, settle);
    });
  }

  #enter(socket: Socket, client: Client, settle: (() => void) | undefined): void {
    const { tls } = this.#gate.running.policy.server;
    if (this.#withTls && tls.length > 0) {
      this.#certificates.follow(tls);
      this.#secure(socket, client, settle ?? this.#wait(socket));
      return;
    }
    settle?.();
    this.#accept({ socket, ...client });
    if (settle !== undefined) socket.resume();
  }

  #secure(socket: Socket, client: Client, settle: () => void): void {
    const judge = ([first = 0]: Buffer): Verdict => {
      if (first === HANDSHAKE) return { skip: 0 };
      if (first < 0x41 || first > 0x5a) return 'refused';
      socket.end(PLAIN_ON_TLS, () => socket.destroy());
      return { skip: 1 };
    };
    readFirstOctets(socket, judge, () => {
      const set = this.#certificates.current;
      if (socket.writableEnded) return;
      if (set === undefined) {
        socket.destroy();
        return;
      }
      this.#handshakes.begin(socket, set, {
        secured: (secured) => {
          settle();
          this.#accept({ ...client, socket: secured, scheme: 'https' });
        },
        failed: (code) => this.#complain('tls.handshake', client.peer, code),
      });
    });
  }

  /** Holds a connection that is not HTTP yet, for as long as a client has for its header section. */
  #wait(socket: Socket): () => void {
    const { headerTime } = this.#gate.running.policy.server.limits;
    const end = (): void => void socket.destroy();
    const timer = setTimeout(end, headerTime);
    this.#waiting.add(socket);
    const settle = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(socket);
      socket.off('close', settle);
    };
    socket.on('error', end);
    socket.once('close', settle);
    return settle;
  }

  /** One line a minute for each address and cause, and none above debug: strangers write here. */
  #complain(event: string, { text: address }: Address, cause: string): void {
    const { clock, log } = this.#gate.house;
    if (this.#complaints.maySpeak(`${event} ${address} ${cause}`, clock.now())) log.debug(event, { address, cause });
  }
}

const PLAIN_TEXT = 'This address speaks HTTPS. Write https:// in front of it.\n';

/** The answer to HTTP in clear where TLS is spoken. */
const PLAIN_ON_TLS = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain',
  `Content-Length: ${PLAIN_TEXT.length}`,
  'Cache-Control: no-store',
  'Connection: close',
  '',
  PLAIN_TEXT,
].join('\r\n');

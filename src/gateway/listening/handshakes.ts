import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type CertificateSet, contextFor } from './certificates.ts';

/** The protocol that is spoken here; a client that offers others alone is refused (RFC 7301 §3.2). */
const PROTOCOLS = ['http/1.1'];

/** First octet of a TLS record that carries a handshake (RFC 8446 §5.1). */
export const HANDSHAKE = 0x16;

export type HandshakeEvents = {
  secured(socket: TLSSocket): void;
  /** With the word of the TLS library for what was wrong; the connection is gone. */
  failed(code: string): void;
};

/**
 * Speaks TLS as the server on sockets that are handed to it. The certificate is chosen by the name the client sends; one
 * that names an unknown host gets the first, and the request's own host decides later what it may have.
 */
export class Handshakes {
  /** By the two ends of the connection: the TLS library does not say from which socket a secured one was made. */
  readonly #events = new Map<string, HandshakeEvents>();
  #server: Server | undefined;
  #set: CertificateSet | undefined;

  /** Begins a handshake with the certificates in force now. */
  begin(socket: Socket, set: CertificateSet, events: HandshakeEvents): void {
    const ends = endsOf(socket);
    this.#events.set(ends, events);
    socket.once('close', () => {
      if (this.#events.get(ends) !== events) return;
      this.#events.delete(ends);
      events.failed('ECONNRESET');
    });
    this.#serverFor(set).emit('connection', socket);
  }

  #serverFor(set: CertificateSet): Server {
    if (this.#server !== undefined && this.#set === set) return this.#server;
    const names = set.isSingle
      ? {}
      : { SNICallback: (name: string, choose: Choose) => choose(null, contextFor(set, name)) };
    const server = createServer({ ...set.first.options, ALPNProtocols: PROTOCOLS, ...names });
    server.on('secureConnection', (secured) => {
      const events = this.#take(secured);
      if (events === undefined) secured.destroy();
      else events.secured(secured);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, secured) => {
      const events = this.#take(secured);
      secured.destroy();
      events?.failed(error.code ?? 'ERR_SSL');
    });
    this.#server = server;
    this.#set = set;
    return server;
  }

  #take(socket: Socket): HandshakeEvents | undefined {
    const ends = endsOf(socket);
    const events = this.#events.get(ends);
    this.#events.delete(ends);
    return events;
  }
}

type Choose = (error: Error | null, context: CertificateSet['first']['context']) => void;

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

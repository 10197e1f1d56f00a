import { readFileSync } from 'node:fs';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ListenAddress, RadiusSettings } from '../core/policy.ts';
import { MINUTE, type Milliseconds } from '../core/time.ts';
import type { Log } from '../ports.ts';
import type { RadiusDoor, Source } from './door.ts';
import { type Listening, untilListening } from './listening.ts';
import { HEADER_LENGTH, PACKET_MAX } from './packet.ts';

/** A connection nothing came on for so long is closed; clients keep theirs with Status-Server. */
const IDLE: Milliseconds = 10 * MINUTE;

const CONNECTIONS_MAX = 1000;

/** The secret of every RADIUS/TLS connection (RFC 6614 §2.3): the certificates are what counts. */
const RADSEC = Buffer.from('radsec', 'ascii');

/** Answers packets on TCP connections (RFC 6613). */
export async function listenTcp(door: RadiusDoor, address: ListenAddress, log: Log): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => serve(door, socket, sockets, {}, log));
  return listening('tcp', server, sockets, address, log);
}

/**
 * Answers packets on TLS connections (RFC 6614). With `ca` a client has to show a certificate of it, and the secret is
 * `radsec`; without, the client's own secret counts, because nothing else says who it is.
 */
export async function listenTls(
  door: RadiusDoor,
  settings: NonNullable<RadiusSettings['tls']>,
  log: Log,
): Promise<Listening> {
  const sockets = new Set<Socket>();
  const { ca } = settings;
  const source = ca === undefined ? {} : { secret: RADSEC };
  const options = {
    cert: readFileSync(settings.cert),
    key: settings.key.reveal(),
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca: readFileSync(ca), requestCert: true, rejectUnauthorized: true }),
  } as const;
  const server = createTlsServer(options, (socket: TLSSocket) => serve(door, socket, sockets, source, log));
  server.on('tlsClientError', (error, socket) => {
    log.warn('radius.tls', { address: socket.remoteAddress, error: error.message });
    socket.destroy();
  });
  return listening('tls', server, sockets, settings.listen, log);
}

async function listening(
  transport: 'tcp' | 'tls',
  server: Server,
  sockets: ReadonlySet<Socket>,
  { host, port }: ListenAddress,
  log: Log,
): Promise<Listening> {
  server.maxConnections = CONNECTIONS_MAX;
  server.listen({ host, port });
  await untilListening(server);
  server.on('error', (error) => log.error('radius.socket', { error: error.message }));
  const bound = server.address();
  return {
    transport,
    address: typeof bound === 'object' && bound !== null ? bound.address : host,
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.pause();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(door: RadiusDoor, socket: Socket, sockets: Set<Socket>, more: Pick<Source, 'secret'>, log: Log): void {
  const address = socket.remoteAddress ?? '';
  if (!door.knows(address)) {
    // Counted and complained about as a packet of a stranger.
    void door.receive(Buffer.alloc(0), { address, ...more });
    socket.destroy();
    return;
  }
  sockets.add(socket);
  socket.setTimeout(IDLE, () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', (error) => log.debug('radius.connection', { error: error.message }));
  let waiting: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const { packets, rest } = cut(Buffer.concat([waiting, chunk]));
    if (rest === undefined) socket.destroy();
    waiting = rest ?? Buffer.alloc(0);
    for (const packet of packets) void answer(door, socket, packet, { address, ...more });
  });
}

/** Whole packets at the front of a stream, by their Length field; no rest where a length is none (RFC 6613 §2.6.4). */
function cut(stream: Buffer): { readonly packets: readonly Buffer[]; readonly rest: Buffer | undefined } {
  const packets: Buffer[] = [];
  let rest = stream;
  while (rest.length >= 4) {
    const length = rest.readUInt16BE(2);
    if (length < HEADER_LENGTH || length > PACKET_MAX) return { packets, rest: undefined };
    if (rest.length < length) break;
    packets.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return { packets, rest };
}

async function answer(door: RadiusDoor, socket: Socket, packet: Buffer, source: Source): Promise<void> {
  const received = await door.receive(packet, source);
  if (received.kind === 'unsound') socket.destroy();
  if (received.kind === 'reply' && !socket.destroyed) socket.write(received.bytes);
}

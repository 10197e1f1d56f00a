import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { ListenAddress } from '../core/policy.ts';
import type { Log } from '../ports.ts';
import type { RadiusDoor } from './door.ts';
import { type Listening, untilListening } from './listening.ts';

/** Octets the system may keep while a burst of packets waits. */
const RECEIVE_BUFFER = 1024 * 1024;

/** Answers datagrams on one address (RFC 2865 §3), IPv6 where it has colons. Rejects where it cannot be bound. */
export async function listenUdp(door: RadiusDoor, { host, port }: ListenAddress, log: Log): Promise<Listening> {
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.on('message', (datagram, remote) => void answer(door, socket, datagram, remote, log));
  socket.bind(port, host);
  await untilListening(socket);
  // Where the system allows less, it keeps less.
  tryTo(() => socket.setRecvBufferSize(RECEIVE_BUFFER));
  socket.on('error', (error) => log.error('radius.socket', { error: error.message }));
  const bound = socket.address();
  return {
    transport: 'udp',
    address: bound.address,
    port: bound.port,
    stop: () => void socket.removeAllListeners('message'),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function answer(door: RadiusDoor, socket: Socket, datagram: Buffer, remote: RemoteInfo, log: Log): Promise<void> {
  const received = await door.receive(datagram, { address: remote.address });
  if (received.kind !== 'reply') return;
  tryTo(() =>
    socket.send(received.bytes, remote.port, remote.address, (error) => {
      if (error !== null) log.warn('radius.send', { error: error.message });
    }),
  );
}

/** A socket that was closed meanwhile has nobody to tell. */
function tryTo(work: () => void): void {
  try {
    work();
  } catch {}
}

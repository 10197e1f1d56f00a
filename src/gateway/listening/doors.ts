import { type AddressInfo, createServer, type Server } from 'node:net';
import type { ListenAddress } from '../../core/policy.ts';
import type { ConnectionCaps } from '../connection-caps.ts';
import type { Gate } from '../gate.ts';
import { OnceAMinute } from '../once-a-minute.ts';
import { type Accepted, Arrivals } from './arrivals.ts';
import { Certificates } from './certificates.ts';

/** Who takes the connections that have come as far as HTTP. */
export type Takers = {
  /** Of the addresses of `server.listen`. */
  gateway(connection: Accepted): void;
  /** Of the addresses of `server.redirect_from`. */
  redirect(connection: Accepted): void;
};

/** The listening sockets of the gateway. A port that was configured as 0 is the one the system chose. */
export type Doors = {
  readonly addresses: readonly ListenAddress[];
  readonly redirects: readonly ListenAddress[];
  /** Stops accepting, and cuts what has not come as far as HTTP. */
  close(): void;
};

/**
 * Opens every listening socket of the configuration, or none: throws if an address cannot be had or a certificate cannot
 * be used. Whether there is TLS and a PROXY header is read from the configuration in force with every connection.
 */
export async function openDoors(gate: Gate, caps: ConnectionCaps, takers: Takers): Promise<Doors> {
  const { listen, redirectFrom, tls } = gate.running.policy.server;
  const certificates = new Certificates(tls, gate.house.log, gate.house.clock);
  const open: Door[] = [];
  const close = (): void => {
    certificates.close();
    for (const door of open) door.close();
  };
  const openAll = async (addresses: readonly ListenAddress[], withTls: boolean): Promise<readonly ListenAddress[]> => {
    const bound: ListenAddress[] = [];
    for (const address of addresses) {
      const accept = withTls ? takers.gateway : takers.redirect;
      const door = await openDoor(gate, new Arrivals({ gate, caps, certificates, withTls, accept }), address);
      open.push(door);
      bound.push(door.address);
    }
    return bound;
  };
  try {
    return { addresses: await openAll(listen, true), redirects: await openAll(redirectFrom, false), close };
  } catch (breakage) {
    close();
    throw breakage;
  }
}

type Door = { readonly address: ListenAddress; close(): void };

async function openDoor(gate: Gate, arrivals: Arrivals, { host, port }: ListenAddress): Promise<Door> {
  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true };
  const server = createServer(options, (socket) => arrivals.take(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', complaintOf(gate));
  const address = { host, port: portOf(server) };
  return {
    address,
    close: () => {
      server.close();
      arrivals.close();
    },
  };
}

/** A connection that cannot be accepted, for want of file descriptors for example, is no reason to stop. */
function complaintOf(gate: Gate): (error: NodeJS.ErrnoException) => void {
  const complaints = new OnceAMinute();
  return ({ code = '' }) => {
    if (complaints.maySpeak(code, gate.house.clock.now())) gate.house.log.error('listener.accept', { code });
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port; // a bound TCP server has a port

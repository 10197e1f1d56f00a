import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Route } from '../../../src/core/access/route.ts';
import type { ServerSettings, TlsCertificate } from '../../../src/core/policy.ts';
import { policyOf } from '../../portal/policy.ts';
import type { Issued } from '../../support/pki.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type GatewayOptions, openGateway } from '../fixture.ts';

/** An issued certificate as the configuration gives it. */
export const certificateOf = ({ certFile, keyFile, key }: Issued): TlsCertificate => ({
  cert: certFile,
  key: { reveal: () => key },
  keyFile,
});

/** An application without sign-in on any host. */
export const ANY_HOST: Partial<Route> = { name: 'any', auth: { kind: 'bypass' }, hosts: [] };

/** The gateway with other listeners. */
export const openListeners = (server: Partial<ServerSettings>, options: GatewayOptions = {}) =>
  openGateway({ ...options, policy: { server: { ...policyOf([]).server, ...server }, ...options.policy } });

/** What a client does of its own: the names of `tls.connect`, and the address of this machine it comes from. */
type ClientOptions = ConnectionOptions & { readonly localAddress?: string };

/** A TLS connection after its handshake; rejects with what was wrong. */
export function secured(port: number, options: ClientOptions = {}): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const all: ClientOptions = { port, host: '127.0.0.1', rejectUnauthorized: false, ...options };
  const socket = connect(all);
  socket.once('secureConnect', () => resolve(socket));
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('closed')));
  return promise;
}

/** A connection over TLS that sends exactly what it is told. */
export const rawOverTls = async (port: number, options: ClientOptions = {}): Promise<RawClient> =>
  new RawClient(await secured(port, options));

/** A bare connection that has sent these octets, from an address of this machine. */
export function plain(port: number, octets: string | Buffer = '', localAddress = '127.0.0.1'): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connectPlain({ port, host: '127.0.0.1', localAddress, noDelay: true }, () => {
    socket.off('error', reject);
    socket.on('error', () => undefined);
    if (octets !== '') socket.write(octets);
    resolve(socket);
  });
  socket.once('error', reject);
  return promise;
}

/** The code of what went wrong, or undefined if nothing did. */
export const faultOf = (attempt: Promise<unknown>): Promise<string | undefined> =>
  attempt.then(
    (value) => {
      (value as { destroy?: () => void }).destroy?.(); // a connection that came about after all
      return undefined;
    },
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );

/** Settles with how many milliseconds it took until the other end closed the connection. */
export function closing(socket: Socket): Promise<number> {
  const begun = performance.now();
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.once('close', () => resolve(performance.now() - begun));
  });
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}

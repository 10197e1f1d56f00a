import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { systemRandom } from '../../src/crypto/random.ts';
import { askRadius } from '../../src/radius/client.ts';
import { firstValue, type NewAttribute, type Packet } from '../../src/radius/packet.ts';
import { type GateFixture, type GateOptions, startGate } from '../support/gate.ts';
import { SECRET, SECRET_TEXT } from './parts.ts';

/** The product and its RADIUS server on a port of its own. */
export type Product = GateFixture & {
  readonly radiusPort: number;
  /** Asks as the client at 127.0.0.1. Undefined where there is no answer. */
  ask(login: string, password: string, more?: Asked): Promise<Packet | undefined>;
};

export type Asked = {
  readonly state?: Buffer | undefined;
  readonly secret?: Buffer;
  readonly port?: number;
  readonly attributes?: readonly NewAttribute[];
};

/** One client at 127.0.0.1 with whatever a test says of it. */
export const clientYaml = (lines: string, name = 'vpn'): string =>
  `demo: true\nradius:\n  listen: "127.0.0.1:0"\n  clients:\n    - name: ${name}\n      address: 127.0.0.1\n` +
  `      secret: ${SECRET_TEXT}\n${lines.trim().replace(/^/gm, '      ')}\n`;

export async function startProduct(yaml: string, options: GateOptions = {}): Promise<Product> {
  const gate = await startGate(yaml, options);
  const radiusPort = gate.served.radius.find(({ transport }) => transport === 'udp')?.port ?? 0;
  return {
    ...gate,
    radiusPort,
    ask: (login, password, { state, secret = SECRET, port = radiusPort, attributes = [] } = {}) =>
      askRadius(
        {
          host: '127.0.0.1',
          port,
          secret,
          login,
          password,
          attributes,
          wait: 10_000,
          tries: 1,
          ...(state === undefined ? {} : { state }),
        },
        systemRandom,
      ),
  };
}

/** What a client shows to the person. */
export const messageOf = (packet: Packet | undefined): string | undefined =>
  packet === undefined ? undefined : firstValue(packet, 18)?.toString('utf8');

export const stateOf = (packet: Packet | undefined): Buffer | undefined =>
  packet === undefined ? undefined : firstValue(packet, 24);

/** A socket that keeps what comes back. */
export async function openSocket(): Promise<{ readonly socket: Socket; readonly received: Buffer[] }> {
  const socket = createSocket('udp4');
  const received: Buffer[] = [];
  socket.on('message', (datagram) => void received.push(datagram));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, received };
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const { socket } = await openSocket();
  const { port } = socket.address() as AddressInfo; // bound to an IP address
  await new Promise<void>((resolve) => void socket.close(() => resolve()));
  return port;
}

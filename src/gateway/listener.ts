import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ListenAddress } from '../core/policy.ts';
import { MINUTE } from '../core/time.ts';
import { ConnectionCaps } from './connection-caps.ts';
import type { Gate } from './gate.ts';
import { handle } from './handle.ts';
import { isClosing, isUnused } from './respond.ts';
import { respondUnreadable } from './unreadable.ts';
import type { Arrival } from './visit.ts';
import { asksForWebSocket } from './websocket.ts';

/** How often header deadlines are compared with the clock. */
const CHECKING_INTERVAL = 500;

/** The listeners of the gateway, accepting. */
export type Listeners = {
  /** Where they listen; a port that was configured as 0 is the one the system chose. */
  readonly addresses: readonly ListenAddress[];
  /** Stops accepting, lets requests in hand end, and cuts what is left when the drain time is over. */
  close(): Promise<void>;
};

/** Opens every listener of the configuration, or none: throws if an address cannot be had. */
export async function listen(gate: Gate): Promise<Listeners> {
  const open: Listener[] = [];
  try {
    for (const address of gate.running.policy.server.listen) open.push(await Listener.open(gate, address));
  } catch (breakage) {
    await Promise.all(open.map((listener) => listener.close(0)));
    throw breakage;
  }
  return {
    addresses: open.map((listener) => listener.address),
    close: async () => {
      gate.draining = true;
      const { drain } = gate.running.policy.server;
      await Promise.all(open.map((listener) => listener.close(drain)));
      await gate.close();
    },
  };
}

/** One listening socket and its connections. */
class Listener {
  readonly address: ListenAddress;
  readonly #gate: Gate;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #tunnels = new Set<Duplex>();
  #closing = false;

  /** Binds and accepts. */
  static async open(gate: Gate, address: ListenAddress): Promise<Listener> {
    const server = createServer(optionsOf(gate));
    // A list cut short would hide fields from the decision; the size limit bounds it.
    server.maxHeadersCount = 0;
    server.timeout = quietLimit(gate);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address.port, address.host, resolve);
    });
    return new Listener(gate, server, address.host);
  }

  private constructor(gate: Gate, server: Server, host: string) {
    this.#gate = gate;
    this.#server = server;
    this.address = { host, port: (server.address() as AddressInfo).port }; // a bound TCP server has a port
    const caps = new ConnectionCaps(() => gate.running.policy.server);
    server.on('connection', (socket: Socket) => {
      if (caps.admit(socket)) this.#track(socket);
    });
    server.on('request', (req, res) => handle(gate, req, res));
    server.on('checkContinue', (req, res) => handle(gate, req, res, { expectsContinue: true }));
    server.on('checkExpectation', (req, res) => handle(gate, req, res));
    server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#receiveBare(req, socket, { upgradeHead: head });
    });
    server.on('connect', (req: IncomingMessage, socket: Duplex) => this.#receiveBare(req, socket, {}));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => respondUnreadable(gate, error, socket));
  }

  /** Ends with the last request in hand, or after `drain` milliseconds. Open WebSockets do not hold it up. */
  async close(drain: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    for (const socket of [...this.#sockets]) if (isUnused(socket)) socket.destroy();
    const timer = setTimeout(() => this.#cut(this.#sockets), drain);
    this.#cutTunnels();
    await closed;
    clearTimeout(timer);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#tunnels.delete(socket);
      this.#cutTunnels();
    });
  }

  /** The same way as every request, with a response object of its own on the bare socket. */
  #receiveBare(req: IncomingMessage, socket: Duplex, arrival: Arrival): void {
    if (!(socket instanceof Socket) || isClosing(socket)) {
      socket.destroy();
      return;
    }
    this.#tunnels.add(socket);
    socket.on('error', () => socket.destroy());
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once('finish', () => socket.end());
    handle(this.#gate, req, res, arrival);
  }

  #cutTunnels(): void {
    if (this.#closing && this.#sockets.size <= this.#tunnels.size) this.#cut(this.#tunnels);
  }

  #cut(sockets: ReadonlySet<Duplex>): void {
    for (const socket of [...sockets]) socket.destroy();
  }
}

/** How long a connection may carry nothing at all, either way: longer than anything that is allowed to be silent. */
function quietLimit(gate: Gate): number {
  const { server, upstreams } = gate.running.policy;
  const silences = [...upstreams.values()].flatMap(({ timeouts }) => [timeouts.firstByte, timeouts.idle]);
  return Math.max(server.limits.idle, ...silences) + MINUTE;
}

/** Strict parser, deadlines and sizes of the configuration. A body has no overall deadline: it may be long. */
function optionsOf(gate: Gate) {
  const { limits } = gate.running.policy.server;
  return {
    // Answered by ourselves, with a page and a number.
    requireHostHeader: false,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerTime,
    requestTimeout: 0,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: CHECKING_INTERVAL,
    noDelay: true,
    keepAlive: true,
    shouldUpgradeCallback: (req: IncomingMessage) => asksForWebSocket(req.rawHeaders),
  };
}

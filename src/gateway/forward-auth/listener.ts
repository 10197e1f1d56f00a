import { STATUS_CODES } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { readAddress } from '../../core/access/cidr.ts';
import type { ListenAddress } from '../../core/policy.ts';
import { SECOND } from '../../core/time.ts';
import { freshState } from '../connection-state.ts';
import { Front } from '../front/front.ts';
import type { Incoming, Outgoing } from '../front/message.ts';
import type { Gate } from '../gate.ts';
import type { Listeners } from '../listener.ts';
import { readFields, readFraming } from '../read-fields.ts';
import { respondUnreadable } from '../unreadable.ts';
import { type Answer, UNREADABLE } from './answer.ts';
import { ask } from './ask.ts';

/** What a proxy may add to the header section of the request it asks about. */
const ADDED_BYTES = 16 * 1024;

/** How long an asking proxy may leave an answer unread. */
const QUIET = 60 * SECOND;

/** Opens the listener for other proxies' sub-requests, if the configuration has one. Throws if its address cannot be had. */
export async function listenForForwardAuth(gate: Gate): Promise<Listeners | undefined> {
  const { listen } = gate.running.policy.forwardAuth;
  if (listen === undefined) return undefined;
  const front = frontOf(gate);
  const server = await open(gate, listen, front).catch(async (breakage: unknown) => {
    await front.close(0);
    throw breakage;
  });
  const { port } = server.address() as AddressInfo; // a bound TCP server has a port
  return {
    addresses: [{ host: listen.host, port }],
    close: async () => {
      server.close();
      await front.close(gate.running.policy.server.drain);
    },
    cut: () => front.cut(),
  };
}

async function open(gate: Gate, listen: ListenAddress, front: Front): Promise<Server> {
  const server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) => {
    const peer = readAddress(socket.remoteAddress ?? '');
    if (peer === undefined) socket.destroy();
    else front.serve(socket, freshState(peer, 'http'));
  });
  server.maxConnections = gate.running.policy.server.limits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  return server;
}

const frontOf = (gate: Gate): Front =>
  new Front({
    limits: () => {
      const { limits } = gate.running.policy.server;
      return { ...limits, headerBytes: limits.headerBytes + ADDED_BYTES };
    },
    quiet: () => QUIET,
    draining: () => gate.draining,
    ticker: gate.ticker,
    clock: gate.house.clock,
    takesUpgrade: () => false, // a question about a WebSocket is a plain request
    receive: (req, res) => receive(gate, req, res),
    unreadable: (connection, fault) => respondUnreadable(gate, fault, connection),
  });

/** A question needs no body. One that comes with it is taken off the wire, and the connection ends. */
function receive(gate: Gate, req: Incoming, res: Outgoing): void {
  const framing = readFraming(req, readFields(req.rawHeaders));
  if (typeof framing === 'string' || framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0)) {
    res.keepAlive = false;
  }
  if (typeof framing === 'string') {
    send(req, res, UNREADABLE);
    return;
  }
  const found = ask(gate, req, req.connection.peer);
  if (!(found instanceof Promise)) {
    send(req, res, found);
    return;
  }
  found
    .then((settled) => send(req, res, settled))
    .catch((breakage: unknown) => {
      gate.house.log.error('request.failed', { error: String(breakage) });
      res.destroy();
    });
}

function send(req: Incoming, res: Outgoing, { status, headers, body }: Answer): void {
  if (res.destroyed) return;
  const bytes = Buffer.from(body);
  res.writeHead(status, STATUS_CODES[status] ?? '', [...headers, 'Content-Length', String(bytes.length)]);
  if (bytes.length > 0) res.write(bytes);
  res.end();
  req.resume();
}

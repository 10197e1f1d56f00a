/**
 * HTTP/1.1 read and written by `node:http`, in front of the same gateway: what the front of the product is compared
 * with. Pipelined requests wait for one another here too; everything else about messages is Node's own word.
 */
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readAddress } from '../../src/core/access/cidr.ts';
import { type ConnectionState, freshState } from '../../src/gateway/connection-state.ts';
import type { BodySink, Incoming } from '../../src/gateway/front/message.ts';
import type { Gate } from '../../src/gateway/gate.ts';
import { handle } from '../../src/gateway/handle.ts';
import { respondUnreadable } from '../../src/gateway/unreadable.ts';
import { asksForWebSocket } from '../../src/gateway/websocket.ts';
import { ReferenceResponse } from './reference-response.ts';

/** After its last answer a peer is given this long to stop sending. */
const LINGER = 1000;

type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer; readonly bytesParsed?: number };
type Arrival = { readonly expectsContinue?: boolean; readonly upgradeHead?: Buffer; readonly bare?: boolean };

export type ReferenceOptions = {
  /** Reads with every leniency Node has: a reference that must be found to differ. */
  readonly lenient?: boolean;
};

/** Opens the reference on a port of its own. */
export async function listenForReference(
  gate: Gate,
  { lenient = false }: ReferenceOptions = {},
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { limits } = gate.running.policy.server;
  const server = createServer({
    requireHostHeader: false,
    insecureHTTPParser: lenient,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerTime,
    requestTimeout: 0,
    keepAliveTimeout: limits.idle,
    noDelay: true,
    shouldUpgradeCallback: (req: IncomingMessage) => asksForWebSocket(req.rawHeaders),
  });
  server.maxHeadersCount = 0;
  const connections = new WeakMap<Duplex, ReferenceConnection>();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    connections.set(socket, new ReferenceConnection(gate, socket));
  });
  const receive = (req: IncomingMessage, res: ServerResponse, arrival: Arrival = {}): void =>
    connections.get(req.socket)?.receive(req, res, arrival);
  server.on('request', (req, res) => receive(req, res));
  server.on('checkExpectation', (req, res) => receive(req, res));
  server.on('checkContinue', (req, res) => receive(req, res, { expectsContinue: true }));
  server.on('upgrade', (req: IncomingMessage, _: Duplex, upgradeHead: Buffer) =>
    receive(req, new ServerResponse(req), { upgradeHead, bare: true }),
  );
  server.on('connect', (req: IncomingMessage) => receive(req, new ServerResponse(req), { bare: true }));
  server.on('clientError', (error: ParserError, socket: Duplex) => connections.get(socket)?.refuse(error));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port, // a bound TCP server has a port
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

class ReferenceConnection {
  readonly state: ConnectionState;
  readonly date = '';
  readonly #gate: Gate;
  readonly #socket: Socket;
  readonly #waiting: { readonly req: IncomingMessage; start(): void }[] = [];
  #current: { readonly req: IncomingMessage; readonly res: ReferenceResponse } | undefined;
  #fault: string | undefined;
  #closing = false;

  constructor(gate: Gate, socket: Socket) {
    this.#gate = gate;
    this.#socket = socket;
    const peer = readAddress(socket.remoteAddress ?? '');
    if (peer === undefined) throw new Error('a connection without an address');
    this.state = freshState(peer, 'http');
    socket.destroySoon = () => this.#end();
    socket.on('error', () => socket.destroy());
  }

  receive(req: IncomingMessage, res: ServerResponse, arrival: Arrival): void {
    if (this.#closing) return;
    this.#waiting.push({ req, start: () => this.#start(req, res, arrival) });
    // Node tells of a head before it reads on in the same octets; what stands there is to be known first.
    setImmediate(() => this.#startNext());
  }

  /** Octets that are no request. What came whole before them is answered first. */
  refuse(error: ParserError): void {
    const code = error.code ?? '';
    if (!code.startsWith('HPE_')) {
      this.#socket.destroy();
      return;
    }
    this.#fault ??= faultOf(code, error);
    setImmediate(() => this.#refuseIfDue());
  }

  /** Called with the whole answer by what answers octets that are no request. */
  answerRaw(answer: Buffer): void {
    const response = this.#current?.res;
    this.#current = undefined;
    response?.onGone();
    this.#socket.write(answer);
    this.#end();
  }

  #start(req: IncomingMessage, node: ServerResponse, arrival: Arrival): void {
    const isBare = arrival.bare === true;
    if (isBare) {
      node.shouldKeepAlive = false;
      node.assignSocket(this.#socket);
      node.once('finish', () => this.#end());
    }
    const res = new ReferenceResponse(node, req.socket, () => {
      if (this.#current?.res === res) this.#current = undefined;
      if (!res.keepAlive) this.#closing = true;
      this.#startNext();
    });
    this.#current = { req, res };
    // What is known to break off or to be no request is not looked at.
    if (this.#fault !== undefined && this.#waiting.length === 0 && !req.complete) {
      this.#refuseIfDue();
      return;
    }
    handle(this.#gate, requestOf(req, this.state, arrival), res);
    this.#refuseIfDue();
  }

  #startNext(): void {
    if (this.#current !== undefined || this.#closing || this.#socket.destroyed) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#refuseIfDue();
    else next.start();
  }

  #refuseIfDue(): void {
    const fault = this.#fault;
    if (fault === undefined || this.#closing || this.#socket.destroyed || this.#waiting.length > 0) return;
    if (this.#current?.req.complete === true) return;
    if (this.#current?.res.headersSent === true) {
      this.#socket.destroy();
      return;
    }
    this.#closing = true;
    respondUnreadable(this.#gate, fault, {
      state: this.state,
      date: 'Date: now\r\n',
      refuse: (answer) => this.answerRaw(answer),
    });
  }

  /** Our side is finished; the peer may still be sending, and is to get the answer all the same. */
  #end(): void {
    this.#closing = true;
    this.#socket.end();
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER);
    this.#socket.once('close', () => clearTimeout(timer));
  }
}

/** A method the parser does not know, in a request that is otherwise one, at the beginning of what was read. */
const UNKNOWN_METHOD = /^[A-Z]{1,32} \S+ HTTP\/1\.[01]\r\n/;

function faultOf(code: string, { rawPacket = Buffer.alloc(0), bytesParsed = 0 }: ParserError): string {
  const text = rawPacket.toString('latin1', 0, 8192);
  const isMethod = code === 'HPE_INVALID_METHOD' && /^[A-Z]*$/.test(text.slice(0, bytesParsed));
  return isMethod && UNKNOWN_METHOD.test(text) ? 'unknown-method' : code;
}

const requestOf = (req: IncomingMessage, connection: ConnectionState, arrival: Arrival): Incoming => ({
  method: req.method ?? '',
  url: req.url ?? '',
  rawHeaders: req.rawHeaders,
  httpVersionMajor: req.httpVersionMajor,
  httpVersionMinor: req.httpVersionMinor,
  connection,
  expectsContinue: arrival.expectsContinue ?? false,
  upgradeHead: arrival.upgradeHead,
  get complete() {
    return req.complete;
  },
  read: (sink: BodySink) => {
    req.removeAllListeners('data').removeAllListeners('end');
    req.on('data', (bytes: Buffer) => sink.onData(bytes));
    req.once('end', () => sink.onEnd());
  },
  pause: () => void req.pause(),
  resume: () => void req.resume(),
});

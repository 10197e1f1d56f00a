import { createServer, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import type { Target } from '../core/access/target.ts';
import type { PortalContext, PortalHandler } from './gate.ts';
import { logVisit } from './record.ts';
import { onlyHttps } from './respond.ts';
import type { ResponseHead } from './upstream/response-head.ts';
import { ResponseParser, type ResponseSink } from './upstream/response-parser.ts';
import { originOf, type Visit } from './visit.ts';

/** How long a form of ours may take to arrive. */
const BODY_TIME = 60_000;

/** Fields that end at the front: the message is framed anew for the pages. */
const FRAMING = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'upgrade', 'te']);

/**
 * The pages of the reserved path behind a `node:http` server that listens nowhere: each request goes to it over a pipe
 * within the process, like to an upstream. They are few and small; the front stays free of what frameworks expect.
 */
export class OwnPages {
  readonly #server: Server;
  readonly #contexts = new WeakMap<Duplex, PortalContext>();

  constructor(portal: PortalHandler) {
    this.#server = createServer({ requireHostHeader: false, maxHeaderSize: 512 * 1024, requestTimeout: 0 });
    this.#server.maxHeadersCount = 0;
    this.#server.on('request', (req, res) => {
      const context = this.#contexts.get(req.socket);
      if (context === undefined) res.destroy();
      else portal(req, res, context);
    });
  }

  /** Hands a request over, and its answer back. */
  serve(visit: Visit, context: PortalContext): void {
    const pipe = new Pipe(visit);
    this.#contexts.set(pipe, context);
    this.#server.emit('connection', pipe);
    pipe.begin();
  }
}

/** Hands a request below the reserved path to the pages. */
export function serveOwnPage(visit: Visit, target: Target): void {
  const { gate, id, client, res } = visit;
  if (gate.draining) res.keepAlive = false;
  const { address, scheme, isProxied } = client;
  gate.ownPages.serve(visit, {
    requestId: id,
    host: target.host,
    scheme,
    origin: originOf(target),
    address,
    peerTrusted: isProxied,
  });
}

/** One request and its response, as the other end of a connection. */
class Pipe extends Duplex implements ResponseSink {
  readonly #visit: Visit;
  readonly #parser = new ResponseParser();
  readonly #timer: NodeJS.Timeout;
  #over = false;
  #written: (() => void) | undefined;
  #flows = true;

  constructor(visit: Visit) {
    super({ allowHalfOpen: true });
    this.#visit = visit;
    this.#timer = setTimeout(() => this.#cut(), BODY_TIME).unref();
    this.#parser.begin(visit.req.method, false);
    this.on('error', () => this.#cut());
    this.on('close', () => this.#cut());
  }

  begin(): void {
    const { req, res, framing } = this.#visit;
    res.listen({ drain: () => this.#drain(), close: () => this.#end() });
    this.push(Buffer.from(headOf(this.#visit), 'latin1'));
    if (req.expectsContinue) res.writeContinue();
    if (framing.kind === 'none') return;
    const chunked = framing.kind === 'chunked';
    req.read({
      onData: (bytes) => {
        if (this.#over) return;
        if (chunked) this.push(`${bytes.length.toString(16)}\r\n`, 'latin1');
        if (!this.push(bytes)) req.pause();
        if (chunked) this.push('\r\n', 'latin1');
      },
      onEnd: () => {
        clearTimeout(this.#timer);
        if (chunked && !this.#over) this.push('0\r\n\r\n', 'latin1');
      },
    });
  }

  override _read(): void {
    this.#visit.req.resume();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    this.#flows = true;
    const progress = this.#over ? 'open' : this.#parser.feed(bytes, bytes.length, this);
    if (progress === 'malformed' || progress === 'surplus') this.#cut();
    if (this.#flows) done();
    else this.#written = done;
  }

  override _final(done: () => void): void {
    done();
    this.#cut();
  }

  onInformational(): void {}

  onHead(head: ResponseHead): void {
    const headers: string[] = [...onlyHttps(this.#visit)];
    for (let index = 0; index + 1 < head.rawHeaders.length; index += 2) {
      const name = head.rawHeaders[index] ?? '';
      const folded = name.toLowerCase();
      if (folded === 'content-length' || !FRAMING.has(folded)) headers.push(name, head.rawHeaders[index + 1] ?? '');
    }
    this.#visit.res.writeHead(head.status, head.reason, headers);
  }

  onBody(bytes: Buffer, last: boolean): void {
    const { res } = this.#visit;
    if (bytes.length > 0) this.#flows = res.write(Buffer.from(bytes));
    if (!last) return;
    this.#over = true;
    logVisit(this.#visit, res.status, 'own');
    res.end();
  }

  #drain(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  /** The response left, or the browser is gone. */
  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#drain();
    this.destroy();
  }

  /** The pages broke off. */
  #cut(): void {
    if (this.#over) return;
    this.#end();
    this.#visit.res.destroy();
  }
}

/** The head for the pages: the client's own fields, framed by us. */
function headOf({ req, framing }: Visit): string {
  let head = `${req.method} ${req.url} HTTP/1.1\r\n`;
  for (let index = 0; index + 1 < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index] ?? '';
    if (!FRAMING.has(name.toLowerCase())) head += `${name}: ${req.rawHeaders[index + 1]}\r\n`;
  }
  if (framing.kind === 'chunked') head += 'Transfer-Encoding: chunked\r\n';
  if (framing.kind === 'length') head += `Content-Length: ${framing.bytes}\r\n`;
  return `${head}Connection: close\r\n\r\n`;
}

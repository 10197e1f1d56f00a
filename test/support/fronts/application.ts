import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { websocketAccept } from '../../../src/gateway/digests.ts';
import type { Reply } from './replies.ts';
import type { Activity } from './settle.ts';
import { readChunks, withoutNumbers } from './transcript.ts';

/** What ends a case: its answer shows that the connection still serves. */
export const SENTINEL = 'sentinel';

type Link = { readonly socket: Socket; pending: string; continued: boolean; tunnel: boolean };

/**
 * The application behind one way through a gateway. It reads requests by the letter of RFC 9112, answers only what is
 * complete, and writes down every octet: a whole request as one entry, its body without the borders of chunks.
 */
export class FrontApplication {
  readonly #server: Server;
  readonly #activity: Activity;
  readonly #links = new Set<Link>();
  #replies: readonly Reply[] = [];
  #next = 0;
  /** Whole requests of this case, in order. */
  requests: string[] = [];
  /** What of this case came after a 101. */
  tunnelled = '';

  private constructor(activity: Activity) {
    this.#activity = activity;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static open(activity: Activity): Promise<FrontApplication> {
    const application = new FrontApplication(activity);
    return new Promise((resolve) => application.#server.listen(0, '127.0.0.1', () => resolve(application)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // listening on TCP
  }

  /** Begins a case: its replies, in turn. */
  begin(replies: readonly Reply[]): void {
    this.#replies = replies;
    this.#next = 0;
    this.requests = [];
    this.tunnelled = '';
  }

  /** What came of requests that are not complete, in no order. */
  get unfinished(): string[] {
    return [...this.#links].map(({ pending }) => withoutNumbers(pending)).filter((pending) => pending !== '');
  }

  close(): Promise<void> {
    for (const { socket } of this.#links) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const link: Link = { socket, pending: '', continued: false, tunnel: false };
    this.#links.add(link);
    socket.on('data', (bytes: Buffer) => {
      this.#activity.note();
      link.pending += bytes.toString('latin1');
      if (link.tunnel) this.#takeTunnel(link);
      else this.#takeRequests(link);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#links.delete(link));
  }

  #takeRequests(link: Link): void {
    for (;;) {
      const headEnd = link.pending.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = link.pending.slice(0, headEnd);
      const read = readRequest(link.pending, head);
      if (read === undefined) {
        if (/^expect: 100-continue$/im.test(head) && !link.continued) {
          link.continued = true;
          link.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        }
        return;
      }
      link.pending = link.pending.slice(read.end);
      link.continued = false;
      this.#answer(link, head, read.entry);
    }
  }

  #answer(link: Link, head: string, entry: string): void {
    if (head.includes(`/${SENTINEL}-`)) {
      const mark = /\/(sentinel-\d+) /.exec(head)?.[1] ?? '';
      link.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${mark.length}\r\n\r\n${mark}`);
      return;
    }
    this.requests.push(entry);
    const key = /^sec-websocket-key: (.*)$/im.exec(head)?.[1];
    const reply = this.#replies[this.#next++ % this.#replies.length];
    if (key !== undefined && /^upgrade: websocket$/im.test(head) && this.requests.length % 2 === 1) {
      link.tunnel = true;
      const accept = `Sec-WebSocket-Accept: ${websocketAccept(key)}`;
      link.socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\nwelcome`,
      );
      this.#takeTunnel(link);
      return;
    }
    if (reply !== undefined) void this.#speak(link, reply);
  }

  async #speak({ socket }: Link, { pieces, ends }: Reply): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await turn();
      this.#activity.note();
      socket.write(piece, 'latin1');
    }
    if (ends) socket.end();
  }

  #takeTunnel(link: Link): void {
    this.tunnelled += link.pending;
    link.pending = '';
    if (this.tunnelled.includes(`/${SENTINEL}-`) && this.tunnelled.endsWith('\r\n\r\n')) link.socket.end('goodbye');
  }
}

/** The first request of the text, if it is whole: by its one length or its one coding, or without a body. */
function readRequest(text: string, head: string): { readonly entry: string; readonly end: number } | undefined {
  const start = head.length + 4;
  const framing = head.split('\r\n').filter((line) => /^(?:content-length|transfer-encoding):/i.test(line));
  if (framing.length > 1) return { entry: `AMBIGUOUS ${head}`, end: text.length };
  const [field = ''] = framing;
  if (field.startsWith('Transfer-Encoding')) {
    const chunks = readChunks(text, start);
    return chunks && { entry: withoutNumbers(`${head}\n\n${chunks.body}`), end: chunks.end };
  }
  const end = start + Number(field.slice(field.indexOf(':') + 1) || 0);
  return text.length < end ? undefined : { entry: withoutNumbers(`${head}\n\n${text.slice(start, end)}`), end };
}

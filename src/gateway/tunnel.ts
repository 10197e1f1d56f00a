import type { Duplex } from 'node:stream';
import { websocketAccept } from './digests.ts';
import { fieldOf } from './read-fields.ts';
import type { BrowserFields } from './response-headers.ts';
import type { Exchange } from './upstream/exchange.ts';
import type { ResponseHead } from './upstream/response-head.ts';
import type { Admitted } from './visit.ts';

/**
 * True if a 101 answers the very handshake that was sent: WebSocket, and the hash of its key (RFC 6455 §4.1). Nothing is
 * tunnelled before that is known.
 */
export function acceptsTunnel(visit: Admitted, head: ResponseHead): boolean {
  const key = fieldOf(visit.req.rawHeaders, 'sec-websocket-key') ?? '';
  const connection = fieldOf(head.rawHeaders, 'connection') ?? '';
  return (
    fieldOf(head.rawHeaders, 'upgrade')?.toLowerCase() === 'websocket' &&
    /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(connection) &&
    fieldOf(head.rawHeaders, 'sec-websocket-accept') === websocketAccept(key)
  );
}

/** The open WebSocket: bytes both ways, with the pressure of each side passed on to the other. */
export class Tunnel {
  readonly #socket: Duplex;
  readonly #exchange: Exchange;

  /** Answers 101 and joins both sides. `onClosed` is called when the browser's side is gone. */
  constructor(
    visit: Admitted,
    exchange: Exchange,
    head: ResponseHead,
    { headers, lines }: BrowserFields,
    onClosed: () => void,
  ) {
    const { req, res, gate } = visit;
    const { upgradeHead } = req;
    const socket = res.takeOver();
    this.#socket = socket;
    this.#exchange = exchange;
    gate.counters.tunnels += 1;
    socket.on('close', () => {
      gate.counters.tunnels -= 1;
      onClosed();
      exchange.abort();
    });
    let text = `HTTP/1.1 101 ${head.reason === '' ? 'Switching Protocols' : head.reason}\r\n${lines}`;
    for (let index = 0; index + 1 < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
    socket.write(`${text}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 'latin1');
    if (upgradeHead !== undefined && upgradeHead.length > 0) exchange.write(upgradeHead);
    socket.on('data', (bytes: Buffer) => {
      if (!exchange.write(bytes)) socket.pause();
    });
    socket.on('drain', () => exchange.resume());
    socket.on('end', () => exchange.end());
    socket.resume();
  }

  /** Bytes of the application. False stops its flow until the browser has taken what waits. */
  onBody(bytes: Buffer, last: boolean): boolean {
    const flows = bytes.length === 0 || this.#socket.write(Buffer.from(bytes));
    if (last) this.#socket.end();
    return flows;
  }

  /** The application takes bytes again. */
  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#exchange.abort();
    this.#socket.destroy();
  }
}

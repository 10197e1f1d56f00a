import { connect, type Socket } from 'node:net';

/** A response as it stood on the wire. */
export type RawResponse = {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** The body without its framing, as latin1. */
  readonly body: string;
};

/** One TCP connection that sends exactly what it is told and keeps every byte that comes. */
export class RawClient {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #taken = 0;
  #waiters: (() => void)[] = [];
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#size += bytes.length;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    socket.on('end', () => this.#wake());
  }

  /** Connects to a port of this machine. */
  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Sends the text as latin1. */
  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Everything received so far and not taken by `response`. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1').slice(this.#taken);
  }

  get size(): number {
    return this.#size;
  }

  /** Settles when the condition holds; fails after `within` milliseconds with what was received. */
  async until(condition: () => boolean, within = 5000): Promise<void> {
    const deadline = Date.now() + within;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`nothing more came: ${JSON.stringify(this.text.slice(0, 500))}`);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, left);
        this.#waiters.push(resolve);
      });
      clearTimeout(timer);
    }
  }

  /** Settles when the other side has closed. */
  untilClosed(within = 5000): Promise<void> {
    return this.until(() => this.closed || this.socket.readableEnded, within);
  }

  /** Takes the next response off the connection. `method` HEAD has no body. */
  async response(method = 'GET', within = 5000): Promise<RawResponse> {
    await this.until(() => takeResponse(this.text, method, this.#isOver()) !== undefined, within);
    const taken = takeResponse(this.text, method, this.#isOver());
    if (taken === undefined) throw new Error('no response');
    this.#taken += taken.length;
    return taken.response;
  }

  /** Resets the connection at once. */
  destroy(): void {
    this.socket.destroy();
  }

  #isOver = (): boolean => this.closed || this.socket.readableEnded;

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

/** Sends one request on a connection of its own and takes the response. */
export async function rawRequest(port: number, text: string, method = 'GET'): Promise<RawResponse> {
  const client = await RawClient.open(port);
  try {
    return await client.send(text).response(method);
  } finally {
    client.destroy();
  }
}

/** Every value of a header, in order. */
export function headerValues(message: { readonly rawHeaders: readonly string[] }, name: string): string[] {
  return message.rawHeaders.filter(
    (_, index) => index % 2 === 1 && message.rawHeaders[index - 1]?.toLowerCase() === name,
  );
}

function takeResponse(
  text: string,
  method: string,
  isOver: boolean,
): { response: RawResponse; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const status = Number(line.slice(9, 12));
  const rawHeaders = fields.flatMap((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  const head = { status, reason: line.slice(13), rawHeaders };
  const rest = text.slice(end + 4);
  const bare = { response: { ...head, body: '' }, length: end + 4 };
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return bare;
  if (headerValues(head, 'transfer-encoding')[0] === 'chunked') {
    const chunked = takeChunks(rest);
    return chunked && { response: { ...head, body: chunked.body }, length: end + 4 + chunked.length };
  }
  const length = headerValues(head, 'content-length')[0];
  if (length === undefined) return isOver ? { response: { ...head, body: rest }, length: text.length } : undefined;
  if (rest.length < Number(length)) return undefined;
  return { response: { ...head, body: rest.slice(0, Number(length)) }, length: end + 4 + Number(length) };
}

function takeChunks(text: string): { body: string; length: number } | undefined {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return undefined;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
    if (size === 0) return { body, length: at };
  }
}

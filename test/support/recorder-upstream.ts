import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** One connection that reached the upstream: every byte of it, and a way to answer. */
export type RecordedConnection = {
  readonly socket: Socket;
  readonly index: number;
  /** All bytes so far, as latin1. */
  bytes: string;
  closed: boolean;
};

/** What the upstream does when bytes have come. It sees everything the connection has sent so far. */
export type Script = (connection: RecordedConnection, fresh: string) => void;

/** An upstream on bare TCP that keeps every byte it is sent and answers what a script says. */
export class RecorderUpstream {
  readonly connections: RecordedConnection[] = [];
  script: Script;
  /** Called after a connection was made and is being recorded. */
  onConnection: (socket: Socket) => void = () => {};
  readonly #server: Server;

  private constructor(script: Script) {
    this.script = script;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static open(script: Script = answerEach('hello')): Promise<RecorderUpstream> {
    const upstream = new RecorderUpstream(script);
    return new Promise((resolve) => upstream.#server.listen(0, '127.0.0.1', () => resolve(upstream)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // listening on TCP
  }

  /** Everything every connection sent, in order of the connections. */
  get bytes(): string {
    return this.connections.map((connection) => connection.bytes).join('');
  }

  /** Heads of the requests that came, in order, without their bodies. */
  get heads(): string[] {
    return this.bytes
      .split(/(?=(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) \/)/)
      .map((part) => part.split('\r\n\r\n')[0] ?? '');
  }

  forget(): void {
    for (const connection of this.connections) connection.bytes = '';
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const connection: RecordedConnection = { socket, index: this.connections.length, bytes: '', closed: false };
    this.connections.push(connection);
    socket.on('data', (fresh: Buffer) => {
      const text = fresh.toString('latin1');
      connection.bytes += text;
      this.script(connection, text);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      connection.closed = true;
    });
    socket.on('end', () => socket.end());
    this.onConnection(socket);
  }
}

/** A whole response with a length. */
export const plainResponse = (body: string, headers = ''): string =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;

/** Answers every request head with the same body. Bodies of requests are not waited for. */
export const answerEach =
  (body: string, headers = ''): Script =>
  (connection, fresh) => {
    for (let count = fresh.split('\r\n\r\n').length - 1; count > 0; count--) {
      connection.socket.write(plainResponse(body, headers), 'latin1');
    }
  };

/** Answers every chunk of bytes with these, once each, in turn; silent after the last. */
export const answerInTurn = (...answers: readonly string[]): Script => {
  let next = 0;
  return (connection) => {
    const answer = answers[next++];
    if (answer !== undefined) connection.socket.write(answer, 'latin1');
  };
};

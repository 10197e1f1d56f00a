import type { Socket } from 'node:net';

/** The writing half of a connection. False: wait for `drain`. */
export class SocketWriter {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  writeText(text: string): boolean {
    return this.#socket.write(text, 'latin1');
  }

  writeBytes(bytes: Buffer, sent?: (error?: Error | null) => void): boolean {
    return this.#socket.write(bytes, sent);
  }

  together(write: () => boolean): boolean {
    this.#socket.cork();
    const flows = write();
    this.#socket.uncork();
    return flows && !this.#socket.writableNeedDrain;
  }
}

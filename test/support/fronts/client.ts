import { connect, type Socket } from 'node:net';
import type { Activity } from './settle.ts';

/** One connection to a front: sends what it is told, keeps what comes. */
export class FrontClient {
  readonly #socket: Socket;
  /** Octets since the last `take`, as latin1. */
  text = '';
  /** The other side sends no more. */
  isOver = false;

  private constructor(socket: Socket, activity: Activity) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      activity.note();
    });
    const over = (): void => {
      this.isOver = true;
      activity.note();
      socket.destroy();
    };
    socket.on('end', over);
    socket.on('error', over);
    socket.on('close', over);
  }

  static open(port: number, activity: Activity): Promise<FrontClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new FrontClient(socket, activity));
      });
    });
  }

  send(text: string): void {
    if (!this.isOver) this.#socket.write(text, 'latin1');
  }

  /** Sends no more, and still listens. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

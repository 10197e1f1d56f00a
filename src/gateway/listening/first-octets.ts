import type { Socket } from 'node:net';

/** What the octets at the beginning of a connection mean: wait for more, close it, or go on behind so many of them. */
export type Verdict = 'more' | 'refused' | { readonly skip: number };

/**
 * Reads the beginning of a connection until `judge` has seen enough of it. `done` is called once, with the octets that
 * were skipped put aside and everything behind them unread again; the socket is paused then. A refused connection, and
 * one that ends before, is destroyed.
 */
export function readFirstOctets(socket: Socket, judge: (bytes: Buffer) => Verdict, done: () => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const end = (): void => void socket.destroy();
  const take = (more: Buffer): void => {
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    const verdict = judge(bytes);
    if (verdict === 'more') return;
    socket.off('data', take);
    socket.off('end', end);
    if (verdict === 'refused') {
      end();
      return;
    }
    socket.pause();
    if (verdict.skip < bytes.length) socket.unshift(bytes.subarray(verdict.skip));
    done();
  };
  socket.on('data', take);
  socket.once('end', end);
  socket.resume();
}

import { createServer, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/**
 * An application in a thread of its own that answers every request with its target, and `delay` milliseconds later, if
 * its connection is still idle, with a response that nobody asked for. The delay stands in the query as `?after=`.
 */
const idle = new WeakMap<Socket, number>();
let unasked = 0;

const respond = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

function babble(socket: Socket, answered: number): void {
  if (idle.get(socket) !== answered || socket.destroyed) return;
  unasked += 1;
  socket.write(respond(`POISON ${unasked}`));
}

const server = createServer({ noDelay: true }, (socket) => {
  let answered = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    const target = /^GET (\S+) HTTP/.exec(bytes.toString('latin1'))?.[1] ?? '';
    const user = /X-Sumun-User: (\S+)/.exec(bytes.toString('latin1'))?.[1] ?? '';
    answered += 1;
    const count = answered;
    idle.set(socket, count);
    const after = /after=(\d+)/.exec(target)?.[1];
    socket.write(respond(`${user} ${target}`) + (after === '0' ? respond('POISON') : ''));
    if (after !== undefined && after !== '0')
      setTimeout(() => setImmediate(() => setImmediate(() => babble(socket, count))), Number(after));
  });
});

server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address()));
parentPort?.on('message', () => parentPort?.postMessage({ unasked }));

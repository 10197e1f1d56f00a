import { createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * An application in a thread of its own that answers every request with its target and, as many milliseconds later as
 * the target says in `after=`, with a response that nobody asked for. It says such a thing only on an idle connection:
 * what it says once a request has been written is the answer on the wire, whoever reads it. `word` is the one lock
 * between it and whoever sends requests: 0 free, 1 requests are on their way, 2 it is speaking unasked.
 */
const word = new Int32Array(workerData as SharedArrayBuffer); // what the test handed over
let unasked = 0;

const respond = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

function babble(socket: Socket): void {
  if (socket.destroyed) return;
  if (Atomics.compareExchange(word, 0, 0, 2) !== 0) {
    setTimeout(() => babble(socket), 1);
    return;
  }
  unasked += 1;
  socket.write(respond(`POISON ${unasked}`));
  Atomics.store(word, 0, 0);
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    const head = bytes.toString('latin1');
    const target = /^GET (\S+) HTTP/.exec(head)?.[1] ?? '';
    const user = /X-Sumun-User: (\S+)/.exec(head)?.[1] ?? '';
    const after = Number(/after=(\d+)/.exec(target)?.[1] ?? -1);
    socket.write(respond(`${user} ${target}`) + (after === 0 ? respond('POISON') : ''));
    if (after > 0) setTimeout(() => babble(socket), after);
  });
});

server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address()));
parentPort?.on('message', () => parentPort?.postMessage({ unasked }));

/** An application and clients that go away at any moment. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { BENCH_HOST } from '../gateway.ts';

const BODY = 256 * 1024;
const PIECE = Buffer.alloc(16 * 1024, 7);
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY}\r\n\r\n`;

/** A whole number below `most`. */
const upTo = (most: number): number => Math.floor(Math.random() * most);

/**
 * An application that answers `…/whole` with 256 KiB in pieces of 16 KiB, one a millisecond, and goes away on `…/cut`:
 * before a word, in its head, or in its body, politely or not.
 */
export function startFickle(port: number): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      if (/^GET \S*\/cut /.test(text)) cut(socket);
      else if (/^(?:GET|POST) /.test(text)) void answer(socket);
    });
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

function cut(socket: Socket): void {
  const leave = (): unknown => (upTo(2) === 0 ? socket.resetAndDestroy() : socket.destroy());
  const at = upTo(4);
  if (at === 0) leave();
  else if (at === 1) socket.write(HEAD.slice(0, upTo(HEAD.length)), leave);
  else if (at === 2) socket.write(HEAD, leave);
  else socket.write(Buffer.concat([Buffer.from(HEAD), PIECE.subarray(0, upTo(PIECE.length))]), leave);
}

async function answer(socket: Socket): Promise<void> {
  socket.write(HEAD);
  for (let sent = 0; sent < BODY && !socket.destroyed; sent += PIECE.length) {
    socket.write(PIECE);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const REQUESTS = [
  `GET /public/whole HTTP/1.1\r\nHost: ${BENCH_HOST}\r\n\r\n`,
  `POST /public/whole HTTP/1.1\r\nHost: ${BENCH_HOST}\r\nContent-Length: 65536\r\n\r\n${'x'.repeat(65_536)}`,
  `POST /public/whole HTTP/1.1\r\nHost: ${BENCH_HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n${'x'.repeat(4096)}\r\n`,
] as const;

/** A client that sends a part or all of a request and goes within 20 ms, politely or not. */
export async function leaveEarly(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const gone = closed(socket);
  socket.on('data', () => {});
  const request = REQUESTS[upTo(REQUESTS.length)] ?? '';
  socket.write(upTo(4) === 0 ? request.slice(0, upTo(request.length)) : request);
  setTimeout(() => {
    const way = upTo(3);
    if (way === 0) socket.resetAndDestroy();
    else if (way === 1) socket.destroy();
    else socket.end(() => socket.destroy());
  }, upTo(20));
  await gone;
}

/** A client whose application goes away: it reads to the end, whatever the end is. */
export async function sufferCut(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const gone = closed(socket);
  socket.write(`GET /public/cut HTTP/1.1\r\nHost: ${BENCH_HOST}\r\nConnection: close\r\n\r\n`);
  socket.on('data', () => {});
  await gone;
}

function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

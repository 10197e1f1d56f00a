/**
 * The application behind the large bodies and the attacks: `…/download?size=N` sends N octets, `…/upload` counts what it
 * is sent, `…/ws` echoes WebSocket messages, everything else is answered `ok`. Nothing is held. Called as `node bench/large-server.ts PORT`.
 */
import { createServer, type ServerResponse } from 'node:http';
import { acceptWebSocket } from '../src/demo/legacy-websocket.ts';

const BLOCK = Buffer.alloc(256 * 1024, 7);

function send(response: ServerResponse, left: number): void {
  let rest = left;
  while (rest > 0) {
    const block = rest >= BLOCK.length ? BLOCK : BLOCK.subarray(0, rest);
    rest -= block.length;
    if (!response.write(block) && rest > 0) {
      response.once('drain', () => send(response, rest));
      return;
    }
  }
  response.end();
}

const server = createServer({ requestTimeout: 0, highWaterMark: 256 * 1024 }, (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.once('end', () => {
    if (url.pathname.endsWith('/download')) {
      const size = Number(url.searchParams.get('size'));
      response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
      send(response, size);
      return;
    }
    const text = url.pathname.endsWith('/upload') ? JSON.stringify({ bytes }) : 'ok';
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': text.length }).end(text);
  });
});
acceptWebSocket(server);
server.keepAliveTimeout = 300_000;
server.listen(Number(process.argv[2]), '127.0.0.1');

/**
 * WebSocket messages in a closed loop: every connection sends one masked message of 64 octets, waits for its echo, and
 * sends the next. Called as `node bench/websocket-client.ts '{"port":…}'`; prints one line of JSON.
 */
import { connect } from 'node:net';
import { browserHeaders } from './load.ts';

export type WebSocketSettings = {
  readonly port: number;
  readonly path: string;
  readonly pair: string;
  readonly origin: string;
  readonly connections: number;
  readonly seconds: number;
};

/** Messages that came back while it was counted, and from the first on. */
export type WebSocketResult = { readonly messages: number; readonly seconds: number; readonly all: number };

const PAYLOAD = 64;
const ECHO = 2 + PAYLOAD; // a server does not mask (RFC 6455 §5.1)
const FRAME = Buffer.concat([Buffer.from([0x82, 0x80 | PAYLOAD, 1, 2, 3, 4]), Buffer.alloc(PAYLOAD, 'sumun')]);

const settings = JSON.parse(process.argv[2] ?? '{}') as WebSocketSettings;
let messages = 0;

function handshake(): string {
  const { Cookie = '', Host = '', 'User-Agent': agent = '' } = browserHeaders(settings.pair);
  const fields = [`Host: ${Host}`, `Cookie: ${Cookie}`, `User-Agent: ${agent}`, `Origin: ${settings.origin}`];
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  return [`GET ${settings.path} HTTP/1.1`, ...fields, ...upgrade, key, '', ''].join('\r\n');
}

function open(): Promise<() => void> {
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const socket = connect(settings.port, '127.0.0.1').setNoDelay(true);
  let head: Buffer | undefined = Buffer.alloc(0);
  let waiting = 0;
  socket.on('error', reject);
  socket.write(handshake());
  socket.on('data', (bytes: Buffer) => {
    if (head !== undefined) {
      head = Buffer.concat([head, bytes]);
      const text = head.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      if (!text.startsWith('HTTP/1.1 101')) reject(new Error(text.slice(0, 100)));
      head = undefined;
      resolve(() => socket.write(FRAME));
      return;
    }
    waiting += bytes.length;
    for (; waiting >= ECHO; waiting -= ECHO) {
      messages += 1;
      socket.write(FRAME);
    }
  });
  return promise;
}

const begin = await Promise.all(Array.from({ length: settings.connections }, open));
for (const each of begin) each();
await new Promise((resolve) => setTimeout(resolve, 1000));
const before = messages;
const startedAt = performance.now();
await new Promise((resolve) => setTimeout(resolve, settings.seconds * 1000));
const result: WebSocketResult = {
  messages: messages - before,
  seconds: (performance.now() - startedAt) / 1000,
  all: messages,
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

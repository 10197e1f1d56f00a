/** A WebSocket echo (RFC 6455) on any path that ends in `/ws`: text, binary, fragments, ping, close. No extensions. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { encodeFrame, type Frame, OPCODE, readFrame, WebSocketFault } from './websocket-frames.ts';

/** Longest message that is echoed, all fragments together. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

/** Fixed by RFC 6455 §1.3. */
const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Answers upgrades on the server. The set holds every open socket, so that a shutdown can end them. */
export function acceptWebSocket(server: Server): ReadonlySet<Duplex> {
  const open = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const accept = handshakeAnswer(request);
    if (accept === undefined) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echoMessages(socket, head);
  });
  return open;
}

/** The accept value, or undefined for what is not a WebSocket handshake to `…/ws` (RFC 6455 §4.2.1). */
function handshakeAnswer(request: IncomingMessage): string | undefined {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const key = request.headers['sec-websocket-key'] ?? '';
  const isHandshake =
    path.endsWith('/ws') &&
    request.method === 'GET' &&
    request.headers.upgrade?.toLowerCase() === 'websocket' &&
    request.headers['sec-websocket-version'] === '13' &&
    Buffer.from(key, 'base64').length === 16;
  return isHandshake
    ? createHash('sha1')
        .update(key + HANDSHAKE_GUID)
        .digest('base64')
    : undefined;
}

function echoMessages(socket: Duplex, head: Buffer): void {
  let waiting: Buffer = head;
  let message: { readonly opcode: number; readonly parts: Buffer[]; size: number } | undefined;

  const receive = (frame: Frame): void => {
    if (frame.opcode === OPCODE.ping) socket.write(encodeFrame(OPCODE.pong, frame.payload));
    if (frame.opcode === OPCODE.close) socket.end(encodeFrame(OPCODE.close, frame.payload));
    if (frame.opcode > 7) return;
    if ((frame.opcode === OPCODE.continuation) !== (message !== undefined)) throw new WebSocketFault(1002);
    message ??= { opcode: frame.opcode, parts: [], size: 0 };
    message.parts.push(frame.payload);
    message.size += frame.payload.length;
    if (message.size > MESSAGE_LIMIT) throw new WebSocketFault(1009);
    if (!frame.isFinal) return;
    const payload = Buffer.concat(message.parts);
    if (message.opcode === OPCODE.text && !isUtf8(payload)) throw new WebSocketFault(1007);
    if (!socket.write(encodeFrame(message.opcode, payload))) socket.pause();
    message = undefined;
  };

  const drainFrames = (): void => {
    for (let read = readFrame(waiting, MESSAGE_LIMIT); read !== undefined; read = readFrame(waiting, MESSAGE_LIMIT)) {
      waiting = waiting.subarray(read.length);
      receive(read.frame);
    }
  };

  const onBytes = (chunk: Buffer): void => {
    if (socket.writableEnded) return;
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    try {
      drainFrames();
    } catch (fault) {
      const code = Buffer.alloc(2);
      code.writeUInt16BE(fault instanceof WebSocketFault ? fault.code : 1011);
      socket.end(encodeFrame(OPCODE.close, code));
    }
  };

  socket.on('drain', () => socket.resume());
  socket.on('data', onBytes);
  socket.on('end', () => socket.end());
  if (head.length > 0) onBytes(Buffer.alloc(0));
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

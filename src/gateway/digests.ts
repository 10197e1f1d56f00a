import { createHash, createHmac } from 'node:crypto';

/** Appended to the key of a WebSocket handshake before it is hashed (RFC 6455 §1.3). */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The `Sec-WebSocket-Accept` that answers a key (RFC 6455 §4.2.2). */
export const websocketAccept = (key: string): string =>
  createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64');

/** HMAC-SHA-256 in hex over the bytes that a latin1 text stands for, as they go over the wire. */
export const hmacSha256 = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text, 'latin1').digest('hex');

import { valuesOf } from '../core/access/client-address.ts';
import type { Visit } from './visit.ts';

/** Sixteen bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** True for a request that asks for a WebSocket and nothing else; every other Upgrade is a plain request. */
export function asksForWebSocket(rawHeaders: readonly string[]): boolean {
  const tokens = valuesOf(rawHeaders, 'upgrade');
  return tokens.length === 1 && tokens[0]?.trim().toLowerCase() === 'websocket';
}

/** What is wrong with a WebSocket handshake (RFC 6455 §4.2.1), or undefined. */
export function handshakeFault({ req, framing }: Visit): 'websocket-handshake' | undefined {
  const raw = req.rawHeaders;
  const keys = valuesOf(raw, 'sec-websocket-key');
  const versions = valuesOf(raw, 'sec-websocket-version');
  const isSound =
    asksForWebSocket(raw) &&
    req.method === 'GET' &&
    req.httpVersionMinor === 1 &&
    framing.kind === 'none' &&
    keys.length === 1 &&
    KEY.test(keys[0] ?? '') &&
    versions.length === 1 &&
    versions[0]?.trim() === '13';
  return isSound ? undefined : 'websocket-handshake';
}

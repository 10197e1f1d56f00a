import { RawClient } from './raw-client.ts';
import type { RecordedRequest, Recorder } from './recorder.ts';
import { plainResponse } from './recorder-upstream.ts';

/** The handshake key of RFC 6455 §1.3 and what an application answers to it. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** The ways in which an answer can stay open. */
export const OPEN_ENDED = ['ws', 'events', 'download', 'waiting'] as const;
export type OpenEnded = (typeof OPEN_ENDED)[number];

/**
 * Makes the application answer paths that end in `ws`, `events`, `download` and `waiting` without ever coming to an
 * end: a WebSocket, chunks, a length that is never reached, and no answer at all.
 */
export function answerOpenEnded(recorder: Recorder): void {
  const usual = plainResponse(recorder.canary, 'Content-Type: text/plain\r\n');
  const answers: Readonly<Record<OpenEnded, string | undefined>> = {
    ws: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    events: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata:\n\r\n',
    download: 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbeginning',
    waiting: undefined,
  };
  recorder.answer(({ requestLine }: RecordedRequest) => {
    const way = OPEN_ENDED.find((each) => requestLine.includes(`/${each} `));
    return way === undefined ? usual : answers[way];
  });
}

export type StreamRequest = { readonly host: string; readonly path: string; readonly cookie: string };

/** The bytes of a WebSocket handshake. */
export const handshake = ({ host, path, cookie }: StreamRequest, more: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
    ...more,
    '',
    '',
  ].join('\r\n');

/** Opens one of the open-ended answers and waits until it is under way. `begun` says when the application has it. */
export async function openStream(
  port: number,
  way: OpenEnded,
  request: StreamRequest,
  recorder: Recorder,
): Promise<RawClient> {
  const client = await RawClient.open(port);
  const { host, path, cookie } = request;
  const before = recorder.requests.length;
  client.send(
    way === 'ws'
      ? handshake(request)
      : `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nAccept: */*\r\n\r\n`,
  );
  const expected = { ws: '101 ', events: 'data:', download: 'beginning', waiting: '' }[way];
  await client.until(() => client.text.includes(expected));
  while (recorder.requests.length === before) await new Promise((resolve) => setImmediate(resolve));
  return client;
}

/** Behaviours that take their time or move many bytes. None of them holds a body in memory. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { sendJson } from './legacy-echoes.ts';
import { legacySlow, sendLegacyPage } from './legacy-pages.ts';
import type { Visit } from './legacy-visit.ts';

const BLOCK = Buffer.alloc(
  64 * 1024,
  'Sumun demo download. 0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n',
);
const DEFAULT_DOWNLOAD = 100 * 1024 * 1024;
const LARGEST_DOWNLOAD = 16 * 1024 * 1024 * 1024;

/** Waits `?seconds=` (3 unless told, at most 120), then answers with a page. */
export async function sendSlowly(visit: Visit): Promise<void> {
  const seconds = numberIn(visit, 'seconds', 3, 120);
  const gone = new AbortController();
  visit.response.once('close', () => gone.abort());
  await wait(seconds * 1000, undefined, { signal: gone.signal });
  sendLegacyPage(visit, 200, legacySlow(visit, seconds));
}

/** Server-sent events: one every `?every=` milliseconds (1000), `?count=` of them (endless when left out). */
export async function sendEvents(visit: Visit): Promise<void> {
  const every = Math.max(10, numberIn(visit, 'every', 1000, 60_000));
  const count = numberIn(visit, 'count', 0, 1_000_000);
  const { response } = visit;
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' });
  if (visit.request.method === 'HEAD') {
    response.end();
    return;
  }
  response.write('retry: 3000\n\n');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  for (let id = 1; (count === 0 || id <= count) && !gone.signal.aborted; id += 1) {
    if (!response.write(`id: ${id}\nevent: tick\ndata: {"count":${id}}\n\n`)) await once(response, 'drain', gone);
    if (id !== count) await wait(every, undefined, gone);
  }
  response.end();
}

/** A file of `?size=` bytes (100 MiB unless told, at most 16 GiB), always the same bytes for the same size. */
export async function sendDownload(visit: Visit): Promise<void> {
  const size = Math.floor(numberIn(visit, 'size', DEFAULT_DOWNLOAD, LARGEST_DOWNLOAD));
  visit.response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': size,
    'Content-Disposition': `attachment; filename="report-${size}.bin"`,
  });
  if (visit.request.method === 'HEAD') {
    visit.response.end();
    return;
  }
  await pipeline(Readable.from(blocks(size), { objectMode: false, highWaterMark: BLOCK.length }), visit.response);
}

/** Swallows a body of any length and answers its byte count and SHA-256. */
export async function receiveUpload(visit: Visit): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of visit.request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  sendJson(visit, { bytes, sha256: hash.digest('hex') });
}

function* blocks(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= BLOCK.length) yield left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
}

function numberIn(visit: Visit, name: string, unlessTold: number, most: number): number {
  const value = Number(visit.query.get(name) ?? unlessTold);
  return Number.isFinite(value) && value >= 0 ? Math.min(value, most) : unlessTold;
}

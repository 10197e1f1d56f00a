/** Bodies that do not fit in memory, both ways, and how much the gateway grows while they pass. */
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BENCH_HOST, type BenchGateway } from './gateway.ts';
import { browserHeaders } from './load.ts';
import { familyOf, residentBytes } from './processes.ts';

export type LargeResult = {
  readonly direction: 'upload' | 'download';
  readonly bytes: number;
  readonly seconds: number;
  /** Highest resident memory while the body passed, less that before. */
  readonly growth: number;
};

/** One upload and one download of the size through the gateway. Throws if a byte is missing. */
export async function measureLarge(gateway: BenchGateway, bytes: number): Promise<readonly LargeResult[]> {
  return [
    await measure(gateway, 'upload', bytes, () => upload(gateway, bytes)),
    await measure(gateway, 'download', bytes, () => download(gateway, bytes)),
  ];
}

async function measure(
  gateway: BenchGateway,
  direction: LargeResult['direction'],
  bytes: number,
  transfer: () => Promise<number>,
): Promise<LargeResult> {
  const pids = familyOf(gateway.pid);
  const before = residentBytes(pids);
  let highest = before;
  const watching = setInterval(() => {
    highest = Math.max(highest, residentBytes(pids));
  }, 50);
  const startedAt = performance.now();
  const passed = await transfer().finally(() => clearInterval(watching));
  if (passed !== bytes) throw new Error(`${direction}: ${passed} of ${bytes} bytes passed`);
  return { direction, bytes, seconds: (performance.now() - startedAt) / 1000, growth: highest - before };
}

async function upload(gateway: BenchGateway, bytes: number): Promise<number> {
  const headers = {
    ...browserHeaders(gateway.cookie),
    Origin: `http://${BENCH_HOST}`,
    'Content-Length': String(bytes),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request({ host: '127.0.0.1', port: gateway.port, method: 'POST', path: '/large/upload', headers });
  outgoing.on('response', resolve).on('error', reject);
  await pipeline(Readable.from(blocks(bytes), { objectMode: false }), outgoing);
  let text = '';
  for await (const chunk of await promise) text += String(chunk);
  return (JSON.parse(text) as { bytes: number }).bytes; // the sink's own count
}

async function download(gateway: BenchGateway, bytes: number): Promise<number> {
  const headers = browserHeaders(gateway.cookie);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ host: '127.0.0.1', port: gateway.port, path: `/large/download?size=${bytes}`, headers })
    .on('response', resolve)
    .on('error', reject)
    .end();
  let passed = 0;
  for await (const chunk of (await promise) as AsyncIterable<Buffer>) passed += chunk.length;
  return passed;
}

function* blocks(size: number): Generator<Buffer> {
  const block = Buffer.alloc(64 * 1024, 7);
  for (let left = size; left > 0; left -= block.length) yield left >= block.length ? block : block.subarray(0, left);
}

/** Bodies that do not fit in memory, both ways, and how much the gateway grows while they pass. */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { BENCH_HOST, type BenchGateway } from './gateway.ts';
import { browserHeaders } from './load.ts';
import { familyOf, residentBytes } from './processes.ts';

export type LargeResult = {
  readonly direction: 'upload' | 'download';
  readonly bytes: number;
  readonly seconds: number;
  /** Highest resident memory while the body passed, less that before. */
  readonly growth: number;
  /** Median resident memory of the last quarter of the body, less that of the first: what a leak would raise. */
  readonly drift: number;
  readonly samples: number;
};

const BLOCK = Buffer.alloc(256 * 1024, 7);

/** Passed before anything is counted, so that buffers and machine code are there. */
const FIRST_BYTES = 64 * 1024 * 1024;

/** One upload and one download of the size through the gateway. Throws if a byte is missing. */
export async function measureLarge(gateway: BenchGateway, bytes: number): Promise<readonly LargeResult[]> {
  const first = Math.min(bytes, FIRST_BYTES);
  await upload(gateway, first);
  const up = await measure(gateway, 'upload', bytes, () => upload(gateway, bytes));
  await download(gateway, first);
  const down = await measure(gateway, 'download', bytes, () => download(gateway, bytes));
  return [up, down];
}

async function measure(
  gateway: BenchGateway,
  direction: LargeResult['direction'],
  bytes: number,
  transfer: () => Promise<number>,
): Promise<LargeResult> {
  const pids = familyOf(gateway.pid);
  const before = residentBytes(pids);
  const samples: number[] = [];
  const watching = setInterval(() => samples.push(residentBytes(pids)), 50);
  const startedAt = performance.now();
  const passed = await transfer().finally(() => clearInterval(watching));
  if (passed !== bytes) throw new Error(`${direction}: ${passed} of ${bytes} bytes passed`);
  const seconds = (performance.now() - startedAt) / 1000;
  return { direction, bytes, seconds, samples: samples.length, ...growthOf(before, samples) };
}

/** How far the samples rise above what was before, and how much higher the last quarter lies than the first. */
export function growthOf(
  before: number,
  samples: readonly number[],
): { readonly growth: number; readonly drift: number } {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const middleOf = (part: readonly number[]): number =>
    part.toSorted((left, right) => left - right)[Math.floor(part.length / 2)] ?? before;
  return {
    growth: Math.max(before, ...samples) - before,
    drift: middleOf(samples.slice(-quarter)) - middleOf(samples.slice(0, quarter)),
  };
}

async function upload(gateway: BenchGateway, bytes: number): Promise<number> {
  const headers = {
    ...browserHeaders(`sumun=${gateway.cookie}`),
    Origin: `http://${BENCH_HOST}`,
    'Content-Length': String(bytes),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request({ host: '127.0.0.1', port: gateway.port, method: 'POST', path: '/large/upload', headers });
  outgoing.on('response', resolve).on('error', reject);
  await Promise.race([send(outgoing, bytes), promise]);
  let text = '';
  for await (const chunk of await promise) text += String(chunk);
  return (JSON.parse(text) as { bytes: number }).bytes; // the sink's own count
}

async function send(outgoing: ClientRequest, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    if (!outgoing.write(left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left))) await once(outgoing, 'drain');
  }
  outgoing.end();
}

async function download(gateway: BenchGateway, bytes: number): Promise<number> {
  const headers = browserHeaders(`sumun=${gateway.cookie}`);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request({ host: '127.0.0.1', port: gateway.port, path: `/large/download?size=${bytes}`, headers })
    .on('response', (incoming) => {
      let passed = 0;
      incoming.on('data', (chunk: Buffer) => {
        passed += chunk.length;
      });
      incoming.once('end', () => resolve(passed));
      incoming.once('error', reject);
    })
    .on('error', reject)
    .end();
  return promise;
}

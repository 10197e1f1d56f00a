/** The load: wrk on one core, with the headers of a browser. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_HOST, BENCH_PREFIX } from './gateway.ts';

export type Scenario = {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly bodyBytes: number;
};

export const SCENARIOS: readonly Scenario[] = [
  { name: 'GET 1 KiB', method: 'GET', path: `${BENCH_PREFIX}1k`, bodyBytes: 0 },
  { name: 'POST 64 KiB', method: 'POST', path: `${BENCH_PREFIX}upload`, bodyBytes: 64 * 1024 },
  { name: 'GET 100 KiB', method: 'GET', path: `${BENCH_PREFIX}100k`, bodyBytes: 0 },
];

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number; // milliseconds
  readonly p99: number; // milliseconds
  readonly errors: number;
};

/** Eleven headers, four cookies. Host and Cookie among them. */
export const browserHeaders = (cookie: string): Readonly<Record<string, string>> => ({
  Host: BENCH_HOST,
  'User-Agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Cache-Control': 'max-age=0',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
  'Upgrade-Insecure-Requests': '1',
  Cookie: `_ga=GA1.1.1234567890.1700000000; JSESSIONID=0123456789ABCDEF0123456789ABCDEF; sumun=${cookie}; theme=classic`,
});

/** Runs wrk for some seconds with 64 connections and answers its summary. */
export async function runLoad(
  folder: string,
  target: { readonly port: number; readonly cookie: string; readonly scenario: Scenario },
  seconds: number,
): Promise<LoadResult> {
  const script = join(folder, 'load.lua');
  writeFileSync(script, lua(target.scenario, target.cookie));
  const url = `http://127.0.0.1:${target.port}${target.scenario.path}`;
  const wrk = spawn('taskset', ['-c', '1', 'wrk', '-t1', '-c64', `-d${seconds}s`, '-s', script, url]);
  let output = '';
  wrk.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  wrk.stderr.pipe(process.stderr);
  await once(wrk, 'close');
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk said: ${output}`);
  return JSON.parse(line) as LoadResult; // written by the script below
}

function lua({ method, bodyBytes }: Scenario, cookie: string): string {
  const headers = Object.entries(browserHeaders(cookie)).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  return `wrk.method = "${method}"
${headers.join('\n')}
${method === 'POST' ? `wrk.headers["Content-Type"] = "application/octet-stream"\nwrk.headers["Origin"] = "http://${BENCH_HOST}"\nwrk.body = string.rep("x", ${bodyBytes})` : ''}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"errors":%d}\\n',
    summary.requests, summary.duration / 1000000, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

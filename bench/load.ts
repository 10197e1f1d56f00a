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
  /** How many people take turns. */
  readonly people: number;
};

/** The scenario every candidate takes part in; in the others only nginx and the gateway do. */
export const FIRST: Scenario = { name: 'GET 1 KiB', method: 'GET', path: `${BENCH_PREFIX}1k`, bodyBytes: 0, people: 1 };

export const SCENARIOS: readonly Scenario[] = [
  FIRST,
  { ...FIRST, name: 'GET 1 KiB, 10,000 people', people: 10_000 },
  { name: 'POST 64 KiB', method: 'POST', path: `${BENCH_PREFIX}upload`, bodyBytes: 64 * 1024, people: 1 },
  { name: 'GET 100 KiB', method: 'GET', path: `${BENCH_PREFIX}100k`, bodyBytes: 0, people: 1 },
];

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number; // milliseconds
  readonly p99: number; // milliseconds
  readonly errors: number;
};

/** Where the load goes. `pairs` are cookies as `name=value`, one of each person. */
export type Target = {
  readonly port: number;
  readonly pairs: readonly string[];
  readonly scheme?: 'http' | 'https';
  readonly scenario: Scenario;
};

/** Eleven headers, four cookies. Host and Cookie among them. */
export const browserHeaders = (pair: string): Readonly<Record<string, string>> => ({
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
  Cookie: `_ga=GA1.1.1234567890.1700000000; JSESSIONID=0123456789ABCDEF0123456789ABCDEF; ${pair}; theme=classic`,
});

/** Runs wrk for some seconds with 64 connections and answers its summary. */
export async function runLoad(folder: string, target: Target, seconds: number): Promise<LoadResult> {
  const script = join(folder, 'load.lua');
  const list = join(folder, 'load.cookies');
  const pairs = Array.from({ length: target.scenario.people }, (_, n) => target.pairs[n % target.pairs.length] ?? '');
  if (pairs.length > 1) writeFileSync(list, `${pairs.join('\n')}\n`);
  writeFileSync(script, loadScript(target.scenario, pairs, list));
  const url = `${target.scheme ?? 'http'}://127.0.0.1:${target.port}${target.scenario.path}`;
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

/** The script of wrk: one request for ever, or the same with the cookies of a list in turn. */
export function loadScript({ method, bodyBytes }: Scenario, pairs: readonly string[], list: string): string {
  const headers = browserHeaders(pairs.length > 1 ? '@PAIR@' : (pairs[0] ?? ''));
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  const body = [
    'wrk.headers["Content-Type"] = "application/octet-stream"',
    `wrk.headers["Origin"] = "http://${BENCH_HOST}"`,
    `wrk.body = string.rep("x", ${bodyBytes})`,
  ];
  return `wrk.method = "${method}"
${[...lines, ...(method === 'POST' ? body : [])].join('\n')}
${pairs.length > 1 ? inTurn(list) : ''}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"errors":%d}\\n',
    summary.requests, summary.duration / 1000000, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

const inTurn = (list: string): string => `local pairs_in_turn, at, before, after = {}, 0, "", ""
init = function(args)
  for line in io.lines("${list}") do pairs_in_turn[#pairs_in_turn + 1] = line end
  local whole = wrk.format(nil, nil)
  local first, last = string.find(whole, "@PAIR@", 1, true)
  before, after = string.sub(whole, 1, first - 1), string.sub(whole, last + 1)
end
request = function()
  at = at % #pairs_in_turn + 1
  return before .. pairs_in_turn[at] .. after
end
`;

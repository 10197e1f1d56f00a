/** The check before anything is counted: whoever takes part answers as the application itself does. */
import { type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { BENCH_HOST } from './gateway.ts';
import { browserHeaders, type Target } from './load.ts';

/** What is answered otherwise, to the first of the people or the last, or undefined. */
export async function faultOf(target: Target): Promise<string | undefined> {
  const { name, path, people } = target.scenario;
  const expected = path.endsWith('100k') ? 100 * 1024 : path.endsWith('1k') ? 1024 : 'received\n'.length;
  for (const pair of [target.pairs[0], target.pairs[Math.min(people, target.pairs.length) - 1]]) {
    const { status, size } = await ask(target, pair ?? '');
    if (status !== 200 || size !== expected) return `${name} is answered ${status} with ${size} octets`;
  }
  return undefined;
}

async function ask(
  { port, scheme, scenario: { method, path, bodyBytes } }: Target,
  pair: string,
): Promise<{ readonly status: number; readonly size: number }> {
  const origin = method === 'POST' ? { Origin: `http://${BENCH_HOST}`, 'Content-Length': String(bodyBytes) } : {};
  const options = { host: '127.0.0.1', port, method, path, headers: { ...browserHeaders(pair), ...origin } };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = scheme === 'https' ? requestTls({ ...options, rejectUnauthorized: false }) : request(options);
  outgoing.on('response', resolve).on('error', reject).end(Buffer.alloc(bodyBytes));
  const incoming = await promise;
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) size += chunk.length;
  return { status: incoming.statusCode ?? 0, size };
}

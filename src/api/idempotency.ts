import type { IncomingMessage } from 'node:http';
import type { ApiClient } from '../core/identity/api-client.ts';
import type { Instant } from '../core/time.ts';
import type { House } from '../ports.ts';
import { badRequest } from './input.ts';
import type { Answer, Operation } from './operation.ts';
import { problem } from './problems.ts';

/** An answer in JSON: what can be kept and said again. */
export type PlainAnswer = Extract<Answer, { readonly body?: unknown }>;

type Once = {
  readonly house: Pick<House, 'idempotency' | 'digests'>;
  readonly operation: Operation;
  readonly client: ApiClient;
  readonly request: IncomingMessage;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly raw: Uint8Array;
  readonly now: Instant;
};

/**
 * Runs a call once for each Idempotency-Key: a repetition hears the stored answer, another body under the same key is
 * refused. Only answers that decided something are kept; after a refusal or a breakage the key is free again.
 */
export async function once(call: Once, run: () => Promise<Answer>): Promise<Answer> {
  const key = keyOf(call.request);
  const ttl = call.operation.idempotentFor;
  if (key === undefined || ttl === undefined) return run();
  const { idempotency, digests } = call.house;
  const scope = `${call.client.name} ${call.operation.id}`;
  const body = Buffer.from(call.raw).toString('base64');
  // Keyed: a plain digest of a body with a password in it could be guessed against.
  const print = digests.mac('api-key', `body|${call.target}|${body}`);
  const begun = await idempotency.begin(scope, key, print, call.now, ttl);
  switch (begun.kind) {
    case 'stored':
      return { status: begun.status, ...storedBody(begun.body), headers: { 'idempotency-replayed': 'true' } };
    case 'mismatch':
      throw problem('idempotency_mismatch', 'this Idempotency-Key came with another body before');
    case 'in-progress':
      throw problem('idempotency_in_progress', 'the first call with this key is not finished', { retry_after: 1 });
    case 'new':
      return runAndKeep(idempotency, scope, key, run);
  }
}

async function runAndKeep(
  idempotency: House['idempotency'],
  scope: string,
  key: string,
  run: () => Promise<Answer>,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await run();
  } catch (refusal) {
    await idempotency.abandon(scope, key).catch(() => undefined); // it ends by itself; the refusal is what to report
    throw refusal;
  }
  if ('events' in answer || answer.status >= 400) await idempotency.abandon(scope, key);
  else await idempotency.finish(scope, key, answer.status, JSON.stringify(answer.body) ?? '');
  return answer;
}

const storedBody = (text: string): { readonly body?: unknown } => (text === '' ? {} : { body: JSON.parse(text) });

function keyOf(request: IncomingMessage): string | undefined {
  const fields = request.headersDistinct['idempotency-key'];
  if (fields === undefined) return undefined;
  const [key = ''] = fields;
  if (fields.length === 1 && /^[\x21-\x7e]{1,128}$/.test(key)) return key;
  throw badRequest({ path: 'Idempotency-Key', message: 'one value of 1 to 128 visible characters of ASCII' });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { KeyUse } from '../flows/clients.ts';
import { bearerOf, clientOf, demandScope, type Gatekeeper, originOf } from './authorise.ts';
import { once } from './idempotency.ts';
import { readInput } from './input.ts';
import type { Answer, ApiParts, Call, Operation } from './operation.ts';
import { problem } from './problems.ts';
import { CallRate } from './rate.ts';
import { sendAnswer, sendProblem } from './respond.ts';
import { compileOperations } from './routing.ts';
import { arrive, languageOf, refusalOf, type Visit } from './visit.ts';

/** Answers one request; the path is what follows the base, query included. */
export type ApiHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves operations below one base (`request.url` begins after it). In this order: address and method, key, rate, scope,
 * input, Idempotency-Key, the operation. Whatever is thrown becomes a problem document; what is no `Problem` is logged
 * under the request's number and says nothing but that no decision was made.
 */
export function createApi(parts: ApiParts, operations: readonly Operation[]): ApiHandler {
  const { house } = parts;
  const find = compileOperations(operations);
  const keeper: Gatekeeper = { house, use: new KeyUse(house.clients), refusals: new Map() };
  const rate = new CallRate();

  const answerTo = async (visit: Visit): Promise<Answer> => {
    const routed = find(visit.request.method ?? '', visit.path);
    if (routed.kind === 'missing') throw problem('not_found', 'there is no such address');
    if (routed.kind === 'method') return otherMethod(visit.request, routed.allow);
    const { operation, params } = routed;
    const arrival = { now: visit.now, address: visit.address, request: visit.number };
    const client = await clientOf(keeper, bearerOf(visit.request), arrival);
    rate.take(client.keyId, visit.now);
    demandScope(client, operation.scopes);
    const { path, query, body, raw } = await readInput(operation, visit.request, params, visit.search);
    const policy = parts.policy();
    const call: Call<unknown, unknown, unknown> = {
      parts,
      policy,
      client,
      path,
      query,
      body,
      now: visit.now,
      by: originOf(client, arrival),
      language: languageOf(visit.request, policy),
      accept: visit.request.headers.accept ?? '',
      gone: goneSignal(visit.response),
    };
    const target = `${visit.path}?${visit.search}`;
    return once({ house, operation, client, request: visit.request, target, raw, now: visit.now }, () =>
      operation.handle(call),
    );
  };

  return (request, response) => {
    const visit = arrive(house, request, response);
    answerTo(visit)
      .then((answer) => sendAnswer(request, response, visit.id, answer))
      .catch((breakage: unknown) => {
        const refusal = refusalOf(house, visit, breakage);
        if (response.headersSent) response.destroy();
        else sendProblem(request, response, visit, refusal);
      });
  };
}

function otherMethod(request: IncomingMessage, allow: readonly string[]): Answer {
  const list = allow.join(', ');
  if (request.method === 'OPTIONS') return { status: 204, headers: { allow: list } };
  throw problem('method_not_allowed', `the address knows ${list}`, { allow });
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Language, Policy } from '../core/policy.ts';
import { encodeUlid, requestNumber } from '../core/request-number.ts';
import type { Instant } from '../core/time.ts';
import type { House } from '../ports.ts';
import { chooseLanguage } from '../texts/language.ts';
import type { Problem } from './operation.ts';
import { problemOf } from './respond.ts';

/** One request to the API, from its arrival to its answer. */
export type Visit = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  readonly number: string;
  readonly address: string;
  readonly now: Instant;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly search: string;
};

/** Gives a request its number and its moment. */
export function arrive(
  house: Pick<House, 'clock' | 'random'>,
  request: IncomingMessage,
  response: ServerResponse,
): Visit {
  const now = house.clock.now();
  const id = encodeUlid(now, house.random.bytes(10));
  const [path = '/', search = ''] = splitTarget(request.url ?? '/');
  const address = request.socket.remoteAddress ?? '';
  return { request, response, id, number: requestNumber(id), address: bare(address), now, path, search };
}

function splitTarget(url: string): readonly [string, string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** IPv4 addresses that a socket of both families shows as mapped. */
const bare = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/**
 * The refusal that something thrown is to the caller. What is a fault of ours is logged, and every refusal is kept under
 * the request's number.
 */
export function refusalOf(house: Pick<House, 'log' | 'requests'>, visit: Visit, breakage: unknown): Problem {
  const { request, id, number } = visit;
  const refusal = problemOf(breakage);
  if (refusal.status >= 500) {
    const error = breakage instanceof Error ? (breakage.stack ?? breakage.message) : String(breakage);
    house.log[refusal.status === 500 ? 'error' : 'warn']('api.failed', { request: number, error });
  }
  house.requests.record({
    id,
    at: visit.now,
    method: (request.method ?? '').slice(0, 32),
    url: `api:${visit.path.slice(0, 256)}`,
    address: visit.address,
    login: '',
    have: {},
    status: refusal.status,
    outcome: refusal.code,
  });
  return refusal;
}

/** The language of texts for people. */
export const languageOf = (request: IncomingMessage, policy: Policy): Language =>
  chooseLanguage(
    { asked: undefined, remembered: undefined, acceptLanguage: request.headers['accept-language'] },
    policy.pages.languages,
  );

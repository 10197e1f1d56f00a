import type { Upstream } from '../../core/policy.ts';
import type { Exchange, UpstreamFault } from './exchange.ts';
import { hasBody } from './request-head.ts';

/** How an exchange lost its connection. */
export type Loss = {
  readonly exchange: Exchange;
  readonly fault: UpstreamFault;
  readonly reason: string | undefined;
  /** The connection had carried a request before. */
  readonly used: boolean;
  /** Something of the request may have left. */
  readonly written: boolean;
  /** Something came back. */
  readonly answered: boolean;
};

/**
 * What becomes of the request. `renew`: the connection had been closed before the request came, so a new one to the same
 * target takes it. `elsewhere`: another target, nothing of the request has left. `again`: another target if there is one,
 * else the same on a new connection. `fail`: the asking side is told.
 */
export type Repetition = 'renew' | 'elsewhere' | 'again' | 'fail';

/**
 * A request is repeated only if it cannot have been carried out (nothing of it left), or if carrying it out twice does no
 * more than once (RFC 9110 §9.2.2): nothing came back, the connection was closed, the method is one of `retry.methods`,
 * and none of its body was taken from the asking side. What only takes too long is never repeated: it may be at work.
 */
export function repetitionOf({ exchange, fault, used, written, answered }: Loss, retry: Upstream['retry']): Repetition {
  const { request } = exchange;
  if (exchange.over || answered) return 'fail';
  const isLeft = exchange.repetitions < retry.times;
  if (!written) return isLeft ? 'elsewhere' : 'fail';
  if (fault !== 'closed' || request.upgrade || (hasBody(request) && exchange.ready)) return 'fail';
  const isSafe = (request.method === 'GET' || request.method === 'HEAD') && !hasBody(request);
  if (used && isSafe && !exchange.retried) return 'renew';
  return isLeft && retry.methods.includes(request.method) ? 'again' : 'fail';
}

import { isServed } from '../../core/access/routes.ts';
import { canonicalise } from '../../core/access/target.ts';
import type { Policy } from '../../core/policy.ts';
import type { Page } from '../../ports.ts';
import type { Incoming, Outgoing } from '../front/message.ts';
import type { Gate } from '../gate.ts';
import { auditVisit } from '../record.ts';
import { failVisit, respond, respondPage } from '../respond.ts';
import { arrive, type Visit } from '../visit.ts';

/** What a plain listener answers. */
export type PlainAnswer =
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'refused'; readonly status: 400 | 405 | 421; readonly reason: string };

/**
 * The answer of a listener that only redirects: the same address with https, for hosts that are served here and targets
 * that have one reading. `port` is where https is spoken. Methods other than GET and HEAD are refused: what they carry
 * has gone over the wire in clear, and repeating it with https would hide that.
 */
export function plainAnswer(
  policy: Policy,
  request: { readonly method: string; readonly target: string; readonly hosts: readonly string[] },
  port: number,
): PlainAnswer {
  const read = canonicalise({ ...request, scheme: 'http' });
  if (!read.ok) return { kind: 'refused', status: read.error.status, reason: read.error.code };
  const { host, path, query, needs } = read.value;
  const { portal } = policy.server;
  if (!isServed(policy.routes, host) && portal?.host !== host)
    return { kind: 'refused', status: 421, reason: 'unknown-host' };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { kind: 'refused', status: 405, reason: 'method-in-clear' };
  if (needs[0] !== undefined) return { kind: 'refused', status: 400, reason: needs[0] };
  const outside = portal?.scheme === 'https' ? portal.port : port;
  return { kind: 'redirect', location: `https://${host}${outside === 443 ? '' : `:${outside}`}${path}${query}` };
}

/** Answers one request on a plain listener; the connection ends with it. */
export function answerPlain(gate: Gate, request: Incoming, response: Outgoing, port: number): void {
  const visit = arrive(gate, request, response);
  try {
    const { hosts } = visit.fields;
    const named = hosts.length === 1 ? [visit.browserHost] : hosts;
    const { policy } = visit.running;
    const answer = plainAnswer(policy, { method: request.method, target: request.url, hosts: named }, port);
    if (answer.kind === 'refused') refuse(visit, answer.status, answer.reason);
    else {
      // 301 and not 308, which old browsers do not know; both say the same of GET and HEAD.
      const headers = ['Location', answer.location];
      respond(visit, 301, headers, Buffer.alloc(0), { outcome: 'redirect https', close: true });
    }
  } catch (breakage) {
    failVisit(visit, breakage);
  }
}

function refuse(visit: Visit, status: number, reason: string): void {
  auditVisit(visit, 'request.refused', reason);
  const headers = status === 405 ? ['Allow', 'GET, HEAD'] : [];
  respondPage(visit, status, pageOf(status, reason), { outcome: `fault ${reason}`, close: true, headers });
}

function pageOf(status: number, code: string): Page {
  if (status === 421) return { kind: 'unknown-host' };
  return status === 405 ? { kind: 'method-refused' } : { kind: 'bad-request', code };
}

import type { AuditKind } from '../core/audit.ts';
import { foldLogin } from '../core/identity/account.ts';
import { requestNumber } from '../core/request-number.ts';
import { auditEvent } from '../flows/origin.ts';
import { originOf, type Visit } from './visit.ts';

/** What a record needs of a visit: requests that another proxy asks about have no response of their own. */
export type Recorded = Pick<Visit, 'gate' | 'running' | 'id' | 'now' | 'client' | 'target' | 'route' | 'session'> & {
  readonly req: { readonly method?: string | undefined; readonly url?: string | undefined };
};

/** Longest address of a request that is kept. */
const URL_MAX = 2048;

/** The login of whoever the request belongs to, folded; the empty string for nobody. */
const loginOf = (visit: Recorded): string => foldLogin(visit.session?.account.login ?? '') ?? '';

/** Appends to the audit trail without waiting for it. */
export function auditVisit(
  visit: Recorded,
  kind: AuditKind,
  reason: string,
  detail: Readonly<Record<string, string | number | boolean>> = {},
): void {
  const origin = { actor: 'self', address: visit.client.address.text, request: requestNumber(visit.id) };
  const about = { method: visit.req.method?.slice(0, 32) ?? '', url: urlOf(visit), ...detail };
  const facts = { login: loginOf(visit), route: visit.route?.name ?? '', reason, detail: about };
  visit.gate.audit.add(auditEvent(kind, visit.now, origin, facts));
}

/** Keeps a request that did not simply pass, so that the number on its page can be explained. */
export function recordVisit(visit: Recorded, status: number, outcome: string): void {
  visit.gate.house.requests.record({
    id: visit.id,
    at: visit.now,
    method: visit.req.method?.slice(0, 32) ?? '',
    url: urlOf(visit),
    address: visit.client.address.text,
    login: loginOf(visit),
    have: visit.session?.proofs ?? {},
    status,
    outcome,
  });
}

/** One line for each request, where the configuration wants it. */
export function logVisit(visit: Recorded, status: number, outcome: string): void {
  if (!visit.running.policy.log.access) return;
  const { gate, route, session } = visit;
  gate.house.log.info('request', {
    request: visit.id,
    method: visit.req.method,
    url: urlOf(visit),
    status,
    outcome,
    route: route?.name,
    login: session?.account.login,
    address: visit.client.address.text,
    ms: gate.house.clock.now() - visit.now,
  });
}

/** Scheme, host, path and the names of the query: values may be personal and are not kept. */
function urlOf({ target, req }: Recorded): string {
  if (target === undefined) return (req.url ?? '').slice(0, URL_MAX).replace(/[^\x21-\x7e]|\?.*$/g, '');
  const names = target.query === '' ? '' : target.query.replace(/=[^&]*/g, '=');
  return `${originOf(target)}${target.path}${names}`.slice(0, URL_MAX);
}

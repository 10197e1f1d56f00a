import type { AuditEvent, AuditKind } from '../core/audit.ts';
import type { Instant } from '../core/time.ts';

/** Who acts and from where, for the audit trail. */
export type Origin = {
  /** `cli`, `self`, `system`, or an administrator's login. */
  readonly actor: string;
  /** Network address, or the empty string. */
  readonly address: string;
  /** Short request number, or the empty string. */
  readonly request: string;
};

/** What an event is about, besides who did it. */
export type EventFacts = Partial<Pick<AuditEvent, 'login' | 'route' | 'reason' | 'detail'>>;

/** An audit event with every field filled in. */
export const auditEvent = (kind: AuditKind, at: Instant, origin: Origin, facts: EventFacts = {}): AuditEvent => ({
  at,
  kind,
  login: facts.login ?? '',
  actor: origin.actor,
  address: origin.address,
  route: facts.route ?? '',
  request: origin.request,
  reason: facts.reason ?? '',
  detail: facts.detail ?? {},
});

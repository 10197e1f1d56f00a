import type { Instant } from './time.ts';

/** The closed list of things that can have happened. */
export type AuditKind =
  | 'signin.accepted'
  | 'signin.rejected'
  | 'signin.locked'
  | 'stepup.accepted'
  | 'verification.accepted'
  | 'verification.rejected'
  | 'verification.locked'
  | 'verification.challenged'
  | 'challenge.created'
  | 'challenge.resent'
  | 'challenge.cancelled'
  | 'payment.created'
  | 'payment.approved'
  | 'payment.rejected'
  | 'payment.cancelled'
  | 'signout'
  | 'session.revoked'
  | 'access.denied'
  | 'access.reported'
  | 'request.refused'
  | 'header.spoofed'
  | 'post.kept'
  | 'post.resumed'
  | 'handover.accepted'
  | 'handover.refused'
  | 'user.added'
  | 'user.changed'
  | 'user.suspended'
  | 'user.resumed'
  | 'user.unlocked'
  | 'user.deleted'
  | 'token.enrolled'
  | 'token.tested'
  | 'token.resynchronised'
  | 'token.suspended'
  | 'token.resumed'
  | 'token.revoked'
  | 'token.changed'
  | 'token.deleted'
  | 'token.imported'
  | 'code.issued'
  | 'recovery.created'
  | 'temporary.created'
  | 'client.added'
  | 'client.rotated'
  | 'client.revoked'
  | 'client.refused'
  | 'sms.sent'
  | 'sms.failed'
  | 'sms.limited'
  | 'outage.declared'
  | 'outage.ended'
  | 'break-glass.sealed'
  | 'break-glass.voided'
  | 'break-glass.opened'
  | 'break-glass.refused'
  | 'break-glass.used'
  | 'break-glass.closed'
  | 'radius.refused'
  | 'import.applied'
  | 'config.loaded'
  | 'config.refused'
  | 'key.rotated'
  | 'backup.made'
  | 'backup.restored'
  | 'server.started'
  | 'server.worker-lost'
  | 'server.stopped';

/** One thing that happened, as it goes into the chain. Never holds a secret, a code or a cookie. */
export type AuditEvent = {
  readonly at: Instant;
  readonly kind: AuditKind;
  /** Folded login of the person it is about, as submitted; the empty string for none. */
  readonly login: string;
  /** Who did it: `cli`, `self`, `system`, or an administrator's login. */
  readonly actor: string;
  readonly address: string;
  readonly route: string;
  /** Short request number, or the empty string. */
  readonly request: string;
  /** The inner reason, from the closed union of the decision that made it. */
  readonly reason: string;
  readonly detail: Readonly<Record<string, string | number | boolean>>;
};

/** An event in its place in the chain: `hash` covers the event, its sequence number and the hash before it. */
export type AuditRecord = AuditEvent & { readonly seq: number; readonly prevHash: string; readonly hash: string };

import type { AuditEvent, AuditKind } from '../core/audit.ts';
import { auditEvent, type Origin } from '../flows/origin.ts';
import type { Terminal } from './terminal.ts';

/** Whoever sits at the command line of the machine. */
export const CLI: Origin = { actor: 'cli', address: '', request: '' };

/** An audit event of somebody at the command line. */
export const cliEvent = (terminal: Terminal, kind: AuditKind, login: string): AuditEvent =>
  auditEvent(kind, terminal.wiring.clock.now(), CLI, { login });

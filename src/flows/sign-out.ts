import { foldLogin } from '../core/identity/account.ts';
import type { Session } from '../core/session/session.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';

export type SignOutPorts = Pick<House, 'clock' | 'sessions'> & { readonly live: { forget(accountId: string): void } };

/** Ends the sign-in of a session with every handle that points to it. */
export async function signOut(
  house: SignOutPorts,
  session: Session,
  from: { readonly address: string; readonly request: string },
): Promise<void> {
  const origin = { actor: 'self', ...from };
  const facts = { login: foldLogin(session.account.login) ?? '', detail: { session: session.id, host: session.host } };
  await house.sessions.revoke({ id: session.id }, auditEvent('signout', house.clock.now(), origin, facts));
  house.live.forget(session.account.id);
}

/** Which sign-ins an administrator ends. */
export type SignInsToEnd = { readonly id: string } | { readonly login: string } | 'all';

/** Ends sign-ins; answers how many, or that the person does not exist. A running server follows within a second. */
export async function endSignIns(
  house: Pick<House, 'clock' | 'sessions' | 'accounts'>,
  which: SignInsToEnd,
  by: Origin,
): Promise<{ readonly kind: 'ended'; readonly count: number } | { readonly kind: 'missing' }> {
  const now = house.clock.now();
  if (which === 'all') {
    const event = auditEvent('session.revoked', now, by, { detail: { scope: 'all' } });
    return { kind: 'ended', count: await house.sessions.revoke('all', event) };
  }
  if ('id' in which) {
    const event = auditEvent('session.revoked', now, by, { detail: { session: which.id } });
    return { kind: 'ended', count: await house.sessions.revoke(which, event) };
  }
  const login = foldLogin(which.login) ?? '';
  const account = await house.accounts.findByLogin(login);
  if (account === undefined) return { kind: 'missing' };
  const event = auditEvent('session.revoked', now, by, { login, detail: { scope: 'user' } });
  return { kind: 'ended', count: await house.sessions.revoke({ accountId: account.id }, event) };
}

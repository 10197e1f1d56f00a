import { encodeBase64Url, HANDLE_BYTES, isHandle } from '../core/session/handle.ts';
import type { Session } from '../core/session/session.ts';
import type { House, Redeemed } from '../ports.ts';
import { auditEvent } from './origin.ts';

export type RedeemPorts = Pick<House, 'clock' | 'random' | 'digests' | 'sessions'> & {
  readonly live: { forget(accountId: string): void };
};

/** A browser that comes back from the portal. */
export type Return = {
  /** The code of its address, whatever that is. */
  readonly code: string | undefined;
  readonly browserSecret: string | undefined;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** The live session it has on this host already. */
  readonly session: Session | undefined;
  readonly address: string;
  /** Short number of the request. */
  readonly request: string;
};

export type Returned =
  | {
      readonly kind: 'entered';
      /** Value of the session cookie of this host. */
      readonly cookie: string;
      readonly returnTo: string;
      readonly keptPost: string | undefined;
    }
  | { readonly kind: 'refused' };

/**
 * Takes a sign-in over from the portal: the code is spent whatever comes of it, and it opens a session only on the host
 * and in the browser that began, once. The cookie value is new.
 */
export async function redeemHandOver(house: RedeemPorts, back: Return): Promise<Returned> {
  const { code, browserSecret, scheme, host, session } = back;
  if (code === undefined || !isHandle(code)) return { kind: 'refused' };
  const now = house.clock.now();
  const cookie = encodeBase64Url(house.random.bytes(HANDLE_BYTES));
  const redemption = {
    codeHash: house.digests.hash(code),
    browserHash: browserSecret === undefined ? '' : house.digests.hash(browserSecret),
    scheme,
    host,
    handleHash: house.digests.hash(cookie),
    replaces: session?.id,
    now,
  };
  const outcome = await house.sessions.redeem(redemption, (redeemed) => eventOf(redeemed, back, now));
  if (outcome.kind === 'refused') return { kind: 'refused' };
  house.live.forget(outcome.accountId);
  if (session !== undefined && session.account.id !== outcome.accountId) house.live.forget(session.account.id);
  const { returnTo, keptPost } = outcome.transaction;
  return { kind: 'entered', cookie, returnTo, keptPost };
}

function eventOf(outcome: Redeemed, { address, request, host }: Return, now: number) {
  const origin = { actor: 'self', address, request };
  if (outcome.kind === 'refused') {
    const { login, route, reason } = outcome;
    return auditEvent('handover.refused', now, origin, { login, route, reason, detail: { host } });
  }
  const { login, signIn, transaction } = outcome;
  const facts = { login, route: transaction.route, detail: { host, session: signIn } };
  return auditEvent('handover.accepted', now, origin, facts);
}

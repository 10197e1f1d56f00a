import { foldLogin } from '../core/identity/account.ts';
import type { Policy } from '../core/policy.ts';
import type { LiveCode } from '../core/verification/challenge.ts';
import { digestHex } from '../core/verification/server-code.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';

/** Random bytes that make each code's question its own. */
const NONCE_BYTES = 32;

export type ServerCodeRequest = {
  readonly authenticatorId: string;
  /** What the person is shown beside the code; the code is bound to it. */
  readonly context?: string;
  /** Verification or challenge it counts for; absent = wherever it is typed. */
  readonly boundTo?: string;
};

/**
 * Makes the next live code of a server-synchronised authenticator; every older one is dead from then on. What is
 * answered is what the authenticator needs to compute the code, not the code.
 */
export async function issueServerCode(
  house: Pick<House, 'clock' | 'random' | 'digests' | 'accounts' | 'authenticators' | 'liveCodes'>,
  policy: Pick<Policy, 'otp'>,
  { authenticatorId, context, boundTo = '' }: ServerCodeRequest,
  by: Origin,
): Promise<
  { readonly kind: 'issued'; readonly live: LiveCode } | { readonly kind: 'missing' } | { readonly kind: 'limited' }
> {
  const authenticator = await house.authenticators.find(authenticatorId);
  if (authenticator?.kind !== 'server' || authenticator.status !== 'active') return { kind: 'missing' };
  const owner = await house.accounts.find(authenticator.accountId);
  const event = auditEvent('code.issued', house.clock.now(), by, {
    login: foldLogin(owner?.login ?? '') ?? '',
    detail: { authenticator: authenticatorId },
  });
  const contextHash = context === undefined ? '' : digestHex(house.digests.hash(context));
  const code = { nonce: house.random.bytes(NONCE_BYTES), contextHash, boundTo, ttl: policy.otp.server.ttl };
  const live = await house.liveCodes.issue(authenticatorId, code, event);
  return typeof live === 'string' ? { kind: live } : { kind: 'issued', live };
}

import { z } from 'zod';
import type { Account } from '../core/identity/account.ts';
import { amrOf, type Proofs } from '../core/identity/factors.ts';
import { encodeUlid } from '../core/request-number.ts';
import { type Instant, MINUTE, SECOND } from '../core/time.ts';
import type { Offer } from '../core/verification/authentication.ts';
import { type RejectReason, reasonDetailOf } from '../core/verification/rejection.ts';
import type { Call } from './operation.ts';
import { seconds } from './views.ts';

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'parts' | 'policy' | 'client' | 'now'>;

/** Life of an assertion: long enough to be handed over, short enough to be of no use afterwards. */
const ASSERTION_LIFE = MINUTE;

export const acceptSchema = z
  .object({
    result: z.literal('accept'),
    transaction: z.string(),
    amr: z.array(z.string()).meta({ description: 'What was proved (RFC 8176)' }),
    auth_time: z.int().meta({ description: 'Unix time in seconds' }),
    user: z.object({ login: z.string(), name: z.string(), groups: z.array(z.string()) }),
    assertion: z.string().meta({ description: 'JWT for the application (`aud`), good for 60 seconds' }),
  })
  .meta({ id: 'Accept' });

export const rejectSchema = z
  .object({
    result: z.literal('reject'),
    reason: z.enum(['invalid_credentials', 'locked']),
    retry_after: z.int().optional().meta({ description: 'Seconds; with `locked`' }),
    reason_detail: z.string().optional().meta({ description: 'Only for keys with the scope `verify:detail`' }),
  })
  .meta({ id: 'Reject' });

export const offerSchema = z.object({
  method: z.enum(['otp', 'sms', 'server', 'ocra']),
  challenge: z.string().optional().meta({ description: 'Identifier below `/challenges`, for waiting or resending' }),
  target: z.string().optional().meta({ description: 'Masked telephone number' }),
  question: z.string().optional().meta({ description: 'OCRA question to show' }),
  resend_after: z.int().optional().meta({ description: 'Seconds until it may be sent again' }),
});

export const challengeSchema = z
  .object({
    result: z.literal('challenge'),
    transaction: z.string().meta({ description: 'Hand it back with the code' }),
    expires_at: z.int().meta({ description: 'Unix time in seconds' }),
    need: z.array(offerSchema).meta({ description: 'Ways of going on' }),
  })
  .meta({ id: 'Challenge' });

/** The answer to somebody who proved everything. Signs the assertion. */
export async function acceptView(
  call: AnyCall,
  accepted: { readonly account: Account; readonly proofs: Proofs; readonly transaction: string },
  app: string,
): Promise<z.input<typeof acceptSchema>> {
  const { account, proofs, transaction } = accepted;
  const { house } = call.parts;
  const amr = [...amrOf(proofs)];
  const user = { login: account.login, name: account.name, groups: [...account.groups] };
  const authTime = seconds(call.now);
  const claims = {
    iss: call.policy.identity.issuer ?? 'sumun',
    aud: app,
    sub: user.login,
    name: user.name,
    groups: user.groups,
    amr,
    auth_time: authTime,
    iat: authTime,
    nbf: authTime,
    exp: authTime + ASSERTION_LIFE / SECOND,
    jti: encodeUlid(call.now, house.random.bytes(10)),
    sid: transaction,
  };
  const assertion = await house.signer.sign(claims, call.now);
  return { result: 'accept', transaction, amr, auth_time: authTime, user, assertion };
}

/** The answer to everybody else: one word, and the inner reason only for keys that may know it. */
export const rejectView = (call: AnyCall, reason: RejectReason): z.input<typeof rejectSchema> => ({
  result: 'reject',
  reason: 'invalid_credentials',
  ...detailOf(call, reasonDetailOf(reason)),
});

export const lockedView = (call: AnyCall, until: Instant): z.input<typeof rejectSchema> => ({
  result: 'reject',
  reason: 'locked',
  retry_after: secondsUntil(until, call.now),
  ...detailOf(call, 'locked'),
});

export const offerView = (offer: Offer, now: Instant): z.input<typeof offerSchema> => ({
  method: offer.method,
  ...(offer.challenge === undefined ? {} : { challenge: offer.challenge }),
  ...(offer.target === undefined ? {} : { target: offer.target }),
  ...(offer.question === undefined ? {} : { question: offer.question }),
  ...(offer.resendAfter === undefined ? {} : { resend_after: secondsUntil(offer.resendAfter, now) }),
});

/** Whole seconds from now, never negative. */
export const secondsUntil = (at: Instant, now: Instant): number => Math.max(0, Math.ceil((at - now) / SECOND));

const detailOf = ({ client }: AnyCall, detail: string): { readonly reason_detail?: string } =>
  client.scopes.includes('verify:detail') ? { reason_detail: detail } : {};

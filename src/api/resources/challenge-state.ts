import { z } from 'zod';
import type { Policy } from '../../core/policy.ts';
import type { Instant } from '../../core/time.ts';
import type { Challenge, ChallengeMethod } from '../../core/verification/challenge.ts';
import { awaitChallenge } from '../../flows/challenges.ts';
import { placeFor } from '../../flows/place.ts';
import { secondsUntil } from '../decision.ts';
import type { Call } from '../operation.ts';
import { problem } from '../problems.ts';
import { seconds } from '../views.ts';

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'parts' | 'client' | 'now' | 'gone'>;

export const challengeStateSchema = z
  .object({
    id: z.string(),
    method: z.enum(['sms', 'server', 'ocra']),
    state: z.enum(['open', 'used', 'voided', 'expired']),
    target: z.string().optional().meta({ description: 'Masked telephone number; only when it is created' }),
    question: z.string().optional().meta({ description: 'OCRA question to show' }),
    expires_at: z.int().meta({ description: 'Unix time in seconds' }),
    resend_after: z.int().meta({ description: 'Seconds until it may be sent again' }),
    live: z.object({ counter: z.int(), nonce: z.string() }).optional().meta({
      description: 'What the authenticator computes the code from; only for keys with the scope `tokens:issue`',
    }),
  })
  .meta({ id: 'ChallengeState' });

/** What challenges of a caller are bound to: the client, whichever of its keys it uses. */
export const boundTo = ({ client }: Pick<AnyCall, 'client'>): string => `api:${client.name}`;

/** Unknown, closed or another's: all look the same. */
export const gone = () => problem('challenge_gone', 'create another one');

/**
 * What a challenge of this caller is bound to: the caller itself, or a verification under way that the caller began.
 * Another's does not exist.
 */
async function bondOf(call: Pick<AnyCall, 'parts' | 'client' | 'now'>, challenge: Challenge) {
  const { house } = call.parts;
  if (house.digests.equal(challenge.boundTo, boundTo(call))) return challenge.boundTo;
  const pending = await house.pending.find(challenge.boundTo, call.now);
  return pending?.boundTo === boundTo(call) ? challenge.boundTo : undefined;
}

/** A challenge of this caller with what it is bound to. Throws 410. */
export async function own(call: Pick<AnyCall, 'parts' | 'client' | 'now'>, id: string) {
  const challenge = await call.parts.house.challenges.find(id);
  const bond = challenge === undefined ? undefined : await bondOf(call, challenge);
  if (challenge === undefined || bond === undefined) throw gone();
  return { challenge, bond };
}

/**
 * A challenge proves one factor. For an application of which the policy asks more it proves too little: then the
 * verification has to go through `/verify`. Throws 403.
 */
export function demandEnough(policy: Policy, app: string, method: ChallengeMethod): void {
  if (method === 'sms' && policy.sms.providers.length === 0) throw noProvider();
  if (placeFor(policy, app, [method === 'sms' ? 'sms' : 'otp']) !== undefined) return;
  throw problem('auth_too_weak', 'the policy asks more of this application than one challenge proves; use /verify');
}

/** 400: codes by SMS are not offered here. */
export const noProvider = () => problem('not_available', 'no SMS provider is configured');

/** True while it can be answered. */
export const isOpen = (challenge: Challenge, now: number): boolean =>
  challenge.state === 'open' && now < challenge.expiresAt;

/** The challenge as it is when its state changes; undefined where it did not in time. */
export const next = (
  { parts, gone: away }: Pick<AnyCall, 'parts' | 'gone'>,
  { id, state }: Challenge,
  bond: string,
  until: Instant,
): Promise<Challenge | undefined> => awaitChallenge(parts.house, { id, boundTo: bond, was: state, until, gone: away });

/** Its state now and at every change, until it is closed or the caller goes. */
export async function* changesOf(
  call: Pick<AnyCall, 'parts' | 'gone'>,
  first: Challenge,
  bond: string,
): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
  const { clock } = call.parts.house;
  let challenge = first;
  yield { event: 'state', data: viewOf(challenge, clock.now()) };
  while (isOpen(challenge, clock.now()) && !call.gone.aborted) {
    challenge = (await next(call, challenge, bond, challenge.expiresAt)) ?? challenge;
    if (!call.gone.aborted) yield { event: 'state', data: viewOf(challenge, clock.now()) };
  }
}

/** What is shown of a challenge: never the code, never of whom it is. */
export const viewOf = (challenge: Challenge, now: number): z.input<typeof challengeStateSchema> => ({
  id: challenge.id,
  method: challenge.method satisfies ChallengeMethod,
  state: challenge.state === 'open' && now >= challenge.expiresAt ? 'expired' : challenge.state,
  ...(challenge.method === 'ocra' ? { question: challenge.question } : {}),
  expires_at: seconds(challenge.expiresAt),
  resend_after: secondsUntil(challenge.resendAfter, now),
});

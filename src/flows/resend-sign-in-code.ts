import type { Language, Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { House, LoginTransaction } from '../ports.ts';
import { type Opening, openSignIn } from './begin-sign-in.ts';
import { placeOfRoute } from './place.ts';
import { findStep, type SignInStep, stepOf } from './sign-in-step.ts';
import { type ChallengePorts, resendSms } from './text-message.ts';

export type ResendPorts = ChallengePorts & Pick<House, 'digests' | 'browsers' | 'pending' | 'accounts'>;

export type ResendRequest = Opening & {
  /** `pending` of the step whose code did not arrive. */
  readonly pending: string;
  readonly address: string;
  readonly request: string;
  readonly language: Language;
};

export type Resent =
  | { readonly kind: 'queued'; readonly transaction: LoginTransaction; readonly step: SignInStep }
  | {
      readonly kind: 'limited';
      readonly transaction: LoginTransaction;
      readonly step: SignInStep;
      readonly until: Instant;
    }
  /** The step or its challenge is over: begin with the first step. */
  | { readonly kind: 'step-gone'; readonly transaction: LoginTransaction }
  | { readonly kind: 'gone' };

/** Sends the same code of a sign-in again. Nothing is verified; whoever has no number hears the same. */
export async function resendSignInCode(house: ResendPorts, policy: Policy, request: ResendRequest): Promise<Resent> {
  const opened = await openSignIn(house, request);
  if (opened.kind !== 'open') return { kind: 'gone' };
  const { transaction } = opened;
  const pending = await findStep(house, transaction, request.pending, house.clock.now());
  if (pending === undefined || pending === 'gone' || pending.challengeId === undefined) {
    return { kind: 'step-gone', transaction };
  }
  const challenge = await house.challenges.find(pending.challengeId);
  if (challenge?.method !== 'sms' || challenge.boundTo !== pending.id) return { kind: 'step-gone', transaction };
  const account = challenge.accountId === undefined ? undefined : await house.accounts.find(challenge.accountId);
  const delivery = { language: request.language, host: transaction.host, app: pending.app };
  const by = { actor: 'self', address: request.address, request: request.request };
  const resent = await resendSms(house, policy, challenge, account, delivery, by);
  if (resent.kind === 'gone') return { kind: 'step-gone', transaction };
  const step = await stepOf(house, placeOfRoute(policy, transaction.route), pending);
  return resent.kind === 'queued'
    ? { kind: 'queued', transaction, step }
    : { kind: 'limited', transaction, step, until: resent.until };
}

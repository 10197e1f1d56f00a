import type { AuditKind } from '../core/audit.ts';
import { FACTORS, type Factor, type Proofs } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { AuthenticationOutcome, AuthenticationRequest } from '../core/verification/authentication.ts';
import type { PendingVerification } from '../core/verification/challenge.ts';
import { missingKnowledge } from '../core/verification/concatenated.ts';
import type { Rejection } from '../core/verification/rejection.ts';
import type { House, StateChange } from '../ports.ts';
import { orTakeBack, takeBack } from './attempts.ts';
import { refuseOnBeat } from './beat.ts';
import { type GoOnPorts, goOn, isSomething } from './go-on.ts';
import { newId } from './identifiers.ts';
import { auditEvent, type Origin } from './origin.ts';
import type { VerifyPorts } from './verification.ts';
import { type Incomplete, type Verification, verify } from './verify.ts';

export type AuthenticatePorts = VerifyPorts & GoOnPorts & Pick<House, 'pending' | 'verifications'>;

type Accepted = Extract<Verification, { kind: 'accepted' }>;

/** One step of one verification, with all that its parts need. */
type Step = {
  readonly house: AuthenticatePorts;
  readonly policy: Pick<Policy, 'otp' | 'sms'>;
  readonly request: AuthenticationRequest;
  readonly pending: PendingVerification | undefined;
  readonly transaction: string;
  readonly login: string;
  readonly need: readonly Factor[];
  readonly now: number;
};

/**
 * Verifies a person for a caller that has no web page: the API and RADIUS. An accepted one is committed: code spent,
 * attempts cleared, audit record appended. What is needed and was not given is asked for; the answer comes with the
 * `transaction` of the challenge, from the same caller. A lost race for a code is a replay. What is said of a person who
 * is not let in is said on the beat.
 */
export const authenticate = (
  house: AuthenticatePorts,
  policy: Pick<Policy, 'otp' | 'sms'>,
  request: AuthenticationRequest,
): Promise<AuthenticationOutcome> =>
  refuseOnBeat(
    () => attempt(house, policy, request),
    ({ kind }) => kind !== 'accepted' && kind !== 'missing',
  );

async function attempt(
  house: AuthenticatePorts,
  policy: Pick<Policy, 'otp' | 'sms'>,
  request: AuthenticationRequest,
): Promise<AuthenticationOutcome> {
  const now = house.clock.now();
  const pending = request.pending === undefined ? undefined : await house.pending.find(request.pending, now);
  if (request.pending !== undefined && !belongsTo(house, pending, request)) return { kind: 'gone' };
  const missing = missingFactors(request, pending);
  if (missing.length > 0) return { kind: 'missing', factors: missing };

  const transaction = pending?.id ?? newId(house.random, 'tx');
  const login = pending?.login ?? request.login;
  const need = pending?.need ?? request.need;
  const step: Step = { house, policy, request, pending, transaction, login, need, now };
  const verification = await verify(house, policy, { ...request, login, need, pending, browserHash: '', now });
  switch (verification.kind) {
    case 'locked': {
      const { until } = verification;
      await house.audit.append(eventOf(step, 'verification.locked', 'locked', { until }));
      return { kind: 'locked', transaction, until };
    }
    case 'rejected':
      return reject(step, verification);
    case 'incomplete':
      return ask(step, verification);
    case 'accepted':
      return accept(step, verification);
  }
}

function belongsTo(
  { digests }: Pick<House, 'digests'>,
  pending: PendingVerification | undefined,
  { boundTo, place }: AuthenticationRequest,
): boolean {
  return pending !== undefined && digests.equal(pending.boundTo, boundTo) && pending.app === place.name;
}

/** What has to be there and is not: what people know in the first step, anything at all in a later one. */
function missingFactors(request: AuthenticationRequest, pending: PendingVerification | undefined): readonly Factor[] {
  const { credentials, concatenated, otpMatches, wanted } = request;
  if (pending === undefined) return missingKnowledge(request.need, credentials, concatenated?.order);
  const given = credentials.otp ?? credentials.sms ?? concatenated ?? otpMatches ?? wanted;
  return given === undefined ? pending.remaining : [];
}

async function accept(step: Step, verified: Accepted): Promise<AuthenticationOutcome> {
  const { house, policy, pending, transaction } = step;
  const { account, proofs, keys } = verified;
  const changes: readonly StateChange[] = [
    ...verified.changes,
    ...(pending === undefined ? [] : [{ kind: 'spend-pending', pending: pending.id } as const]),
    ...keys.map((key) => ({ kind: 'clear-attempts', key }) as const),
  ];
  const event = eventOf(step, 'verification.accepted', '', detailOf(proofs), methodOf(proofs));
  const outcome = await orTakeBack(house, policy.otp.lockout, keys, () => house.verifications.commit(changes, event));
  return outcome === 'committed' ? { kind: 'accepted', transaction, account, proofs } : lost(step, verified);
}

/** Somebody else was first: as good as a replay, and no guess. */
async function lost(step: Step, { keys, proofs }: Pick<Accepted, 'keys' | 'proofs'>): Promise<AuthenticationOutcome> {
  await takeBack(step.house, step.policy.otp.lockout, keys);
  const knowledgeProved = proofs.pw !== undefined || proofs.pin !== undefined;
  return reject(step, { kind: 'rejected', reason: 'otp-replayed', knowledgeProved });
}

async function ask(step: Step, incomplete: Incomplete): Promise<AuthenticationOutcome> {
  const { house, policy, request, transaction, now } = step;
  const { lockout } = policy.otp;
  const by = originOf(request);
  const { boundTo, language, host, wanted } = request;
  const known = isSomething(incomplete.proofs);
  const asked = { ...step, incomplete, boundTo, app: request.place.name, wanted, known, language, host, by };
  const next = await orTakeBack(house, lockout, incomplete.keys, () => goOn(house, policy, asked));
  // What was given is right: the step was no guess. Nothing is cleared before all of it is proved.
  await takeBack(house, lockout, incomplete.keys);
  if (next.kind === 'limited') return next;
  if (next.kind === 'unable') {
    const knowledgeProved = incomplete.proofs.pw !== undefined || incomplete.proofs.pin !== undefined;
    return reject(step, { kind: 'rejected', reason: 'no-authenticator', knowledgeProved });
  }
  const method = methodOf(incomplete.proofs);
  const asks = next.offers.map((each) => each.method).join(' ');
  const event = eventOf(step, 'verification.challenged', '', { asks }, method);
  const outcome = await house.verifications.commit(next.changes, event);
  if (outcome === 'conflict') return lost(step, { keys: [], proofs: incomplete.proofs });
  return { kind: 'challenge', transaction, expiresAt: Math.max(now, next.expiresAt), need: next.offers };
}

async function reject(step: Step, { reason, knowledgeProved, off }: Rejection): Promise<AuthenticationOutcome> {
  const detail = { knowledgeProved, ...(off && { authenticator: off.kind, distance: off.distance }) };
  await step.house.audit.append(eventOf(step, 'verification.rejected', reason, detail));
  return { kind: 'rejected', transaction: step.transaction, reason, knowledgeProved };
}

/** What proved it, in the order of the table of factors. */
export const methodOf = (proofs: Proofs): string =>
  (Object.keys(FACTORS) as Factor[]).filter((factor) => proofs[factor] !== undefined).join('+');

/** Which kind of authenticator it was, and whether something stood in for what the policy prefers. */
export const detailOf = (proofs: Proofs): Readonly<Record<string, string | boolean>> => {
  const kinds = (['totp', 'hotp', 'server', 'ocra', 'lookup'] as const).filter((kind) => proofs[kind] !== undefined);
  return {
    ...(kinds.length > 0 && { authenticator: kinds.join(' ') }),
    ...(proofs.fallback !== undefined && { fallback: true }),
  };
};

const originOf = ({ boundTo, address, request }: AuthenticationRequest): Origin => ({
  actor: boundTo.split('|')[0] ?? 'self',
  address,
  request,
});

function eventOf(
  { request, transaction, login, need, now }: Step,
  kind: AuditKind,
  reason: string,
  detail: Readonly<Record<string, string | number | boolean>>,
  method = need.join('+'),
) {
  return auditEvent(kind, now, originOf(request), {
    login,
    route: request.place.name,
    reason,
    detail: { channel: request.channel, method, transaction, ...detail },
  });
}

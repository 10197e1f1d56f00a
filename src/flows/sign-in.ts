import { foldLogin } from '../core/identity/account.ts';
import { amrOf } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { encodeBase64Url, HANDLE_BYTES } from '../core/session/handle.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import { type FieldFault, readSubmission, type Submission, type TypedFields } from '../core/verification/code.ts';
import { type PublicError, publicError, type Rejection } from '../core/verification/decide.ts';
import type { House, LoginTransaction, SignInWrite } from '../ports.ts';
import { type OpenedSignIn, type Opening, openSignIn } from './begin-sign-in.ts';
import { USER_AGENT_MAX } from './live-sessions.ts';
import { auditEvent, type Origin } from './origin.ts';
import { orTakeBack, takeBack, type Verification, verify } from './verify.ts';

export type SignInPorts = Pick<
  House,
  | 'clock'
  | 'random'
  | 'digests'
  | 'hasher'
  | 'accounts'
  | 'authenticators'
  | 'attempts'
  | 'sessions'
  | 'browsers'
  | 'audit'
> & {
  /** The cache in front of the sessions: told which account's sign-ins changed. */
  readonly live: { forget(accountId: string): void };
};

export type SignInSubmission = Opening & {
  readonly fields: TypedFields;
  readonly address: string;
  readonly userAgent: string;
  /** Short number of the request. */
  readonly request: string;
};

export type SignInResult =
  | {
      readonly kind: 'accepted';
      /** Value of the session cookie; every earlier one of a sign-in that rose is dead. */
      readonly cookie: string;
      readonly returnTo: string;
      readonly keptPost: string | undefined;
    }
  | { readonly kind: 'malformed'; readonly transaction: LoginTransaction; readonly faults: readonly FieldFault[] }
  | { readonly kind: 'rejected'; readonly transaction: LoginTransaction; readonly error: PublicError }
  | { readonly kind: 'locked'; readonly transaction: LoginTransaction; readonly until: Instant }
  | { readonly kind: 'too-many-sessions'; readonly transaction: LoginTransaction }
  | Exclude<OpenedSignIn, { kind: 'open' }>;

/**
 * One submission of the sign-in form. Lets in only what `commitSignIn` wrote whole: code spent, transaction spent,
 * sign-in stored, audit record appended. A form fault costs no attempt; a lost race for the code is a replay.
 */
export async function submitSignIn(
  house: SignInPorts,
  policy: Policy,
  submission: SignInSubmission,
): Promise<SignInResult> {
  const opened = await openSignIn(house, submission);
  if (opened.kind !== 'open') return opened;
  const { transaction } = opened;
  const rising = transaction.riseFrom === undefined ? undefined : submission.session;
  const read = readSubmission(transaction.need, submission.fields, rising && foldLogin(rising.account.login));
  if (!read.ok) return { kind: 'malformed', transaction, faults: read.error };

  const attempt: Attempt = {
    house,
    policy,
    submission,
    transaction,
    rising,
    credentials: read.value,
    now: house.clock.now(),
  };
  const verification = await verify(house, policy.otp, {
    ...read.value,
    need: transaction.need,
    kinds: policy.routes.all.find((route) => route.name === transaction.route)?.otp ?? 'any',
    browserHash: transaction.browserHash,
    now: attempt.now,
  });
  switch (verification.kind) {
    case 'locked':
      await house.audit.append(eventOf(attempt, 'signin.locked', 'locked', { until: verification.until }));
      return { kind: 'locked', transaction, until: verification.until };
    case 'rejected':
      return reject(attempt, verification);
    case 'accepted':
      return accept(attempt, verification);
  }
}

type Attempt = {
  readonly house: SignInPorts;
  readonly policy: Policy;
  readonly submission: SignInSubmission;
  readonly transaction: LoginTransaction;
  readonly rising: Session | undefined;
  readonly credentials: Submission;
  readonly now: Instant;
};

async function accept(attempt: Attempt, verified: Extract<Verification, { kind: 'accepted' }>): Promise<SignInResult> {
  const { house, policy, transaction, rising, now } = attempt;
  if (rising !== undefined && rising.account.id !== verified.account.id)
    throw new Error('a session rises for its own account only');
  const cookie = encodeBase64Url(house.random.bytes(HANDLE_BYTES));
  // Only a complete sign-in clears the count: what rises has proved a part of it.
  const cleared = rising === undefined ? verified.keys.map((key) => ({ kind: 'clear-attempts', key }) as const) : [];
  const changes = [...verified.changes, ...cleared];
  const event = eventOf(attempt, rising === undefined ? 'signin.accepted' : 'stepup.accepted', '', {
    amr: amrOf(verified.proofs).join(' '),
  });
  const { lockout } = policy.otp;
  const outcome = await orTakeBack(house, lockout, verified.keys, () =>
    house.sessions.commitSignIn(changes, writeOf(attempt, verified, cookie), event),
  );
  if (outcome !== 'committed' || rising !== undefined) await takeBack(house, lockout, verified.keys);
  if (outcome === 'too-many') {
    await house.audit.append(eventOf(attempt, 'signin.rejected', 'too-many-sessions', {}));
    return { kind: 'too-many-sessions', transaction };
  }
  if (outcome === 'conflict') {
    const knowledgeProved = transaction.need.some((factor) => factor !== 'otp');
    return reject(attempt, { kind: 'rejected', reason: 'otp-replayed', knowledgeProved });
  }
  house.live.forget(verified.account.id);
  await house.browsers.remember(transaction.browserHash, verified.account.id, now);
  return { kind: 'accepted', cookie, returnTo: transaction.returnTo, keptPost: transaction.keptPost };
}

async function reject(attempt: Attempt, rejection: Rejection): Promise<SignInResult> {
  const { off, knowledgeProved } = rejection;
  const detail = { knowledgeProved, ...(off === undefined ? {} : { authenticator: off.kind, distance: off.distance }) };
  await attempt.house.audit.append(eventOf(attempt, 'signin.rejected', rejection.reason, detail));
  return { kind: 'rejected', transaction: attempt.transaction, error: publicError(rejection) };
}

function writeOf(
  { submission, transaction, policy, now, house }: Attempt,
  verified: Extract<Verification, { kind: 'accepted' }>,
  cookie: string,
): SignInWrite {
  return {
    accountId: verified.account.id,
    proofs: verified.proofs,
    host: transaction.host,
    handleHash: house.digests.hash(cookie),
    ...(transaction.riseFrom === undefined ? {} : { riseFrom: transaction.riseFrom }),
    startedAt: now,
    address: submission.address,
    userAgent: submission.userAgent.slice(0, USER_AGENT_MAX),
    concurrent: policy.sessions.concurrent,
    limits: { idle: policy.sessions.idle, max: policy.sessions.max },
    transaction: transaction.id,
  };
}

function eventOf(
  { submission, transaction, credentials, now }: Attempt,
  kind: 'signin.accepted' | 'stepup.accepted' | 'signin.rejected' | 'signin.locked',
  reason: string,
  detail: Readonly<Record<string, string | number | boolean>>,
) {
  const origin: Origin = { actor: 'self', address: submission.address, request: submission.request };
  const facts = {
    login: credentials.login,
    route: transaction.route,
    reason,
    detail: { host: transaction.host, ...detail },
  };
  return auditEvent(kind, now, origin, facts);
}

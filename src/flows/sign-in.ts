import { foldLogin } from '../core/identity/account.ts';
import { amrOf, isKnowledge } from '../core/identity/factors.ts';
import type { Language, Policy } from '../core/policy.ts';
import { encodeBase64Url, HANDLE_BYTES } from '../core/session/handle.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import type { PendingVerification } from '../core/verification/challenge.ts';
import type { FieldFault, Submission, TypedFields } from '../core/verification/code.ts';
import type { OtpPlace } from '../core/verification/demand.ts';
import { type PublicError, publicError, type Rejection } from '../core/verification/rejection.ts';
import type { House, LoginTransaction, SignInWrite } from '../ports.ts';
import { orTakeBack, takeBack } from './attempts.ts';
import { detailOf, methodOf } from './authenticate.ts';
import { type OpenedSignIn, type Opening, openSignIn } from './begin-sign-in.ts';
import { type GoOnPorts, goOn, isSomething } from './go-on.ts';
import { newId } from './identifiers.ts';
import { USER_AGENT_MAX } from './live-sessions.ts';
import { auditEvent, type Origin } from './origin.ts';
import { placeOfRoute } from './place.ts';
import { boundToOf, findStep, readStep, type SignInStep, stepOf } from './sign-in-step.ts';
import type { VerifyPorts } from './verification.ts';
import { type Incomplete, type Verification, verify } from './verify.ts';

export type SignInPorts = VerifyPorts &
  GoOnPorts &
  Pick<House, 'sessions' | 'pending' | 'verifications'> & {
    /** The cache in front of the sessions: told which account's sign-ins changed. */
    readonly live: { forget(accountId: string): void };
  };

export type SignInSubmission = Opening & {
  readonly fields: TypedFields;
  readonly address: string;
  readonly userAgent: string;
  /** Short number of the request. */
  readonly request: string;
  /** The step that is answered: `pending` of an earlier `continue`. Absent or empty: the first one. */
  readonly pending?: string | undefined;
  /** The person asks for a code by SMS in the place of the OTP, where the route allows that. */
  readonly wanted?: 'sms' | undefined;
  /** Language of a message; Korean unless told otherwise. */
  readonly language?: Language;
};

export type SignInResult =
  | {
      readonly kind: 'accepted';
      /** Value of the session cookie; every earlier one of a sign-in that rose is dead. */
      readonly cookie: string;
      readonly returnTo: string;
      readonly keptPost: string | undefined;
    }
  /** All of it right so far: the next page asks for what `step` offers. */
  | { readonly kind: 'continue'; readonly transaction: LoginTransaction; readonly step: SignInStep }
  | {
      readonly kind: 'malformed';
      readonly transaction: LoginTransaction;
      readonly faults: readonly FieldFault[];
      /** The step to show again; undefined for the first one. */
      readonly step: SignInStep | undefined;
    }
  | {
      readonly kind: 'rejected';
      readonly transaction: LoginTransaction;
      readonly error: PublicError;
      readonly step: SignInStep | undefined;
    }
  | { readonly kind: 'locked'; readonly transaction: LoginTransaction; readonly until: Instant }
  /** Too many messages were asked for: nothing was sent. */
  | {
      readonly kind: 'limited';
      readonly transaction: LoginTransaction;
      readonly until: Instant;
      readonly step: SignInStep | undefined;
    }
  | { readonly kind: 'too-many-sessions'; readonly transaction: LoginTransaction }
  | Exclude<OpenedSignIn, { kind: 'open' }>;

/**
 * One submission of the sign-in form. Lets in only what `commitSignIn` wrote whole: code spent, transaction spent,
 * sign-in stored, audit record appended. A form fault costs no attempt; a lost race for the code is a replay. Where a
 * code by SMS is needed it goes on in a second step, which only this browser can answer.
 */
export async function submitSignIn(
  house: SignInPorts,
  policy: Policy,
  submission: SignInSubmission,
): Promise<SignInResult> {
  const opened = await openSignIn(house, submission);
  if (opened.kind !== 'open') return opened;
  const { transaction } = opened;
  const now = house.clock.now();
  const rising = transaction.riseFrom === undefined ? undefined : submission.session;
  const place = placeOfRoute(policy, transaction.route);
  const pending = await findStep(house, transaction, submission.pending, now);
  if (pending === 'gone') return { kind: 'expired', transaction };
  const login = rising === undefined ? pending?.login : foldLogin(rising.account.login);
  const read = readStep(policy, transaction, place, pending, submission, login);
  const step = pending && (await stepOf(house, place, pending));
  if (!read.ok) return { kind: 'malformed', transaction, faults: read.error, step };

  const credentials = read.value;
  const attempt: Attempt = { house, policy, submission, transaction, rising, place, pending, step, credentials, now };
  const { need, browserHash } = transaction;
  const asked = { ...credentials, need, browserHash, place, pending, now };
  // Whom the route lets in is decided by the gateway, on the request itself.
  const verification = await verify(house, policy, { ...asked, allow: undefined, address: submission.address });
  switch (verification.kind) {
    case 'locked':
      await house.audit.append(eventOf(attempt, 'signin.locked', 'locked', { until: verification.until }));
      return { kind: 'locked', transaction, until: verification.until };
    case 'rejected':
      return reject(attempt, verification);
    case 'incomplete':
      return ask(attempt, verification);
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
  readonly place: OtpPlace;
  readonly pending: PendingVerification | undefined;
  readonly step: SignInStep | undefined;
  readonly credentials: Submission;
  readonly now: Instant;
};

/** The first factors were right: the rest is asked for, by SMS where that is the way. */
async function ask(attempt: Attempt, incomplete: Incomplete): Promise<SignInResult> {
  const { house, policy, submission, transaction, rising, pending, credentials, now } = attempt;
  const { lockout } = policy.otp;
  const asked = {
    incomplete,
    pending,
    transaction: pending?.id ?? newId(house.random, 'tx'),
    boundTo: boundToOf(transaction),
    app: transaction.route,
    login: credentials.login,
    need: transaction.need,
    wanted: submission.wanted,
    known: rising !== undefined || isSomething(incomplete.proofs),
    language: submission.language ?? 'ko',
    host: transaction.host,
    by: originOf(submission),
    now,
  } as const;
  const next = await orTakeBack(house, lockout, incomplete.keys, () => goOn(house, policy, asked));
  await takeBack(house, lockout, incomplete.keys);
  const knowledgeProved = incomplete.proofs.pw !== undefined || incomplete.proofs.pin !== undefined;
  if (next.kind === 'limited') return { kind: 'limited', transaction, until: next.until, step: attempt.step };
  if (next.kind === 'unable') return reject(attempt, { kind: 'rejected', reason: 'no-authenticator', knowledgeProved });
  const method = methodOf(incomplete.proofs);
  const outcome = await house.verifications.commit(
    next.changes,
    eventOf(attempt, 'verification.challenged', '', { asks: next.offers.map((each) => each.method).join(' '), method }),
  );
  if (outcome === 'conflict') return reject(attempt, { kind: 'rejected', reason: 'otp-replayed', knowledgeProved });
  const step = { pending: asked.transaction, expiresAt: next.expiresAt, offers: next.offers };
  return { kind: 'continue', transaction, step };
}

async function accept(attempt: Attempt, verified: Extract<Verification, { kind: 'accepted' }>): Promise<SignInResult> {
  const { house, policy, transaction, rising, pending, now } = attempt;
  if (rising !== undefined && rising.account.id !== verified.account.id)
    throw new Error('a session rises for its own account only');
  const cookie = encodeBase64Url(house.random.bytes(HANDLE_BYTES));
  // Only a complete sign-in clears the count: what rises has proved a part of it.
  const cleared = rising === undefined ? verified.keys : [];
  const changes = [
    ...verified.changes,
    ...(pending === undefined ? [] : [{ kind: 'spend-pending', pending: pending.id } as const]),
    ...cleared.map((key) => ({ kind: 'clear-attempts', key }) as const),
  ];
  const event = eventOf(attempt, rising === undefined ? 'signin.accepted' : 'stepup.accepted', '', {
    amr: amrOf(verified.proofs).join(' '),
    method: methodOf(verified.proofs),
    ...detailOf(verified.proofs),
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
    const knowledgeProved = transaction.need.some(isKnowledge);
    return reject(attempt, { kind: 'rejected', reason: 'otp-replayed', knowledgeProved });
  }
  house.live.forget(verified.account.id);
  await house.browsers.remember(transaction.browserHash, verified.account.id, now);
  // A post kept on another host waits there; the way back to that host is `returnTo`.
  const keptPost = transaction.onBehalfOf === undefined ? transaction.keptPost : undefined;
  return { kind: 'accepted', cookie, returnTo: transaction.returnTo, keptPost };
}

async function reject(attempt: Attempt, rejection: Rejection): Promise<SignInResult> {
  const { off, knowledgeProved } = rejection;
  const detail = { knowledgeProved, ...(off === undefined ? {} : { authenticator: off.kind, distance: off.distance }) };
  await attempt.house.audit.append(eventOf(attempt, 'signin.rejected', rejection.reason, detail));
  const { transaction, step } = attempt;
  return { kind: 'rejected', transaction, error: publicError(rejection), step };
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
    // One browser, one sign-in for all hosts: what it was signed in with before must not live on elsewhere.
    replaces:
      transaction.onBehalfOf === undefined || transaction.riseFrom !== undefined ? undefined : submission.session?.id,
  };
}

const originOf = ({ address, request }: SignInSubmission): Origin => ({ actor: 'self', address, request });

function eventOf(
  { submission, transaction, credentials, now }: Attempt,
  kind: 'signin.accepted' | 'stepup.accepted' | 'signin.rejected' | 'signin.locked' | 'verification.challenged',
  reason: string,
  detail: Readonly<Record<string, string | number | boolean>>,
) {
  return auditEvent(kind, now, originOf(submission), {
    login: credentials.login,
    route: transaction.route,
    reason,
    detail: { host: transaction.host, channel: 'web', method: transaction.need.join('+'), ...detail },
  });
}

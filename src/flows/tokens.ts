import { otpauthUri, SEED_BYTES } from '../core/enrolment/otpauth.ts';
import { type Authenticator, foldLogin, type OtpAlgorithm } from '../core/identity/account.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import { codeFault, type FieldFault, normaliseCode } from '../core/verification/code.ts';
import type { RejectReason } from '../core/verification/decide.ts';
import { type Resynchronisation, resynchronise } from '../core/verification/resynchronise.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';
import { findUser } from './users.ts';
import { orTakeBack, takeBack, verify } from './verify.ts';

export type TokenPorts = Pick<
  House,
  'clock' | 'random' | 'accounts' | 'authenticators' | 'attempts' | 'browsers' | 'hasher' | 'verifications' | 'audit'
>;

/** Least bytes of a seed: 128 bits (RFC 4226 R6). */
export const MIN_SEED_BYTES = 16;

export type TokenRequest = {
  readonly login: string;
  readonly kind: Authenticator['kind'];
  readonly label?: string;
  /** What is absent comes from the policy: `otp.foreign_apps` for TOTP, `otp.hotp` with SHA-1 for HOTP. */
  readonly algorithm?: OtpAlgorithm;
  readonly digits?: 6 | 8;
  readonly period?: 30 | 60;
  /** The seed of an existing token; absent = a new one is made. */
  readonly seed?: Uint8Array;
};

export type Enrolment =
  /** `uri` holds the seed: it is shown once and never logged. */
  | { readonly kind: 'enrolled'; readonly authenticator: Authenticator; readonly uri: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'seed-too-short'; readonly bytes: number };

/** Gives a person an authenticator that is active at once: an administrator's act. */
export async function enrolToken(
  house: TokenPorts,
  policy: Policy,
  request: TokenRequest,
  by: Origin,
): Promise<Enrolment> {
  const account = await findUser(house, request.login);
  if (account === undefined) return { kind: 'missing' };
  const { foreignApps, hotp } = policy.otp;
  const algorithm = request.algorithm ?? (request.kind === 'totp' ? foreignApps.algorithm : 'SHA1');
  const digits = request.digits ?? (request.kind === 'totp' ? foreignApps.digits : hotp.digits);
  const period = request.kind === 'totp' ? (request.period ?? foreignApps.period) : 0;
  const seed = request.seed ?? house.random.bytes(SEED_BYTES[algorithm]);
  if (seed.length < MIN_SEED_BYTES) return { kind: 'seed-too-short', bytes: seed.length };

  const detail = { authenticator: request.kind, algorithm, digits, period, imported: request.seed !== undefined };
  const event = auditEvent('token.enrolled', house.clock.now(), by, { login: foldLogin(account.login) ?? '', detail });
  const parameters = { kind: request.kind, algorithm, digits, period } as const;
  const authenticator = await house.authenticators.add(
    { ...parameters, accountId: account.id, label: request.label ?? '', seed },
    event,
  );
  return {
    kind: 'enrolled',
    authenticator,
    uri: otpauthUri({ ...parameters, issuer: policy.pages.brand.name, login: account.login, seed }),
  };
}

export type TokenTest =
  | { readonly kind: 'accepted'; readonly authenticator: string }
  | { readonly kind: 'rejected'; readonly reason: RejectReason; readonly distance: number | undefined }
  | { readonly kind: 'locked'; readonly until: Instant }
  | { readonly kind: 'malformed'; readonly fault: FieldFault };

/** Verifies a code exactly as a sign-in does and spends it; opens nothing. A wrong one counts as an attempt. */
export async function testToken(
  house: TokenPorts,
  policy: Policy,
  login: string,
  code: string,
  by: Origin,
): Promise<TokenTest> {
  const fault = codeFault(code);
  if (fault !== undefined) return { kind: 'malformed', fault };
  const now = house.clock.now();
  const folded = foldLogin(login) ?? '';
  const request = {
    login: folded,
    credentials: { otp: normaliseCode(code) },
    need: ['otp'],
    kinds: 'any',
    browserHash: '',
    now,
  } as const;
  const verified = await verify(house, policy.otp, request);
  const event = (reason: string) => auditEvent('token.tested', now, by, { login: folded, reason });
  if (verified.kind === 'locked') {
    await house.audit.append(event('locked'));
    return { kind: 'locked', until: verified.until };
  }
  if (verified.kind === 'rejected') {
    await house.audit.append(event(verified.reason));
    return { kind: 'rejected', reason: verified.reason, distance: verified.off?.distance };
  }
  const { lockout } = policy.otp;
  const commit = () => house.verifications.commit(verified.changes, event('accepted'));
  const outcome = await orTakeBack(house, lockout, verified.keys, commit);
  await takeBack(house, lockout, verified.keys);
  if (outcome === 'committed') return { kind: 'accepted', authenticator: authenticatorOf(verified.changes) };
  await house.audit.append(event('otp-replayed'));
  return { kind: 'rejected', reason: 'otp-replayed', distance: undefined };
}

export type TokenResync =
  | Resynchronisation
  | { readonly kind: 'missing' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'malformed'; readonly fault: FieldFault };

/** Brings an authenticator back in step by two codes in a row. Both are spent; nothing that was spent is reopened. */
export async function resyncToken(
  house: TokenPorts,
  id: string,
  codes: readonly [string, string],
  by: Origin,
): Promise<TokenResync> {
  const fault = codeFault(codes[0]) ?? codeFault(codes[1]);
  if (fault !== undefined) return { kind: 'malformed', fault };
  const authenticator = await house.authenticators.bindOne(id);
  if (authenticator === undefined || authenticator.status === 'revoked') return { kind: 'missing' };
  const now = house.clock.now();
  const found = resynchronise(authenticator, [normaliseCode(codes[0]), normaliseCode(codes[1])], now);
  const event = auditEvent('token.resynchronised', now, by, {
    login: await loginOf(house, authenticator),
    reason: found.kind,
    detail: { authenticator: id, ...(found.kind === 'found' ? { drift: found.drift } : {}) },
  });
  if (found.kind !== 'found') {
    await house.audit.append(event);
    return found;
  }
  const outcome = await house.authenticators.resynchronise(id, found.to, found.drift, event);
  return outcome === 'updated' ? found : { kind: 'conflict' };
}

/** Suspends, resumes or revokes an authenticator. A revoked one never comes back. */
export async function setTokenStatus(
  house: Pick<House, 'clock' | 'authenticators' | 'accounts'>,
  id: string,
  status: Authenticator['status'],
  by: Origin,
): Promise<'updated' | 'missing' | 'revoked-before'> {
  const authenticator = await house.authenticators.find(id);
  if (authenticator === undefined) return 'missing';
  if (authenticator.status === 'revoked') return status === 'revoked' ? 'updated' : 'revoked-before';
  const kind = ({ active: 'token.resumed', suspended: 'token.suspended', revoked: 'token.revoked' } as const)[status];
  const login = await loginOf(house, authenticator);
  const event = auditEvent(kind, house.clock.now(), by, { login, detail: { authenticator: id } });
  return house.authenticators.setStatus(id, status, event);
}

/** The folded login of an authenticator's owner. */
async function loginOf(house: Pick<House, 'accounts'>, { accountId }: Authenticator): Promise<string> {
  const owner = (await house.accounts.list()).find(({ id }) => id === accountId);
  return foldLogin(owner?.login ?? '') ?? '';
}

const authenticatorOf = (changes: readonly { readonly kind: string; readonly authenticator?: string }[]): string =>
  changes.find(({ kind }) => kind === 'advance-moving-factor')?.authenticator ?? '';

import { encodeBase32 } from '../core/enrolment/base32.ts';
import { otpauthUri, SEED_BYTES } from '../core/enrolment/otpauth.ts';
import { type Authenticator, foldLogin } from '../core/identity/account.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import { codeFault, type FieldFault, normaliseCode, readFactor } from '../core/verification/code.ts';
import type { OtpPlace } from '../core/verification/demand.ts';
import type { RejectReason } from '../core/verification/rejection.ts';
import { type Resynchronisation, resynchronise } from '../core/verification/resynchronise.ts';
import type { House } from '../ports.ts';
import { orTakeBack, takeBack } from './attempts.ts';
import { auditEvent, type Origin } from './origin.ts';
import { parametersOf, type TokenRequest } from './token-parameters.ts';
import { findUser } from './users.ts';
import type { VerifyPorts } from './verification.ts';
import { verify } from './verify.ts';

/** Least bytes of a seed: 128 bits (RFC 4226 R6). */
export const MIN_SEED_BYTES = 16;

export type Enrolment =
  /**
   * `secret` is the seed in base32, and `uri` (TOTP and HOTP) holds it: they are shown once and never logged.
   */
  | {
      readonly kind: 'enrolled';
      readonly authenticator: Authenticator;
      readonly secret: string;
      readonly uri: string | undefined;
    }
  | { readonly kind: 'missing' }
  /** The serial number is taken. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'seed-too-short'; readonly bytes: number }
  /** Not a suite, or one that wants a PIN, session information or a length of response that is not kept here. */
  | { readonly kind: 'bad-suite'; readonly suite: string };

/** Gives a person an authenticator that is active at once: an administrator's act. */
export async function enrolToken(
  house: Pick<House, 'clock' | 'random' | 'accounts' | 'authenticators'>,
  policy: Policy,
  request: TokenRequest,
  by: Origin,
): Promise<Enrolment> {
  const account = await findUser(house, request.login);
  if (account === undefined) return { kind: 'missing' };
  const parameters = parametersOf(policy, request);
  if (parameters === undefined) return { kind: 'bad-suite', suite: request.suite ?? '' };
  const { kind, algorithm, digits, period } = parameters;
  const seed = request.seed ?? house.random.bytes(SEED_BYTES[algorithm]);
  if (seed.length < MIN_SEED_BYTES) return { kind: 'seed-too-short', bytes: seed.length };

  const { serial = '', label = '' } = request;
  const detail = { authenticator: kind, algorithm, digits, period, imported: request.seed !== undefined };
  const event = auditEvent('token.enrolled', house.clock.now(), by, { login: foldLogin(account.login) ?? '', detail });
  const authenticator = await house.authenticators.add(
    { ...parameters, accountId: account.id, label, serial, seed },
    event,
  );
  if (authenticator === 'exists') return { kind: 'exists' };
  const issuer = policy.pages.brand.name;
  const uri =
    kind === 'totp' || kind === 'hotp'
      ? otpauthUri({ kind, algorithm, digits, period, issuer, login: account.login, seed })
      : undefined;
  return { kind: 'enrolled', authenticator, secret: encodeBase32(seed), uri };
}

/** Gives an authenticator another name. */
export async function relabelToken(
  house: Pick<House, 'clock' | 'authenticators' | 'accounts'>,
  id: string,
  label: string,
  by: Origin,
): Promise<'updated' | 'missing' | 'unreadable'> {
  if (label.length > LABEL_MAX || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(label)) return 'unreadable';
  const authenticator = await house.authenticators.find(id);
  if (authenticator === undefined) return 'missing';
  const event = auditEvent('token.changed', house.clock.now(), by, await aboutToken(house, authenticator));
  return house.authenticators.relabel(id, label, event);
}

const LABEL_MAX = 128;

/** Deletes an authenticator with its seed. The audit trail stays. */
export async function deleteToken(
  house: Pick<House, 'clock' | 'authenticators' | 'accounts'>,
  id: string,
  by: Origin,
): Promise<'deleted' | 'missing'> {
  const authenticator = await house.authenticators.find(id);
  if (authenticator === undefined) return 'missing';
  const event = auditEvent('token.deleted', house.clock.now(), by, await aboutToken(house, authenticator));
  return house.authenticators.delete(id, event);
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
  const event = auditEvent(kind, house.clock.now(), by, await aboutToken(house, authenticator));
  return house.authenticators.setStatus(id, status, event);
}

export type TokenPorts = VerifyPorts & Pick<House, 'clock' | 'random' | 'verifications' | 'audit'>;

/** Nowhere in particular: every kind of OTP counts. */
const ANYWHERE: OtpPlace = { name: '', otp: 'any', otpRules: [], smsFallback: undefined };

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
  const read = readFactor('otp', code);
  if (!read.ok) return { kind: 'malformed', fault: read.error };
  const now = house.clock.now();
  const folded = foldLogin(login) ?? '';
  const request = {
    login: folded,
    credentials: { otp: read.value },
    need: ['otp'],
    place: ANYWHERE,
    allow: undefined,
    pending: undefined,
    browserHash: '',
  } as const;
  const verified = await verify(house, policy, { ...request, address: by.address, now });
  const event = (reason: string) => auditEvent('token.tested', now, by, { login: folded, reason });
  if (verified.kind === 'locked') {
    await house.audit.append(event('locked'));
    return { kind: 'locked', until: verified.until };
  }
  if (verified.kind === 'rejected') {
    await house.audit.append(event(verified.reason));
    return { kind: 'rejected', reason: verified.reason, distance: verified.off?.distance };
  }
  if (verified.kind === 'incomplete') throw new Error('a code was given and nothing else is needed');
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
  if (authenticator.kind !== 'totp' && authenticator.kind !== 'hotp') return { kind: 'not-found' };
  const now = house.clock.now();
  const found = resynchronise(authenticator, [normaliseCode(codes[0]), normaliseCode(codes[1])], now);
  const about = await aboutToken(house, authenticator);
  const event = auditEvent('token.resynchronised', now, by, {
    ...about,
    reason: found.kind,
    detail: { ...about.detail, ...(found.kind === 'found' ? { drift: found.drift } : {}) },
  });
  if (found.kind !== 'found') {
    await house.audit.append(event);
    return found;
  }
  const outcome = await house.authenticators.resynchronise(id, found.to, found.drift, event);
  return outcome === 'updated' ? found : { kind: 'conflict' };
}

const authenticatorOf = (changes: readonly { readonly kind: string; readonly authenticator?: string }[]): string =>
  changes.find(({ kind }) => kind === 'advance-moving-factor')?.authenticator ?? '';

/** What an audit record says of an authenticator: its owner's folded login and its identifier. */
async function aboutToken(
  house: Pick<House, 'accounts'>,
  { id, accountId }: Authenticator,
): Promise<{ readonly login: string; readonly detail: { readonly authenticator: string } }> {
  const owner = await house.accounts.find(accountId);
  return { login: foldLogin(owner?.login ?? '') ?? '', detail: { authenticator: id } };
}

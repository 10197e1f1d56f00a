import type { Account, AuthenticatorKind } from '../identity/account.ts';
import type { Factor, Proofs } from '../identity/factors.ts';
import type { Instant, Milliseconds } from '../time.ts';

/** Kinds of OTP as the configuration names them. */
export type OtpMethod = 'any' | 'time' | 'event' | 'server';

/** What has to be so before the second method of a `fallback` counts. Checked when it is used, and recorded. */
export type FallbackCondition =
  /** The person has no active authenticator of the preferred method. */
  | 'no_device'
  /** No code of the preferred method is live: none could be fetched, or none was asked for. */
  | 'no_code'
  /** Always: the person chooses. */
  | 'user_choice';

/** One entry of `otp.policies`, compiled. The first that fits person and route holds. */
export type OtpRule = {
  /** Groups it holds for; `*` is everybody. */
  readonly groups: readonly string[];
  /** Routes and applications it holds for, by name; empty = all. */
  readonly routes: readonly string[];
  readonly mode: 'any_of' | 'all_of' | 'fallback';
  /** In order of preference. `sms` is a code by SMS in the place of (any_of, fallback) or besides (all_of) an OTP. */
  readonly methods: readonly (OtpMethod | 'sms')[];
  readonly when: readonly FallbackCondition[];
};

/** Whether a code by SMS stands in for an OTP on a route, and for how long the sign-in counts there. */
export type SmsFallback = {
  readonly when: 'no_device' | 'user_choice' | 'outage';
  readonly maxSession: Milliseconds;
};

/** Everything that says which OTP counts in one place for one person. */
export type OtpDemand = {
  readonly method: OtpMethod;
  readonly rule: OtpRule | undefined;
  readonly smsFallback: SmsFallback | undefined;
};

/** What a place (a route, a RADIUS client, an application of the API) says about OTP. */
export type OtpPlace = {
  readonly name: string;
  readonly otp: OtpMethod;
  /** Rules that may hold here, in order. */
  readonly otpRules: readonly OtpRule[];
  readonly smsFallback: SmsFallback | undefined;
};

const plain = (method: OtpMethod): OtpDemand => ({ method, rule: undefined, smsFallback: undefined });

/** The demand of a place that says no more than which kind it takes. */
export const PLAIN_DEMAND: Readonly<Record<OtpMethod, OtpDemand>> = {
  any: plain('any'),
  time: plain('time'),
  event: plain('event'),
  server: plain('server'),
};

const METHOD_OF = { totp: 'time', hotp: 'event', server: 'server', ocra: undefined } as const satisfies Record<
  AuthenticatorKind,
  OtpMethod | undefined
>;

/** Kinds of authenticator that a method accepts. OCRA answers only where any kind does. */
export const acceptsKind = (method: OtpMethod, kind: AuthenticatorKind): boolean =>
  method === 'any' || METHOD_OF[kind] === method;

/** The demand of a place for a person of these groups. Shared objects where nothing but the kind is asked. */
export function otpDemandOf(place: OtpPlace, account: Pick<Account, 'groups'> | undefined): OtpDemand {
  if (place.otpRules.length === 0 && place.smsFallback === undefined) return PLAIN_DEMAND[place.otp];
  const groups = account?.groups ?? [];
  const rule = place.otpRules.find((each) => each.groups.some((group) => group === '*' || groups.includes(group)));
  return { method: place.otp, rule, smsFallback: place.smsFallback };
}

/**
 * The demand where these factors are asked for. Where a code by SMS is one of them it is not taken in the place of the
 * OTP as well: one code is not two factors.
 */
export function demandFor(
  place: OtpPlace,
  account: Pick<Account, 'groups'> | undefined,
  need: readonly Factor[],
): OtpDemand {
  const demand = otpDemandOf(place, account);
  if (!need.includes('sms')) return demand;
  const methods = demand.rule?.methods.filter((method) => method !== 'sms') ?? [];
  const rule = demand.rule === undefined || methods.length === 0 ? undefined : { ...demand.rule, methods };
  return { method: demand.method, rule, smsFallback: undefined };
}

/**
 * When the OTP demand was met, or undefined where it is not: the oldest of the proofs it takes. A code by SMS counts as
 * an OTP only where the fallback holds, only as a fallback that was checked, and only for its time.
 */
export function otpProvedAt(demand: OtpDemand, proofs: Proofs, now: Instant): Instant | undefined {
  return byOtp(demand, proofs) ?? bySms(demand, proofs, now);
}

function bySms({ smsFallback }: OtpDemand, proofs: Proofs, now: Instant): Instant | undefined {
  // Checked for this very code: a fallback of another time or another method says nothing of it.
  if (smsFallback === undefined || proofs.sms === undefined || proofs.fallback !== proofs.sms) return undefined;
  return now - proofs.sms < smsFallback.maxSession ? proofs.sms : undefined;
}

function byOtp({ method, rule }: OtpDemand, proofs: Proofs): Instant | undefined {
  const own = provedBy(method, proofs);
  if (rule === undefined) return own;
  // A look-up code has no kind: where any kind counts it stands for whichever the rule prefers.
  const lookup = method === 'any' ? proofs.lookup : undefined;
  // A rule never widens what the place takes: both have to be met, except by an SMS the rule itself names.
  const times = rule.methods.map((each) =>
    each === 'sms' ? proofs.sms : own === undefined ? undefined : (provedBy(each, proofs) ?? lookup),
  );
  switch (rule.mode) {
    case 'any_of':
      return times.find((time) => time !== undefined);
    case 'all_of':
      return times.includes(undefined) ? undefined : Math.min(...times.map(Number));
    case 'fallback':
      return times[0] ?? times.find((time) => time !== undefined && time === proofs.fallback);
  }
}

const PROOF_OF = { any: 'otp', time: 'totp', event: 'hotp', server: 'server' } as const satisfies Record<
  OtpMethod,
  keyof Proofs
>;

const provedBy = (method: OtpMethod, proofs: Proofs): Instant | undefined => proofs[PROOF_OF[method]];

import type { AuthenticatorKind } from '../identity/account.ts';
import type { Factor, Proofs } from '../identity/factors.ts';
import { acceptsKind, type FallbackCondition, type OtpDemand, type OtpMethod, type OtpRule } from './demand.ts';

/** What is so at the moment of a verification, as far as a fallback may depend on it. */
export type Conditions = {
  /** Kinds of the person's active authenticators. */
  readonly kinds: readonly AuthenticatorKind[];
  /** Whether a server-synchronised code of the person is live. */
  readonly live: boolean;
  /** Whether the OTP service is declared down, or the seeds cannot be opened. */
  readonly outage: boolean;
};

/** Whether a proof counts, and whether it stands in for a preferred method. */
export type Acceptance = { readonly kind: 'counts'; readonly fallback: boolean } | { readonly kind: 'refused' };

const REFUSED: Acceptance = { kind: 'refused' };
const PREFERRED: Acceptance = { kind: 'counts', fallback: false };
const STANDS_IN: Acceptance = { kind: 'counts', fallback: true };

/** Whether a right code of an authenticator counts as the OTP. The conditions of a fallback are checked here and now. */
export function acceptsOtp(demand: OtpDemand, kind: AuthenticatorKind, conditions: Conditions): Acceptance {
  if (!acceptsKind(demand.method, kind)) return REFUSED;
  if (demand.rule === undefined) return PREFERRED;
  return byRule(demand.rule, (method) => method !== 'sms' && acceptsKind(method, kind), conditions);
}

/** Whether a recovery or temporary code counts as the OTP: only where any kind does, whatever a rule prefers. */
export const acceptsLookup = (demand: OtpDemand): Acceptance => (demand.method === 'any' ? PREFERRED : REFUSED);

/** Whether a right code by SMS stands in the place of an OTP. */
export function acceptsSms(demand: OtpDemand, conditions: Conditions): Acceptance {
  const ruled = demand.rule === undefined ? REFUSED : byRule(demand.rule, (method) => method === 'sms', conditions);
  if (ruled.kind === 'counts') return ruled;
  return holdsSmsFallback(demand, conditions) ? STANDS_IN : REFUSED;
}

function byRule(rule: OtpRule, fits: (method: OtpMethod | 'sms') => boolean, conditions: Conditions): Acceptance {
  const at = rule.methods.findIndex(fits);
  if (at < 0) return REFUSED;
  if (rule.mode !== 'fallback' || at === 0) return PREFERRED;
  return holdsRule(rule, conditions) ? STANDS_IN : REFUSED;
}

/** True if one of the conditions under which the second method of a fallback counts is so. */
function holdsRule(rule: OtpRule, conditions: Conditions): boolean {
  const preferred = rule.methods[0];
  return preferred !== undefined && rule.when.some((condition) => holds(condition, preferred, conditions));
}

function holds(condition: FallbackCondition, preferred: OtpMethod | 'sms', conditions: Conditions): boolean {
  switch (condition) {
    case 'no_device':
      return preferred !== 'sms' && lacks(preferred, conditions);
    case 'no_code':
      return preferred === 'server' && !conditions.live;
    case 'user_choice':
      return true;
  }
}

const lacks = (method: OtpMethod, { kinds }: Conditions): boolean => !kinds.some((kind) => acceptsKind(method, kind));

function holdsSmsFallback({ smsFallback, method }: OtpDemand, conditions: Conditions): boolean {
  switch (smsFallback?.when) {
    case 'no_device':
      return lacks(method, conditions);
    case 'outage':
      return conditions.outage;
    case 'user_choice':
      return true;
    case undefined:
      return false;
  }
}

/** How somebody may go on: with an OTP, with a code by SMS that is sent at once, or with one that is sent when asked for. */
export type Ways = { readonly otp: boolean; readonly sms: 'now' | 'on-request' | 'no' };

/**
 * The ways on from what is proved. A person of whom nothing is proved is offered what everybody is: nothing here may
 * depend on them then, so the caller hands in the demand on nobody in particular.
 */
export function waysOn(demand: OtpDemand, remaining: readonly Factor[], proofs: Proofs, conditions: Conditions): Ways {
  if (!remaining.includes('otp')) return { otp: false, sms: remaining.includes('sms') ? 'now' : 'no' };
  if (remaining.includes('sms')) return { otp: true, sms: 'no' };
  const strange = Object.keys(proofs).length === 0;
  if (strange) return { otp: true, sms: strangersSms(demand, conditions) };
  return demand.rule === undefined
    ? { otp: true, sms: fallbackSms(demand, conditions) }
    : ruledWays(demand, demand.rule, proofs, conditions);
}

/** Before anything is proved a message is sent only to whoever asks for one. */
function strangersSms({ rule, smsFallback }: OtpDemand, { outage }: Conditions): Ways['sms'] {
  if (rule !== undefined && rule.mode !== 'all_of' && rule.methods.includes('sms')) return 'on-request';
  if (smsFallback === undefined || (smsFallback.when === 'outage' && !outage)) return 'no';
  return 'on-request';
}

const fallbackSms = (demand: OtpDemand, conditions: Conditions): Ways['sms'] => {
  if (!holdsSmsFallback(demand, conditions)) return 'no';
  return demand.smsFallback?.when === 'user_choice' ? 'on-request' : 'now';
};

function ruledWays(demand: OtpDemand, rule: OtpRule, proofs: Proofs, conditions: Conditions): Ways {
  const others = rule.methods.some((method) => method !== 'sms');
  if (!rule.methods.includes('sms')) return { otp: true, sms: fallbackSms(demand, conditions) };
  switch (rule.mode) {
    case 'all_of': {
      const otp = others && proofs.otp === undefined;
      return { otp: otp || proofs.sms !== undefined, sms: otp || proofs.sms !== undefined ? 'no' : 'now' };
    }
    case 'any_of':
      return { otp: others, sms: others ? 'on-request' : 'now' };
    case 'fallback': {
      if (rule.methods[0] === 'sms') return { otp: others, sms: 'now' };
      if (!holdsRule(rule, conditions)) return { otp: true, sms: fallbackSms(demand, conditions) };
      return { otp: true, sms: rule.when.includes('user_choice') ? 'on-request' : 'now' };
    }
  }
}

import type { Factor } from '../core/identity/factors.ts';
import type { OtpSettings } from '../core/policy.ts';
import type { OtpMethod, OtpRule, SmsFallback } from '../core/verification/demand.ts';
import type { Context } from './context.ts';
import type { Configuration } from './schema/root.ts';

type PolicyValues = Configuration['otp']['policies'][number];

/** `otp`, in the words of the policy. */
export const compileOtp = (otp: Configuration['otp'], context: Context): OtpSettings => ({
  totp: otp.totp,
  foreignApps: otp.foreign_apps,
  hotp: { digits: otp.hotp.digits, lookAhead: otp.hotp.look_ahead },
  server: otp.server,
  policies: otp.policies.map((values, index) => compilePolicy(values, index, context)),
  sealing: otp.sealing,
  lockout: { failures: otp.lockout.failures, lockFor: otp.lockout.for },
  clock: otp.clock,
});

/** One entry. What is written in no form or in two is reported, and stands for a rule that nothing meets. */
function compilePolicy(values: PolicyValues, index: number, context: Context): OtpRule {
  const path = ['otp', 'policies', index];
  const forms = (['method', 'any_of', 'all_of'] as const).filter((key) => values[key] !== undefined);
  if (forms.length !== 1) context.report('otp-policy-form', path, { found: forms.join(', ') || '0' });
  for (const key of ['fallback', 'fallback_when'] as const) {
    const lacks = key === 'fallback' ? 'method' : 'fallback';
    if (values[key] !== undefined && values[lacks] === undefined)
      context.report('key-needs-key', [...path, key], { found: key, other: lacks }, 'key');
  }
  const routes = values.routes ?? [];
  return {
    groups: [...new Set(values.groups)],
    routes: routes.includes('*') ? [] : [...new Set(routes)],
    ...methodsOf(values),
    when: [...new Set(values.fallback_when ?? ['no_device' as const])],
  };
}

function methodsOf({ method, fallback, any_of, all_of }: PolicyValues): Pick<OtpRule, 'mode' | 'methods'> {
  if (any_of !== undefined) return { mode: 'any_of', methods: [...new Set(any_of)] };
  if (all_of !== undefined) return { mode: 'all_of', methods: [...new Set(all_of)] };
  const first: readonly OtpMethod[] = method === undefined ? [] : [method];
  if (fallback === undefined) return { mode: 'any_of', methods: first };
  return { mode: 'fallback', methods: [...new Set([...first, fallback])] };
}

/** What a place (a route or a RADIUS client) takes from `otp.policies` and `sms.fallback`. */
type PlaceRules = { readonly otpRules: readonly OtpRule[]; readonly smsFallback: SmsFallback | undefined };

/** Hands out the entries that hold in a place. */
export function placeRules(
  policies: readonly OtpRule[],
  { fallback }: Configuration['sms'],
): (name: string, asked: readonly Factor[]) => PlaceRules {
  const everywhere = fallback.routes.includes('*');
  const standIn = fallback.when === 'never' ? undefined : { when: fallback.when, maxSession: fallback.max_session };
  return (name, asked) => {
    if (!asked.includes('otp')) return { otpRules: [], smsFallback: undefined };
    const fitting = policies.filter(({ routes }) => routes.length === 0 || routes.includes(name));
    // Where a code by SMS is asked for itself, one code must not count twice.
    const otpRules = asked.includes('sms') ? fitting.map(withoutSms) : fitting;
    const listed = !asked.includes('sms') && (everywhere || fallback.routes.includes(name));
    return { otpRules, smsFallback: listed ? standIn : undefined };
  };
}

const withoutSms = (rule: OtpRule): OtpRule =>
  rule.mode === 'all_of' ? rule : { ...rule, methods: rule.methods.filter((each) => each !== 'sms') };

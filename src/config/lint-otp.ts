import type { Route } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { OtpMethod, OtpRule } from '../core/verification/demand.ts';
import { type Context, writtenAt } from './context.ts';
import type { YamlPath } from './document.ts';
import { nearestTo } from './nearest.ts';
import type { Configuration } from './schema/root.ts';

/** A route or a RADIUS client: where an OTP may be asked for. */
type Spot = {
  readonly name: string;
  readonly otp: OtpMethod;
  /** Everything asked for there, step-ups included. */
  readonly factors: readonly Factor[];
};

/** Reports what policies of OTP and codes by SMS do not mean together with the places they are for. */
export function lintOtp(config: Configuration, policy: Policy, context: Context): void {
  const spots = [
    ...policy.routes.all.map((route) => ({ name: route.name, otp: route.otp, factors: factorsOf(route) })),
    ...policy.radius.clients.map((client) => ({ ...client, factors: client.requirement.factors })),
  ];
  const providers = writtenAt(context.document, ['sms', 'providers']); // broken ones have findings of their own
  if (!Array.isArray(providers) || providers.length === 0) lintSmsUses(config, context);
  lintFallback(config, spots, context);
  for (const [index, rule] of policy.otp.policies.entries()) {
    const path = ['otp', 'policies', index];
    lintRuleNames(rule, path, context);
    const by = policy.otp.policies.slice(0, index).findIndex((earlier) => covers(earlier, rule));
    if (by >= 0)
      context.report('unreachable-policy', path, {
        line: String(context.document.spanOf(['otp', 'policies', by]).line),
      });
    const dead = spots.filter((spot) => appliesTo(rule, spot) && !canMeet(rule, spot));
    if (dead.length > 0) context.report('policy-never-met', path, { found: dead.map(({ name }) => name).join(', ') });
  }
}

const factorsOf = (route: Route): readonly Factor[] =>
  route.auth.kind === 'sign-in'
    ? [...route.auth.requirement.factors, ...route.stepUp.flatMap((rule) => rule.requirement.factors)]
    : [];

/** Everything that asks for a code by SMS where nothing sends any. */
function lintSmsUses(config: Configuration, context: Context): void {
  const complain = (path: YamlPath) => context.report('sms-without-provider', path);
  const asks = (word: { readonly factors?: readonly Factor[] } | undefined) => word?.factors?.includes('sms') === true;
  if (asks(factorsIn(config.defaults.auth))) complain(['defaults', 'auth']);
  for (const [index, route] of config.routes.entries()) {
    if (asks(factorsIn(route.auth))) complain(['routes', index, 'auth']);
    for (const [at, rule] of route.step_up.entries())
      if (asks(rule.auth)) complain(['routes', index, 'step_up', at, 'auth']);
  }
  for (const [index, client] of config.radius.clients.entries())
    if (asks(client.auth)) complain(['radius', 'clients', index, 'auth']);
  for (const [index, entry] of config.otp.policies.entries()) {
    const members = [entry.fallback, ...(entry.any_of ?? []), ...(entry.all_of ?? [])];
    if (members.includes('sms')) complain(['otp', 'policies', index]);
  }
  if (config.sms.fallback.when !== 'never') complain(['sms', 'fallback', 'when']);
}

const factorsIn = (
  word: Configuration['routes'][number]['auth'],
): { readonly factors: readonly Factor[] } | undefined => (word?.kind === 'sign-in' ? word : undefined);

function lintFallback({ sms }: Configuration, spots: readonly Spot[], context: Context): void {
  const { when, routes } = sms.fallback;
  const path = ['sms', 'fallback', 'routes'];
  if (when !== 'never' && routes.length === 0) context.report('sms-fallback-nowhere', ['sms', 'fallback', 'when']);
  const known = placeNames(context);
  for (const [at, found] of routes.entries()) {
    if (found === '*') continue;
    if (!known.has(found)) reportName(found, known, [...path, at], context);
    else if (spots.some(({ name, factors }) => name === found && factors.includes('sms')))
      context.report('sms-twice', [...path, at], { found });
  }
}

/** Names of routes and RADIUS clients as they are written, those of broken entries included. */
function placeNames(context: Context): ReadonlySet<string> {
  const names = (section: unknown): readonly string[] =>
    (Array.isArray(section) ? section : []).map((entry) => entry?.name).filter((name) => typeof name === 'string');
  const { document } = context;
  return new Set([...names(writtenAt(document, ['routes'])), ...names(writtenAt(document, ['radius', 'clients']))]);
}

function reportName(found: string, known: ReadonlySet<string>, path: YamlPath, context: Context): void {
  const suggestion = nearestTo(found, known);
  const hints = suggestion === undefined ? { known: [...known].join(', ') } : { suggestion };
  context.report('unknown-name', path, { found, section: 'routes, radius.clients', ...hints });
}

/** Applications of the API are declared nowhere: only what looks like a slip of the pen is an error. */
function lintRuleNames(rule: OtpRule, path: YamlPath, context: Context): void {
  const known = placeNames(context);
  const written = writtenAt(context.document, [...path, 'routes']);
  for (const [at, found] of (Array.isArray(written) ? written : []).entries()) {
    if (!rule.routes.includes(found) || known.has(found)) continue;
    if (nearestTo(found, known) !== undefined) reportName(found, known, [...path, 'routes', at], context);
    else context.report('policy-names-application', [...path, 'routes', at], { found });
  }
}

/** True if nobody anywhere gets past the first rule to the second. */
const covers = (first: OtpRule, second: OtpRule): boolean =>
  (first.groups.includes('*') || second.groups.every((group) => first.groups.includes(group))) &&
  (first.routes.length === 0 ||
    (second.routes.length > 0 && second.routes.every((name) => first.routes.includes(name))));

const appliesTo = (rule: OtpRule, { name, factors }: Spot): boolean =>
  factors.includes('otp') && (rule.routes.length === 0 || rule.routes.includes(name));

/** True if what a rule asks for can be what the place takes. */
function canMeet({ mode, methods }: OtpRule, { otp, factors }: Spot): boolean {
  const fits = (method: OtpMethod | 'sms') =>
    method === 'sms' ? !factors.includes('sms') : otp === 'any' || method === 'any' || method === otp;
  if (methods.length === 0) return true; // written in no form: reported already
  return mode === 'all_of' ? methods.some(fits) || methods.every((method) => method === 'sms') : methods.some(fits);
}

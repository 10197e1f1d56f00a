import type { Allow } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { OtpPlace } from '../core/verification/demand.ts';

/** What a place asks for and whom it lets in. */
export type PlaceDemand = {
  readonly place: OtpPlace;
  readonly allow: Allow | undefined;
  readonly need: readonly Factor[];
};

/**
 * What is asked of a person in an application: a route's or a RADIUS client's name, or any other label, for which
 * `auth` or the policy's default counts. Undefined where neither says what to ask, where `auth` leaves out what the
 * named place asks for (nobody but the policy lowers that), where the place lets nobody in, or where a code by SMS is
 * asked for and nothing sends one.
 */
export function placeFor(policy: Policy, app: string, auth?: readonly Factor[]): PlaceDemand | undefined {
  const named = namedPlace(policy, app);
  if (named === 'closed') return undefined;
  const floor = named?.need ?? [];
  const need = auth ?? (named === undefined ? policy.defaultRequirement?.factors : named.need) ?? [];
  if (need.length === 0 || floor.some((factor) => !need.includes(factor))) return undefined;
  if (need.includes('sms') && policy.sms.providers.length === 0) return undefined;
  return { place: sending(policy, named?.place ?? labelled(policy, app)), allow: named?.allow, need };
}

/** The place of a web sign-in: its route, or the list of applications where it began at none. */
export const placeOfRoute = (policy: Policy, route: string): OtpPlace =>
  sending(policy, policy.routes.all.find(({ name }) => name === route) ?? labelled(policy, route));

/** Where nothing sends messages nothing falls back on them. */
const sending = ({ sms }: Policy, place: OtpPlace): OtpPlace =>
  sms.providers.length > 0 || place.smsFallback === undefined ? place : { ...place, smsFallback: undefined };

function namedPlace(policy: Policy, app: string): PlaceDemand | 'closed' | undefined {
  const route = policy.routes.all.find(({ name }) => name === app);
  if (route?.auth.kind === 'deny') return 'closed';
  if (route !== undefined) {
    const need = route.auth.kind === 'sign-in' ? route.auth.requirement.factors : [];
    return { place: route, allow: route.allow, need };
  }
  const client = policy.radius.clients.find(({ name }) => name === app);
  return client && { place: client, allow: client.allow, need: client.requirement.factors };
}

/** An application that the policy does not name: any kind of OTP, and the rules that hold everywhere or for its name. */
const labelled = (policy: Policy, name: string): OtpPlace => ({
  name,
  otp: 'any',
  otpRules: policy.otp.policies.filter(({ routes }) => routes.length === 0 || routes.includes(name)),
  smsFallback: undefined,
});
